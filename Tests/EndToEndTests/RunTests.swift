import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// How runs behave towards each other and towards what lies in their folders.
  @Suite("Runs") struct Runs {
    private let shared = SharedBuild.shared

    @Test("a second run does nothing and says so")
    func secondRun() async throws {
      let first = try await shared.release("twice", ["--layout", "split"])
      #expect(first.result.exitCode == 0, "\(first.result.stderr)")
      let before = try Self.work(shared.build)
      let released = try Files.times(below: first.out)
      let second = try await shared.release("twice", ["--layout", "split"])
      #expect(second.result.exitCode == 0, "\(second.result.stderr)")
      #expect(second.result.stderr.contains("nothing changed"))
      #expect(second.result.stdout == first.result.stdout)
      let after = try Self.work(shared.build)
      let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
      // The core looks again which files the selector has, and ninja notes that it did.
      #expect(changed.subtracting(["core/.ninja_log"]).isEmpty)
      let unchanged = try Files.times(below: first.out) == released
      #expect(unchanged)
    }

    /// What a build folder keeps; logs, the lock and the trial compilation are written by every run.
    private static func work(_ build: FilePath) throws -> [String: String] {
      let kept = ["kernels/", "core/", "slices/", "stage/", "stamps/"]
      return try Files.times(below: build).filter { item in kept.contains { item.key.hasPrefix($0) } }
    }

    @Test("one build folder may serve two output folders; neither is taken for the other")
    func twoOutputs() async throws {
      let options = ["--tarball", "none", "--layout"]
      let split = try await shared.release("two-a", options + ["split"])
      let single = try await shared.release("two-b", options + ["single"])
      #expect(try split.manifest().layout == .split && single.manifest().layout == .single)
      let again = try await shared.release("two-a", options + ["single"])
      #expect(again.result.exitCode == 0, "\(again.result.stderr)")
      #expect(try again.manifest().layout == .single)
    }

    @Test(
      "kernels that are compiled first are packed, carved and deflated while the core is; archives come out the same",
      arguments: ["split", "packed"]
    )
    func headStart(layout: String) async throws {
      // Compilers that wait for it with a file of the core, two minutes at most.
      let folder = shared.root.appending("slow-\(layout)")
      let sign = folder.appending("build/tmp/deflated.zip")
      for name in ["gcc", "g++"] {
        let compiler = try #require(
          CUDAToolkitForTests.onPath("\(name)-12") ?? CUDAToolkitForTests.onPath(name)
        )
        let script = """
          #!/bin/sh
          case "$*" in *llama-server.dir*' -c '*)
            for second in $(seq 120); do [ -e '\(sign)' ] && break; sleep 1; done ;;
          esac
          exec \(compiler) "$@"
          """
        try Files.write(script, to: folder.appending(name), executable: true)
      }
      func release(to out: String) async throws -> (
        sums: String, trace: [String: (start: Double, end: Double)]
      ) {
        let build = folder.appending("build")
        let result = try await shared.run(
          SharedBuild.options + [
            "--archs", "75,86", "--layout", layout, "--host-compiler", folder.appending("g++").string,
            "--jobs", "4", "--build", build.string, "--out", folder.appending(out).string,
          ]
        )
        try #require(result.exitCode == 0, "\(result.stderr)")
        let sums = try #require(Files.text(folder.appending("\(out)/SHA256SUMS")))
        return (sums, try Self.trace(of: build))
      }
      let first = try await release(to: "first")
      let compiled = try #require(first.trace.first { $0.key.hasPrefix("compile kernels") }?.value.end)
      for step in layout == "packed" ? ["all", "deflate slices"] : ["deflate slices"] {
        #expect(try #require(first.trace[step], "\(first.trace.keys)").end < compiled, "\(step)")
      }
      // Everything is there now but what was deflated.
      let second = try await release(to: "second")
      #expect(second.trace["deflate slices"] == nil && second.sums == first.sums)
      #expect(second.trace["sm75"] == nil)
      // A library that slices are linked with is another one now.
      let bin = folder.appending("build/core/bin")
      for name in try Files.names(in: bin) where name.hasPrefix("libggml-base.so") {
        let touched = try await runTool("/usr/bin/touch", [bin.appending(name).string])
        try #require(touched.isSuccess, "\(touched.stderr)")
      }
      let third = try await release(to: "third")
      #expect(third.trace["sm75"] != nil && third.sums == first.sums)
    }

    /// When each step of the last run began and ended, in seconds.
    private static func trace(of build: FilePath) throws -> [String: (start: Double, end: Double)] {
      struct Trace: Decodable { let traceEvents: [Event] }
      struct Event: Decodable {
        let name: String
        let ts: Double?
        let dur: Double?
      }
      let data = try #require(Files.bytes(build.appending("logs/trace.json")))
      let events = try JSONDecoder().decode(Trace.self, from: data).traceEvents
      let steps = events.compactMap { event -> (String, (start: Double, end: Double))? in
        guard let start = event.ts, let length = event.dur else { return nil }
        return (event.name, (start / 1e6, (start + length) / 1e6))
      }
      return Dictionary(steps) { first, _ in first }
    }

    @Test("an output folder that is a mount point keeps its place")
    func mountPoint() async throws {
      let out = shared.root.appending("out-mounted")
      try Files.makeFolder(out)
      let mounted = try await runTool("/bin/mount", ["-t", "tmpfs", "-o", "size=64m", "none", out.string])
      guard mounted.isSuccess else {
        print("skipped: only root may mount a file system")
        return
      }
      do {
        for layout in ["split", "single"] {
          let release = try await shared.release("mounted", ["--tarball", "none", "--layout", layout])
          #expect(release.result.exitCode == 0, "\(release.result.stderr)")
          #expect(try release.manifest().layout.rawValue == layout)
          let wheels = try Files.names(in: out).filter { $0.hasSuffix(".whl") }
          #expect(try Set(wheels) == Set(release.artifacts("wheel").map(\.file)))
        }
      } catch {
        _ = try await runTool("/bin/umount", ["-l", out.string])
        throw error
      }
      _ = try await runTool("/bin/umount", [out.string])
      #expect(try !Files.names(in: shared.root).contains { $0.contains("out-mounted.partial") })
    }

    @Test("what a killed run left beside the output folder is removed by the next one")
    func remains() async throws {
      // No process has this number (proc(5), kernel.pid_max is at most 2^22).
      let left = shared.root.appending(".out-remains.partial-4194999")
      try Files.write("half", to: left.appending("half.whl"))
      let release = try await shared.release("remains", ["--tarball", "none", "--layout", "split"])
      #expect(release.result.exitCode == 0, "\(release.result.stderr)")
      #expect(!Files.exists(left))
    }

    @Test("a release that lost a file is written again")
    func lostFile() async throws {
      let first = try await shared.release("lost", ["--layout", "split", "--tarball", "none"])
      let victim = try #require(try first.artifacts("wheel").first)
      Files.remove(first.out.appending(victim.file))
      let second = try await shared.release("lost", ["--layout", "split", "--tarball", "none"])
      #expect(second.result.exitCode == 0, "\(second.result.stderr)")
      #expect(Files.exists(first.out.appending(victim.file)))
    }

    @Test("two runs in one build folder: the second ends with 8 and names the first, which goes on")
    func twoAtOnce() async throws {
      _ = try await shared.split()
      let options = SharedBuild.options + SharedBuild.architectures + ["--build", shared.build.string]
      let environment: [String: String?] = ["LLCUDA_CACHE": shared.cache.string]
      let out = shared.root.appending("out-first")
      let first = try await Program.start(
        options + ["--out", out.string, "--tarball", "none"],
        environment: environment,
        in: shared.root
      )
      // Held still as soon as it has the folder, so that the second comes in between on any machine.
      let lock = shared.build.appending(".llcuda-build.lock")
      let locked = try await Processes.wait(.seconds(120)) {
        Files.text(lock)?.contains("process \(first.pid) ") == true
      }
      first.send(SIGSTOP)
      let second = try await shared.run(options + ["--out", shared.root.appending("out-second").string])
      first.send(SIGCONT)
      let ended = try await first.end.value
      #expect(locked)
      #expect(second.exitCode == 8, "\(second.stderr)")
      #expect(second.stderr.contains("process \(first.pid) "))
      #expect(second.stderr.contains(shared.build.string) && second.stderr.contains("--build"))
      #expect(second.stdout.isEmpty && !Files.exists(shared.root.appending("out-second")))
      #expect(ended.exitCode == 0, "\(ended.stderr)")
    }

    @Test("a foreign file in the output folder: exit code 8 before anything is built, and the file stays")
    func foreignFile() async throws {
      try await withTemporaryDirectory { folder in
        let (out, build) = (folder.appending("out"), folder.appending("build"))
        try Files.write("mine", to: out.appending("notes.txt"))
        let arguments = SharedBuild.options + SharedBuild.architectures
        let result = try await shared.run(arguments + ["--out", out.string, "--build", build.string])
        #expect(result.exitCode == 8, "\(result.stderr)")
        #expect(result.stderr.contains("notes.txt") && result.stderr.contains("--out"))
        #expect(Files.text(out.appending("notes.txt")) == "mine")
        #expect(!Files.exists(build))
      }
    }

    @Test("a foreign file beside a release stays, too")
    func foreignFileBesideARelease() async throws {
      let release = try await shared.release("foreign", ["--layout", "split", "--tarball", "none"])
      try Files.write("mine", to: release.out.appending("notes.txt"))
      let again = try await shared.release("foreign", ["--layout", "single", "--tarball", "none"])
      #expect(again.result.exitCode == 8, "\(again.result.stderr)")
      #expect(Files.text(release.out.appending("notes.txt")) == "mine")
      #expect(try release.manifest().layout == .split)
    }

    @Test("a release with other options replaces the one in the output folder")
    func replaces() async throws {
      let old = try await shared.release("replaced", ["--layout", "single", "--tarball", "none"])
      let wheel = try #require(try old.artifacts("wheel").first)
      let new = try await shared.release("replaced", ["--layout", "split", "--tarball", "none"])
      #expect(new.result.exitCode == 0, "\(new.result.stderr)")
      #expect(!Files.exists(new.out.appending(wheel.file)))
      let expected = try new.artifacts("wheel").count + ReleaseManifest.companions.count
      #expect(try Files.names(in: new.out).count == expected && new.artifacts("wheel").count == 5)
      let hidden = try Files.names(in: shared.root).filter { $0.hasPrefix(".out-") }
      #expect(hidden.isEmpty)
    }

    @Test("--format json prints the manifest and nothing else")
    func json() async throws {
      let release = try await shared.release("json", ["--layout", "split", "--format", "json"])
      #expect(release.result.stdout == Files.text(release.out.appending("manifest.json")))
    }

    @Test("a configuration file gives the project's name, the groups, the folders")
    func configuration() async throws {
      _ = try await shared.split()
      try await withTemporaryDirectory { folder in
        let text = """
          archs = ["61", "75", "86+PTX"]
          layout = "split"
          llama-cpp = "\(SharedBuild.project)"
          build = "\(shared.build)"
          out = "dist"
          compiler-cache = "none"
          tarballs = []

          [groups]
          desktop = "61,86"

          [project]
          name = "my-llama"
          version = "2.5.1"
          """
        try Files.write(text, to: folder.appending("llcuda-build.toml"))
        let result = try await shared.run([], in: folder)
        #expect(result.exitCode == 0, "\(result.stderr)")
        let release = Release(out: folder.appending("dist"), result: result)
        let major = try release.manifest().inputs.toolkit.major
        #expect(
          try release.artifacts("wheel").map {
            $0.file.split(separator: "-").prefix(2).joined(separator: " ")
          } == [
            "my_llama_core 2.5.1", "my_llama_cu\(major)_desktop 2.5.1", "my_llama_cu\(major)_sm75 2.5.1",
            "my_llama 2.5.1",
          ]
        )

        try Files.write(
          text.replacing("version =", with: "summary ="),
          to: folder.appending("llcuda-build.toml")
        )
        for command in [[], ["plan"]] {
          let unversioned = try await shared.run(command, in: folder)
          #expect(unversioned.exitCode == 64 && unversioned.stdout.isEmpty, "\(unversioned.stderr)")
          #expect(unversioned.stderr.contains("the project 'my-llama' has no version; write one"))
        }

        try Files.write(text + "\nsummry = \"x\"\n", to: folder.appending("llcuda-build.toml"))
        let refused = try await shared.run([], in: folder)
        #expect(refused.exitCode == 64, "\(refused.stderr)")
        #expect(refused.stderr.contains("summry") && refused.stderr.contains("summary"))
        #expect(refused.stderr.contains("llcuda-build.toml"))
      }
    }

    @Test(
      "what is wrong with the command line is said before anything is made",
      arguments: [
        (["--archs", "61,76"], "7.6"), (["--archs", ""], "architecture"), (["--archs", "61,61"], "6.1"),
        (["--archs", "86-virtual"], "--allow-jit"), ([], "architecture"),
        (["--archs", "61", "--slice", "75"], "--slice"), (["--archs", "61", "--jobs", "0"], "--jobs"),
        (["--archs", "61", "--llama-cpp", "/nowhere/at/all"], "/nowhere/at/all"),
        (["--archs", "61", "--define", "NONSENSE"], "NONSENSE"),
      ] as [([String], String)]
    )
    func usage(arguments: [String], word: String) async throws {
      try await withTemporaryDirectory { folder in
        let options = ["--build", folder.appending("build").string, "--compiler-cache", "none"]
        let source = arguments.contains("--llama-cpp") ? [] : ["--llama-cpp", SharedBuild.project.string]
        let result = try await shared.run(arguments + options + source, in: folder)
        #expect(result.exitCode == 64, "\(result.stderr)")
        #expect(result.stderr.contains(word), "\(result.stderr)")
        #expect(result.stderr.split(separator: "\n").count <= 3, "\(result.stderr)")
        #expect(result.stdout.isEmpty)
        #expect(!Files.exists(folder.appending("build")))
      }
    }
  }
}
