import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// Releases with packed files; which files are packed, and why others are not, is `PipelineTests`' matter.
  @Suite("UPX") struct UPX {
    private let shared = SharedBuild.shared

    @Test(
      "--upx=all: what was packed works where it is installed, wheels lose what the report says",
      .enabled(if: Program.tool("upx") != nil, "needs UPX; run ci/setup")
    )
    func all() async throws {
      try await withTemporaryDirectory { folder in
        try enlarge(into: folder.appending("source"))
        let plain = try await release("plain", [], in: folder)
        try #require(plain.result.exitCode == 0, "\(plain.result.stderr)")
        // A user's own options for UPX would undo ours.
        let release = try await release("upx", ["--upx=all"], environment: ["UPX": "--list"], in: folder)
        try #require(release.result.exitCode == 0, "\(release.result.stderr)")
        let manifest = try release.manifest()
        let records = try #require(manifest.upx)
        #expect(Set(records.filter { $0.keptBecause == nil }.map(\.file)).isSuperset(of: large), "\(records)")
        for record in records {
          #expect(record.keptBecause?.contains("/") != true, "\(record)")
          #expect(release.result.stdout.contains(record.file))
          #expect(Files.text(release.out.appending("report.md"))?.contains("`\(record.file)`") == true)
        }

        for (before, after) in zip(try plain.artifacts("wheel"), try release.artifacts("wheel")) {
          guard before.role != .meta else { continue }
          let slices: Set<String> = ["sm75.so"]
          let carried = records.filter { slices.contains($0.file) == (before.group != nil) }
          let gain = carried.reduce(Int64(0)) { $0 + ($1.deflatedBefore - $1.deflatedAfter).bytes }
          #expect(gain > 80_000)
          // Sizes and digests in RECORD deflate to a few bytes more or less.
          #expect(abs((before.bytes - after.bytes).bytes - gain) < 200, "\(before.file)")
        }

        let bin = try await release.install(into: folder.appending("site"))
        for record in records where record.keptBecause == nil {
          #expect(try #require(record.loadSecondsBefore) > 0 && #require(record.loadSecondsAfter) > 0)
          let place = record.file == "sm75.so" ? bin.appending("cuda") : bin
          let bytes = try #require(Files.bytes(place.appending(record.file)))
          #expect(Int64(bytes.count) == record.after.bytes && bytes.range(of: Data("UPX!".utf8)) != nil)
        }
        for name in ["llama-server", "llama-cli"] {
          let version = try await runTool(bin.appending(name), ["--version"])
          #expect(version.isSuccess && version.stderr.hasPrefix("version: 0.1.2"), "\(version.stderr)")
        }
        try await InstallChecks.listsDevicesOnTheCPU(bin.appending("llama-bench"))
        let closest = try await SliceCalls.closest(["sm75"], of: release, in: bin)
        #expect(closest.stdout == "[75] 75\n", "\(closest.stderr)")
      }
    }

    @Test(
      "--upx looks at programs only, and a second run does nothing",
      .enabled(if: Program.tool("upx") != nil, "needs UPX; run ci/setup")
    )
    func programs() async throws {
      let options = ["--layout", "split", "--tarball", "none", "--upx"]
      let release = try await shared.release("upx", options)
      #expect(release.result.exitCode == 0, "\(release.result.stderr)")
      let names = try release.manifest().upx?.map(\.file)
      #expect(names?.sorted() == ["llama-bench", "llama-cli", "llama-quantize", "llama-server"])
      let again = try await shared.release("upx", options)
      #expect(again.result.exitCode == 0 && again.result.stderr.contains("nothing changed"))
    }

    @Test("--upx without UPX: exit code 5, before anything is built")
    func missing() async throws {
      try await withTemporaryDirectory { folder in
        let bin = folder.appending("bin")
        try Files.write("#!/bin/sh\n", to: bin.appending("strip"), executable: true)
        let result = try await shared.run(
          SharedBuild.options + ["--archs", "75", "--upx"],
          environment: ["PATH": bin.string],
          in: folder
        )
        #expect(result.exitCode == 5, "\(result.stderr)")
        #expect(result.stderr.contains("'upx' was not found") && result.stderr.contains("ci/setup"))
        #expect(!Files.exists(folder.appending("build")) && !Files.exists(folder.appending("out")))
      }
    }

    /// What ``enlarge(into:)`` gives something to pack.
    private let large: Set<String> = [
      "llama-bench", "llama-cli", "llama-quantize", "llama-server", "libggml-base.so.0", "sm75.so",
    ]

    /// Makes a copy of the small project, which is too small to gain anything, with more in it.
    ///
    /// A table of noise, three times over and 100 kB apart, is too far apart for deflate and not for UPX; it goes into a
    /// library, the programs and the host code of a slice.
    private func enlarge(into source: FilePath) throws {
      try Files.copy(SharedBuild.project, to: source)
      var state: UInt64 = 7
      let noise = (0..<100_000).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      }
      let file = source.appending("noise")
      try Data(noise + noise + noise).write(to: URL(fileURLWithPath: file.string))
      let table = """

        #ifndef __CUDA_ARCH__
        __asm__(".section .rodata\\n.incbin \\"\(file)\\"\\n.previous\\n");
        #endif

        """
      for name in ["ggml/src/ggml.c", "ggml/src/ggml-cuda/ggml-cuda.cu", "tools/main.cpp"] {
        let path = source.appending(name)
        try Files.write(try #require(Files.text(path)) + table, to: path)
      }
    }

    private func release(
      _ name: String,
      _ options: [String],
      environment: [String: String?] = [:],
      in folder: FilePath
    ) async throws -> Release {
      let out = folder.appending("out-\(name)")
      let arguments = [
        "--llama-cpp", folder.appending("source").string, "--compiler-cache", "none", "--archs", "75-real",
        "--no-ptx", "--layout", "split", "--tarball", "none", "--build", folder.appending("build").string,
        "--out", out.string,
      ]
      let result = try await shared.run(arguments + options, environment: environment, in: folder)
      return Release(out: out, result: result)
    }
  }
}
