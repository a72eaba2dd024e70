import Archives
import Foundation
import Packaging
import ReleaseModel
import Reporting
import SystemPackage

/// A release in layout `split` of a project without binaries: a core, two groups, and the project that requires all.
enum SampleRelease {
  /// Writes the release into a new folder.
  static func write(into out: FilePath, version: String = "1.2.0") async throws {
    try FileManager.default.createDirectory(atPath: out.string, withIntermediateDirectories: true)
    var manifest = ReleaseManifest(
      project: .init(name: "sample", version: version),
      inputs: .init(
        llamaCpp: "test", llamaCppVersion: "1", llamaCppDigest: "sha256:00", toolkit: "12.4", hostCompiler: "test",
        architectures: [], kernelCompression: .none, kernelDefinitions: [], coreDefinitions: []
      ),
      layout: .split,
      cap: .pypiFileLimit
    )
    // Bytes that don't compress, so that half an upload is half a file.
    var state: UInt64 = 88_172_645_463_325_252
    let noise = (0..<300_000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
    let core = "sample-core==\(version)"
    let groups = ["sm75", "sm80"]
    let all = [core] + groups.map { "sample-cu12-\($0)==\(version)" }
    let wheels: [(String, ReleaseManifest.Artifact.Role, String?, [String])] =
      [("sample-core", .core, nil, [])] + groups.map { ("sample-cu12-\($0)", .group, $0, [core]) }
      + [("sample", .meta, nil, all)]
    for (index, (name, role, group, requirements)) in wheels.enumerated() {
      var metadata = CoreMetadata(name: try ProjectName(name), version: try ProjectVersion(version))
      metadata.summary = "A sample"
      metadata.requiresPython = ">=3.9"
      metadata.requirements = requirements
      metadata.description = "# A sample\n"
      let stem = name.replacing("-", with: "_")
      let wheel = Wheel(
        metadata: metadata,
        platform: "any",
        files: [
          .init(name: "\(stem)/data.bin", content: .bytes(noise.map { $0 ^ UInt8(index) })),
          .init(name: "\(stem)/__init__.py", content: .bytes(Array("# \(name)\n".utf8))),
        ]
      )
      let written = try await WheelWriter(generator: "test", timestamp: 0).write(wheel, into: out)
      manifest.artifacts.append(
        .init(
          file: written.file, kind: "wheel", role: role, group: group, bytes: ByteCount(written.byteCount),
          installedBytes: ByteCount(written.installedByteCount), sha256: written.sha256.hex, architectures: [],
          driverFloor: nil, neededLibraries: []
        )
      )
    }
    try render(manifest, as: .json).write(
      toFile: out.appending("manifest.json").string,
      atomically: true,
      encoding: .utf8
    )
    var sums = manifest.artifacts.map { (file: $0.file, sha256: $0.sha256) }
    sums.append(("manifest.json", try SHA256Digest.ofFile(at: out.appending("manifest.json")).hex))
    try ChecksumFile.text(for: sums).write(
      toFile: out.appending("SHA256SUMS").string,
      atomically: true,
      encoding: .utf8
    )
  }
}
