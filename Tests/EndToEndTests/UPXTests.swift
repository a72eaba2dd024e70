import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// Releases with packed files; which files are packed and which are not is `PipelineTests`' matter.
  @Suite("UPX", .enabled(if: Program.tool("upx") != nil, "needs UPX; run ci/setup")) struct UPX {
    private let shared = SharedBuild.shared

    @Test(
      "--upx=all: packed slices work, the wheels are smaller, and the report says what was gained and lost"
    )
    func all() async throws {
      let plain = try await shared.split()
      let out = shared.root.appending("out-upx-all")
      let options = ["--layout", "split", "--tarball", "none", "--upx=all"]
      let folders = ["--build", shared.build.string, "--out", out.string]
      // A user's own options for UPX would undo ours.
      let result = try await shared.run(
        SharedBuild.options + SharedBuild.architectures + folders + options,
        environment: ["UPX": "--list"]
      )
      #expect(result.exitCode == 0, "\(result.stderr)")
      let release = Release(out: out, result: result)
      let manifest = try release.manifest()
      let records = try #require(manifest.upx)
      let names = Set(records.map(\.file))
      #expect(names.isSuperset(of: ["llama-server", "libggml-base.so.0", "sm61.so", "sm75.so", "sm86.so"]))

      let before = Dictionary(
        uniqueKeysWithValues: try plain.artifacts("wheel").map { ($0.group ?? "\($0.role)", $0.bytes) }
      )
      for name in ["sm61", "sm75", "sm86"] {
        let record = try #require(records.first { $0.file == "\(name).so" })
        #expect(record.keptBecause == nil, "\(record)")
        #expect(try #require(record.loadSecondsBefore) > 0 && record.loadSecondsAfter != nil)
        let wheel = try #require(manifest.artifacts.first { $0.group == name })
        let gain = try #require(before[name]) - wheel.bytes
        let promised = record.deflatedBefore - record.deflatedAfter
        // Checksums and sizes in RECORD deflate to a few bytes more or less.
        #expect(abs(gain.bytes - promised.bytes) < 100)
      }
      for record in records {
        #expect(record.keptBecause?.contains("/") != true, "\(record)")
        #expect(result.stdout.contains(record.file))
        #expect(Files.text(out.appending("report.md"))?.contains("`\(record.file)`") == true)
      }

      try await withTemporaryDirectory { folder in
        let bin = try await release.install(into: folder.appending("site"))
        for record in records where record.keptBecause == nil {
          let place = record.file.hasPrefix("sm") ? bin.appending("cuda") : bin
          let bytes = try #require(Files.bytes(place.appending(record.file)))
          #expect(Int64(bytes.count) == record.after.bytes && bytes.range(of: Data("UPX!".utf8)) != nil)
        }
        let version = try await runTool(bin.appending("llama-server"), ["--version"])
        #expect(version.isSuccess && version.stderr.hasPrefix("version: 0.1.2"), "\(version.stderr)")
        let found = try await SliceCalls.closest(["sm61", "sm75", "sm86"], of: release, in: bin)
        #expect(found.stdout == "[75, 75, 75] 75\n", "\(found.stderr)")
      }
    }

    @Test("--upx looks at programs only, and a second run does nothing")
    func programs() async throws {
      let options = ["--layout", "split", "--tarball", "none", "--upx"]
      let release = try await shared.release("upx", options)
      #expect(release.result.exitCode == 0, "\(release.result.stderr)")
      let names = try release.manifest().upx?.map(\.file)
      #expect(names?.sorted() == ["llama-bench", "llama-cli", "llama-quantize", "llama-server"])
      let again = try await shared.release("upx", options)
      #expect(again.result.exitCode == 0 && again.result.stderr.contains("nothing changed"))
    }
  }
}
