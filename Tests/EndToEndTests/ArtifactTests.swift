import Archives
import BinaryFormats
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// Artifacts as their users get them.
  @Suite("Artifacts") struct Artifacts {
    private let shared = SharedBuild.shared

    @Test("tarballs of core and groups unpack into one folder and run there", arguments: ["gz", "xz", "zst"])
    func tarballs(format: String) async throws {
      let release = try await shared.split()
      try await withTemporaryDirectory { folder in
        let files = try release.artifacts("tarball").map(\.file).filter { $0.hasSuffix(".\(format)") }
        #expect(files.count == 4)
        if format == "zst", Program.tool("zstd") == nil {
          // GNU tar needs the program; our own reader has the library.
          for (number, file) in files.enumerated() {
            let part = folder.appending("part\(number)")
            try ArchiveReader(release.out.appending(file)).extract(to: part)
            _ = try await runTool("/bin/cp", ["-a", "\(part)/.", folder.string])
          }
        } else {
          for file in files {
            let unpacked = try await runTool(
              "/bin/tar",
              ["-xf", release.out.appending(file).string, "-C", folder.string]
            )
            #expect(unpacked.isSuccess, "\(unpacked.stderr)")
          }
        }
        let bin = folder.appending("llcuda-0.1.0/bin")
        #expect(try Files.names(in: bin.appending("cuda")).count == 6)
        #expect(Files.exists(folder.appending("llcuda-0.1.0/licenses/llama.cpp/LICENSE")))
        for name in ["llama-server", "llama-cli", "llama-bench", "llama-quantize"] {
          let version = try await runTool(bin.appending(name), ["--version"])
          #expect(version.isSuccess && version.stderr.hasPrefix("version: 0.1.2"), "\(version.stderr)")
        }
        try await InstallChecks.listsDevicesOnTheCPU(bin.appending("llama-bench"))
      }
    }

    @Test("installed by pip and by uv, the wheels run", arguments: InstallChecks.Installer.allCases)
    func installs(installer: InstallChecks.Installer) async throws {
      let release = try await shared.split()
      try await withTemporaryDirectory { folder in
        try await InstallChecks.check(release, with: installer, llamaVersion: "0.1.2", in: folder)
      }
    }

    @Test("the same inputs give the same bytes")
    func reproducible() async throws {
      let first = try await shared.split()
      let second = try await shared.release("again", ["--layout", "split"])
      #expect(second.result.exitCode == 0, "\(second.result.stderr)")
      for artifact in try second.manifest().artifacts {
        let old = Files.bytes(first.out.appending(artifact.file))
        #expect(old == Files.bytes(second.out.appending(artifact.file)), "\(artifact.file) differs")
      }
    }

    @Test("another folder, time zone, locale, umask, modes and order of files change nothing")
    func sameElsewhere() async throws {
      _ = try await shared.split()
      let package = Program.repository.appending("dist/python/llcuda")
      let names = try Files.names(in: package).filter { !$0.hasPrefix("__pycache__") }
      var outs: [FilePath] = []
      for (number, order) in [names, names.reversed()].enumerated() {
        let folder = shared.root.appending("elsewhere \(number)")
        for name in order {
          let copy = folder.appending("package/llcuda").appending(name)
          try Files.copy(package.appending(name), to: copy)
          let mode = number == 0 ? 0o644 : 0o600
          let time = Date(timeIntervalSince1970: number == 0 ? 1_000_000_000 : 1_600_000_000)
          try FileManager.default.setAttributes(
            [.posixPermissions: mode, .modificationDate: time],
            ofItemAtPath: copy.string
          )
        }
        try Files.write(
          "[project]\npackage-folder = \"package/llcuda\"\n",
          to: folder.appending("llcuda-build.toml")
        )
        let out = folder.appending("out")
        let arguments =
          SharedBuild.options + SharedBuild.architectures + [
            "--build", shared.build.string, "--out", out.string, "--layout", "split",
          ]
        let command = ["-c", "umask \(number == 0 ? "022" : "077"); exec \"$@\"", "sh"]
        let places: [String: String?] =
          number == 0
          ? ["TZ": "UTC", "LC_ALL": "C"]
          : ["TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "HOME": folder.string]
        let result = try await runTool(
          "/bin/sh",
          command + [try #require(Program.executable).string] + arguments,
          environment: Program.environment(places).merging(["LLCUDA_CACHE": shared.cache.string]) { $1 },
          in: folder
        )
        #expect(result.exitCode == 0, "\(result.stderr)")
        outs.append(out)
      }
      let files = try Files.names(in: outs[0])
      #expect(try files == Files.names(in: outs[1]))
      for name in files {
        #expect(
          Files.bytes(outs[0].appending(name)) == Files.bytes(outs[1].appending(name)),
          "\(name) differs"
        )
      }
      // The program says the same of its own work.
      let compared = try await Program.run(
        ["rebuild", "--compare", outs[0].string, "--against", outs[1].string],
        in: shared.root
      )
      #expect(compared.exitCode == 0 && compared.stdout.contains("byte for byte"), "\(compared.stderr)")
    }

    @Test("a rebuild starts from nothing and gives the same release", arguments: ["none", "sccache"])
    func rebuilt(cache: String) async throws {
      try #require(cache == "none" || Program.tool("sccache") != nil)
      try await withTemporaryDirectory("rebuild") { folder in
        let options = [
          "--llama-cpp", SharedBuild.project.string, "--layout", "split", "--compiler-cache", cache,
        ]
        let own = ["--build", "again", "--out", "out-again"]
        let variables = ["SCCACHE_DIR": folder.appending("shared-cache").string]
        let first = try await Program.run(
          options + SharedBuild.architectures + ["--build", "build", "--out", "out"],
          environment: variables,
          in: folder
        )
        #expect(first.exitCode == 0, "\(first.stderr)")
        let command = ["rebuild", "--compare", "out"] + options + SharedBuild.architectures + own
        let second = try await Program.run(command, environment: variables, in: folder)
        #expect(
          second.exitCode == 0 && second.stdout.contains("byte for byte"),
          "\(second.stdout)\(second.stderr)"
        )
        if cache == "sccache" {
          #expect(
            second.stderr.contains(
              "compiler cache (folder \(folder.appending("again/compiler-cache"))): 0 of "
            )
          )
        }
        let third = try await Program.run(command, environment: variables, in: folder)
        #expect(
          third.exitCode == ExitStatus.usage.rawValue
            && third.stderr.contains("a rebuild starts from nothing")
        )
      }
    }

    @Test(
      "verify finds nothing wrong with a release, and every wheel with binaries has its bill of materials"
    )
    func verified() async throws {
      let release = try await shared.split()
      let result = try await Program.run(["verify", release.out.string, "--format", "json"], in: shared.root)
      #expect(result.exitCode == 0, "\(result.stdout)")
      let statement = try #require(Files.text(release.out.appending("provenance.intoto.json")))
      for artifact in try release.manifest().artifacts { #expect(statement.contains(artifact.sha256)) }
      try await withTemporaryDirectory { folder in
        try await release.unpack("wheel", into: folder.appending("site"))
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.string)
        let bills = names.filter { $0.hasSuffix(".dist-info/sboms/llcuda-build.cdx.json") }
        #expect(bills.count == 4)
        for bill in bills { #expect(Files.text(folder.appending(bill))?.contains("\"llama.cpp\"") == true) }
      }
    }

    @Test("kernels recompressed are the same kernels", arguments: [KernelCompression.lz4, .zstd])
    func recompressed(method: KernelCompression) async throws {
      let plain = try await shared.split()
      let options = ["--layout", "split", "--tarball", "none", "--kernel-compression", method.rawValue]
      let packed = try await shared.release("\(method)", options)
      #expect(packed.result.exitCode == 0, "\(packed.result.stderr)")
      try await withTemporaryDirectory { folder in
        let before = try await plain.install(into: folder.appending("plain"))
        let after = try await packed.install(into: folder.appending("packed"))
        for name in ["sm61", "sm75", "sm86"] {
          let old = try Self.images(of: before.appending("cuda/\(name).so"))
          let new = try Self.images(of: after.appending("cuda/\(name).so"))
          #expect(!old.isEmpty && old == new)
        }
        let file = try ELFFile(after.appending("cuda/sm75.so"))
        let entries = try #require(try Fatbin(in: file)).entries
        #expect(entries.allSatisfy { $0.compression == (method == .lz4 ? .lz4 : .zstd) })
        let manifest = try packed.manifest()
        let floor = try #require(manifest.artifacts.first { $0.group == "sm75" }?.driverFloor)
        let expected: DriverVersion =
          method == .zstd ? .zstdKernels : .minorVersionFloor(of: manifest.inputs.toolkit)
        #expect(floor.cubins == expected)
        let index = try #require(Files.text(after.appending("cuda/sm75.index")))
        #expect(
          index.contains("cuda-driver \(floor.cubins.apiVersion)\ndriver-floor \(floor.cubins.release)\n")
        )
      }
    }

    /// Digests of all images, decompressed, with their architectures.
    private static func images(of slice: FilePath) throws -> [String] {
      let entries = try #require(try Fatbin(in: ELFFile(slice))).entries
      return try entries.map { entry in
        let bytes = try entry.decompressedPayload().array()
        return "\(entry.kind) \(entry.architecture) \(SHA256Digest.of(bytes).hex)"
      }
    }

    @Test("binaries carry no folder of the machine that built them")
    func noPaths() async throws {
      let release = try await shared.split()
      try await withTemporaryDirectory { folder in
        let bin = try await release.install(into: folder.appending("site"))
        let traces = [SharedBuild.project.string, shared.build.string, try #require(Program.cudaHome).string]
        let subpaths = try FileManager.default.subpathsOfDirectory(atPath: bin.string)
        for name in subpaths {
          guard let data = Files.bytes(bin.appending(name)) else { continue }
          for trace in traces { #expect(data.range(of: Data(trace.utf8)) == nil, "\(name) holds \(trace)") }
        }
        let manifest = try #require(Files.text(release.out.appending("manifest.json")))
        for trace in traces { #expect(!manifest.contains(trace), "manifest.json holds \(trace)") }
      }
    }
  }
}
