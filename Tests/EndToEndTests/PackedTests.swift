import BinaryFormats
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// Layout `packed`, from the command line to a library that CUDA's own tools read.
  @Suite("Packed") struct Packed {
    private let shared = SharedBuild.shared

    private func release(_ name: String, _ options: [String] = []) async throws -> Release {
      let release = try await shared.release(name, ["--layout", "packed", "--tarball", "none"] + options)
      try #require(release.result.exitCode == 0, "\(release.result.stderr)")
      return release
    }

    private func llcuda(
      _ arguments: [String],
      in site: FilePath,
      environment: [String: String?] = [:]
    ) async throws -> ToolResult {
      let own: [String: String?] = [
        "PYTHONPATH": site.string, "PYTHONDONTWRITEBYTECODE": "1", "LLCUDA_CACHE_DIR": nil,
      ]
      return try await runTool(
        try #require(Program.tool("python3")),
        ["-m", "llcuda"] + arguments,
        environment: InstallChecks.noGPU.merging(own) { $1 }.merging(environment) { $1 },
        in: site
      )
    }

    /// The one folder of unpacked slices.
    private func unpacked(_ cuda: FilePath) throws -> FilePath {
      let folders = try Files.names(in: cuda).filter { $0.count == 32 }
      #expect(folders.count == 1)
      return cuda.appending(try #require(folders.first))
    }

    @Test("one wheel; what is unpacked for a GPU holds that GPU's kernels, and all of it is the fat library")
    func unpacksForGPUs() async throws {
      let release = try await release("packed")
      let manifest = try release.manifest()
      #expect(manifest.layout == .packed)
      #expect(manifest.artifacts.map(\.kind) == ["wheel"])
      #expect(manifest.artifacts[0].architectures.map(\.capability.label) == ["61", "75", "86"])
      #expect(manifest.coverage.first { $0.capability.number == 89 }?.runs == "cubin 8.6")
      try await withTemporaryDirectory { folder in
        let site = folder.appending("site")
        let cuda = try await release.install(into: site).appending("cuda")
        #expect(try Files.names(in: cuda) == ["all.kernels", "all.packed"])
        let cases: [(options: [String], slice: String, kernels: Set<String>)] = [
          (["--gpu", "7.5"], "sm75", ["75"]), (["--gpu", "8.9"], "sm86", ["86"]),
          (["--gpu", "9.0"], "sm86ptx", ["86-ptx"]),
          (["--gpu", "6.1", "--gpu", "7.5"], "sm61-75", ["61", "75"]),
          (["--all"], "all", ["61", "75", "86", "86-ptx"]),
        ]
        for (options, slice, kernels) in cases {
          let done = try await llcuda(["unpack"] + options, in: site)
          #expect(done.exitCode == 0, "\(done.stderr)")
          let library = try unpacked(cuda).appending("\(slice).so")
          #expect(try await Release.kernels(of: library) == kernels)
        }
        let all = try #require(Files.bytes(try unpacked(cuda).appending("all.so")))
        #expect(all == Files.bytes(shared.build.appending("packed/all.so")))
        // Every container keeps its place; what a GPU doesn't need is a hole behind what it does.
        let part = try ELFFile(unpacked(cuda).appending("sm75.so"))
        #expect(part.bytes.count == all.count)
        let entries = try #require(try Fatbin(in: part)).entries
        #expect(entries.count == 4 && entries.allSatisfy { $0.architecture.number == 75 })

        let none = try await llcuda(["unpack"], in: site)
        #expect(none.exitCode == 1 && none.stderr.contains("name GPUs with --gpu 8.6"), "\(none.stderr)")
        let clean = try await llcuda(["clean"], in: site)
        #expect(clean.exitCode == 0)
        #expect(try Files.names(in: cuda) == ["all.kernels", "all.packed"])
      }
    }

    @Test("a program that finds its kernels packed says so; the same inputs give the same file")
    func saysSo() async throws {
      let release = try await release("packed-again")
      let before = try #require(Files.bytes(shared.build.appending("packed/all.packed")))
      Files.remove(shared.build.appending("stamps/packed-all"))
      _ = try await self.release("packed-third")
      #expect(Files.bytes(shared.build.appending("packed/all.packed")) == before)
      try await withTemporaryDirectory { folder in
        let site = folder.appending("site")
        let bin = try await release.install(into: site)
        let info = try await llcuda(["info", "--json"], in: site)
        #expect(info.stdout.contains("\"architectures\": \"6.1, 7.5, 8.6, 8.6 as PTX\""), "\(info.stderr)")
        try await InstallChecks.listsDevicesOnTheCPU(bin.appending("llama-bench"))
      }
    }

    @Test("auto takes packed when single is over the cap, and says why")
    func automatic() async throws {
      let single = try await shared.release("packed-single", ["--layout", "single", "--tarball", "none"])
      let packed = try await release("packed-size")
      let sizes = try (single.manifest().artifacts[0].bytes, packed.manifest().artifacts[0].bytes)
      try #require(sizes.1 < sizes.0)
      let release = try await shared.release(
        "packed-auto",
        ["--cap", "\(sizes.0.bytes - 1)", "--tarball", "none"]
      )
      #expect(release.result.exitCode == 0, "\(release.result.stderr)")
      #expect(try release.manifest().layout == .packed)
      #expect(release.result.stdout.contains("layout single: its largest file would have \(sizes.0) bytes"))
    }

    @Test("what a layout can't be made of is refused before anything is built")
    func refuses() async throws {
      let out = shared.root.appending("out-refused").string
      let options =
        SharedBuild.options + SharedBuild.architectures + ["--build", shared.build.string, "--out", out]
      let thin = try await shared.run(options + ["--layout", "thin"])
      #expect(thin.exitCode == 64 && thin.stderr.contains("set asset-url in [project]"), "\(thin.stderr)")
    }

    @Test("thin: a wheel without kernels, an asset for each group, in the manifest with what it holds")
    func thin() async throws {
      let release = try await thinRelease()
      let manifest = try release.manifest()
      #expect(manifest.layout == .thin)
      #expect(manifest.artifacts.map(\.kind) == ["wheel", "kernels", "kernels", "kernels"])
      #expect(manifest.artifacts.map(\.group) == [nil, "sm61", "sm75", "sm86"])
      let assets = try release.artifacts("kernels")
      #expect(assets.map { $0.architectures.map(\.capability.label) } == [["61"], ["75"], ["86"]])
      #expect(assets[1].file == "llcuda-0.1.0-sm75-cuda\(manifest.inputs.toolkit.major).packed")
      let sums = try await runTool("/usr/bin/sha256sum", ["-c", "--quiet", "SHA256SUMS"], in: release.out)
      #expect(sums.isSuccess, "\(sums.stdout)")
    }

    private func thinRelease() async throws -> Release {
      let config = shared.root.appending("thin/llcuda-build.toml")
      try Files.write("[project]\nasset-url = \"http://assets.invalid/v{version}\"\n", to: config)
      let options = ["--layout", "thin", "--tarball", "none", "--config", config.string]
      let release = try await shared.release("thin", options)
      try #require(release.result.exitCode == 0, "\(release.result.stderr)")
      return release
    }

    @Test("installed by name from a package index by pip and uv, upgraded and removed")
    func installProof() async throws {
      let server = try #require(Program.tool("pypi-server"), "pypi-server is missing; run ci/setup")
      let config = shared.root.appending("newer/llcuda-build.toml")
      try Files.write("[project]\nversion = \"0.2.0\"\n", to: config)
      let releases = try await [
        ("split", shared.split()), ("packed", release("packed-proof")),
        ("newer", release("packed-newer", ["--config", config.string])), ("thin", thinRelease()),
      ]
      try await withTemporaryDirectory { folder in
        let script = Program.repository.appending("Tests/Fixtures/wheels/install_proof.py").string
        let proof = try await runTool(
          server.removingLastComponent().appending("python3"),
          [script, folder.string] + releases.map { "\($0.0)=\($0.1.out)" }
        )
        #expect(proof.isSuccess, "\(proof.stdout)\(proof.stderr)")
      }
    }
  }
}
