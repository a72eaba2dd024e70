import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// Inputs and machines that are wrong: each gets its exit code, a clear message, and nothing is lost.
  @Suite("Bad input") struct BadInput {
    private let shared = SharedBuild.shared

    private func attempt(
      _ options: [String],
      source: FilePath = SharedBuild.project,
      environment: [String: String?] = [:],
      in folder: FilePath
    ) async throws -> ToolResult {
      let fixed = ["--llama-cpp", source.string, "--archs", "75", "--no-ptx", "--compiler-cache", "none"]
      let folders = ["--build", folder.appending("build").string, "--out", folder.appending("out").string]
      let result = try await shared.run(fixed + folders + options, environment: environment, in: folder)
      #expect(result.stdout.isEmpty)
      #expect(!Files.exists(folder.appending("out")))
      return result
    }

    @Test("a folder without a CUDA backend")
    func noCUDABackend() async throws {
      try await withTemporaryDirectory { folder in
        try Files.copy(SharedBuild.project, to: folder.appending("source"))
        Files.remove(folder.appending("source/ggml/src/ggml-cuda"))
        let result = try await attempt([], source: folder.appending("source"), in: folder)
        #expect(result.exitCode == 7, "\(result.stderr)")
        #expect(result.stderr.contains("ggml/src/ggml-cuda/CMakeLists.txt' is missing"), "\(result.stderr)")
      }
    }

    @Test(
      "what would be refused after the compilation is refused before it",
      arguments: [
        ("[project]\nauthor-email = \"nobody\"", "no e-mail address", 64),
        ("[project.urls]\n\"A,B\" = \"ftp://host/x\"", "Project-URL", 64),
        ("[project]\npackage-folder = \"no/such/folder\"", "package-folder: there is no folder", 7),
        ("[project.extra-files]\n\"llcuda/x.txt\" = \"no-such-file\"", "extra-files, llcuda/x.txt", 7),
      ] as [(String, String, Int32)]
    )
    func preflight(toml: String, message: String, code: Int32) async throws {
      try await withTemporaryDirectory { folder in
        try Files.write(toml, to: folder.appending("llcuda-build.toml"))
        let result = try await attempt([], in: folder)
        #expect(result.exitCode == code && result.stderr.contains(message), "\(result.stderr)")
        #expect(!Files.exists(folder.appending("build")))
      }
    }

    @Test("the build folder inside the output folder")
    func buildInsideOut() async throws {
      try await withTemporaryDirectory { folder in
        for build in ["out", "out/build"] {
          let result = try await attempt(["--build", folder.appending(build).string], in: folder)
          #expect(result.exitCode == 64 && result.stderr.contains("--build"), "\(result.stderr)")
        }
      }
    }

    @Test("a CMake that is too old is named with its version, whatever stands behind it on PATH")
    func oldCMake() async throws {
      try await withTemporaryDirectory { folder in
        let bin = folder.appending("bin")
        try Files.write(
          "#!/bin/sh\necho cmake version 3.22.1\n",
          to: bin.appending("cmake"),
          executable: true
        )
        try Files.write("#!/bin/sh\n", to: bin.appending("strip"), executable: true)
        let result = try await attempt([], environment: ["PATH": bin.string], in: folder)
        #expect(result.exitCode == 5, "\(result.stderr)")
        #expect(result.stderr.contains("3.22") && result.stderr.contains("3.24"), "\(result.stderr)")
      }
    }

    @Test("a toolkit that is too old")
    func oldToolkit() async throws {
      try await withTemporaryDirectory { folder in
        let nvcc = "#!/bin/sh\necho 'Cuda compilation tools, release 11.8, V11.8.89'\n"
        try Files.write(nvcc, to: folder.appending("cuda/bin/nvcc"), executable: true)
        let result = try await attempt(["--cuda-home", folder.appending("cuda").string], in: folder)
        #expect(result.exitCode == 5 && result.stderr.contains("CUDA 12.0 or newer"), "\(result.stderr)")
      }
    }

    @Test("a tarball that was cut off")
    func brokenTarball() async throws {
      try await withTemporaryDirectory { folder in
        let file = folder.appending("llama.tar.gz")
        let parent = SharedBuild.project.removingLastComponent()
        _ = try await runTool("/bin/tar", ["-C", parent.string, "-czf", file.string, "smallproject"])
        let whole = try #require(Files.bytes(file))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: file.string))
        let result = try await attempt([], source: file, in: folder)
        #expect(result.exitCode == 7, "\(result.stderr)")
        #expect(
          result.stderr.contains("'\(file)'") && result.stderr.contains("copied completely"),
          "\(result.stderr)"
        )
        let left = (try? Files.names(in: shared.cache.appending("sources"))) ?? []
        #expect(!left.contains { $0.contains("partial") }, "\(left)")
      }
    }

    @Test("an nvcc that can't find cicc")
    func noCICC() async throws {
      try await withTemporaryDirectory { folder in
        let (home, fake) = (try #require(Program.cudaHome), folder.appending("cuda"))
        try Files.makeFolder(fake.appending("bin"))
        for name in try Files.names(in: home.appending("bin")) {
          let (real, copy) = (home.appending("bin/\(name)"), fake.appending("bin/\(name)"))
          // nvcc looks for the rest beside the file that it really is.
          if name.hasPrefix("nvcc") {
            try Files.copy(real, to: copy)
          } else {
            try Files.link(real, from: copy)
          }
        }
        for name in ["include", "lib64"] { try Files.link(home.appending(name), from: fake.appending(name)) }
        let result = try await attempt(["--cuda-home", fake.string], in: folder)
        #expect(result.exitCode == 5, "\(result.stderr)")
        #expect(result.stderr.contains("cannot find its cicc") && result.stderr.contains("ci/setup"))
      }
    }

    @Test("a host compiler that the toolkit refuses")
    func newHostCompiler() async throws {
      try await withTemporaryDirectory { folder in
        let compiler = try #require(CUDAToolkitForTests.hostCompiler)
        let fake = folder.appending("g++")
        try Files.write("#!/bin/sh\nexec \(compiler) -D__GNUC__=99 \"$@\"\n", to: fake, executable: true)
        let result = try await attempt(["--host-compiler", fake.string], in: folder)
        #expect(result.exitCode == 5, "\(result.stderr)")
        #expect(
          result.stderr.contains("'\(fake)' cannot be used") && result.stderr.contains("--host-compiler")
        )
        let missing = try await attempt(["--host-compiler", "no-such-g++"], in: folder)
        #expect(missing.exitCode == 5 && missing.stderr.contains("no-such-g++"), "\(missing.stderr)")
      }
    }

    @Test("a folder that is no toolkit")
    func noToolkit() async throws {
      try await withTemporaryDirectory { folder in
        let result = try await attempt(["--cuda-home", folder.string], in: folder)
        #expect(result.exitCode == 5 && result.stderr.contains("--cuda-home"), "\(result.stderr)")
      }
    }

    @Test("a unit that doesn't compile: the log, its last lines, and a command that fails again")
    func compileError() async throws {
      try await withTemporaryDirectory { folder in
        let source = folder.appending("my source")
        try Files.copy(SharedBuild.project, to: source)
        let unit = source.appending("ggml/src/ggml-cuda/argsort.cu")
        try Files.write(try #require(Files.text(unit)) + "\nint broken = undeclared_name;\n", to: unit)
        let result = try await attempt([], source: source, in: folder)
        #expect(result.exitCode == 2, "\(result.stderr)")
        #expect(result.stderr.contains("undeclared_name"))
        let log = folder.appending("build/logs/1-kernels-build.log")
        #expect(result.stderr.contains("whole log: \(log)"))
        #expect(Files.text(log)?.contains("undeclared_name") == true)
        let line = try #require(result.stderr.split(separator: "\n").first { $0.hasPrefix("to repeat: ") })
        let repeated = try await runTool(
          "/bin/sh",
          ["-c", String(line.dropFirst("to repeat: ".count))],
          environment: Program.environment([:])
        )
        #expect(repeated.exitCode != 0)
        #expect((repeated.stdout + repeated.stderr).contains("undeclared_name"), "\(repeated.stderr)")

        // Once the mistake is mended, the run goes on.
        try Files.copy(
          SharedBuild.project.appending("ggml/src/ggml-cuda/argsort.cu"),
          to: folder.appending("mended")
        )
        try Files.write(try #require(Files.text(folder.appending("mended"))), to: unit)
        let fixed = ["--llama-cpp", source.string, "--archs", "75", "--no-ptx", "--compiler-cache", "none"]
        let folders = ["--build", folder.appending("build").string, "--out", folder.appending("out").string]
        let again = try await shared.run(fixed + folders, in: folder)
        #expect(again.exitCode == 0, "\(again.stderr)")
      }
    }

    @Test("a folder name that nvcc and its shells can't take")
    func folderName() async throws {
      try await withTemporaryDirectory { folder in
        let source = folder.appending("it's mine")
        try Files.copy(SharedBuild.project, to: source)
        let result = try await attempt([], source: source, in: folder)
        #expect(result.exitCode == 7 && result.stderr.contains("'\(source)'"), "\(result.stderr)")
      }
    }

    @Test("an object that was cut off behind the build's back")
    func truncatedObject() async throws {
      let release = try await shared.release("truncated", ["--layout", "split", "--tarball", "none"])
      let before = try Files.times(below: release.out)
      let object = shared.build.appending("kernels/ggml/src/ggml-cuda/CMakeFiles/ggml-cuda.dir/mmvq.cu.o")
      let kept = shared.root.appending("kept.o")
      // With the time of the whole one, so that ninja takes it for finished.
      let cut = "cp -p \"$0\" \"$1\" && truncate -s 5000 \"$0\" && touch -r \"$1\" \"$0\""
      let done = try await runTool("/bin/sh", ["-c", cut, object.string, kept.string])
      try #require(done.isSuccess, "\(done.stderr)")
      let options = ["--layout", "split", "--tarball", "none"]
      let broken = try await shared.release("truncated", options)
      _ = try await runTool("/bin/cp", ["-p", kept.string, object.string])
      #expect(broken.result.exitCode == 7, "\(broken.result.stderr)")
      #expect(broken.result.stderr.contains("mmvq.cu.o"), "\(broken.result.stderr)")
      #expect(try Files.times(below: release.out) == before, "the release of before was touched")

      let mended = try await shared.release("truncated", options)
      #expect(mended.result.exitCode == 0, "\(mended.result.stderr)")
    }
  }
}
