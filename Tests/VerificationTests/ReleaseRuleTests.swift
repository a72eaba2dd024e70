import Archives
import Foundation
import ReleaseModel
import Reporting
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// The rules for a release's folder: a core, one group and the project that requires both.
@Suite("Rules for releases")
struct ReleaseRuleTests {
  /// Changes one thing and gives the rules that are then broken.
  private func rules(
    core: (inout WheelDraft) -> Void = { _ in },
    manifest change: (inout ReleaseManifest) -> Void = { _ in },
    files: (FilePath) throws -> Void = { _ in },
    cudart: String? = nil
  ) async throws -> Set<String> {
    var found: Set<String> = []
    try await withTemporaryDirectory("release") { folder in
      let out = folder.appending("out")
      try FileManager.default.createDirectory(atPath: out.string, withIntermediateDirectories: true)
      var wheels: [WheelDraft] = []
      for (name, requirements) in [
        ("sample_core", []), ("sample_cu12_sm75", ["sample-core==1.2.0"]),
        ("sample", ["sample-core==1.2.0", "sample-cu12-sm75==1.2.0"]),
      ] {
        var draft = WheelDraft()
        draft.name = name
        draft.bill = nil
        draft.replace("Name", with: "Name: \(name.replacing("_", with: "-"))")
        draft.metadata += requirements.map { "Requires-Dist: \($0)" }
        wheels.append(draft)
      }
      if let cudart {
        _ = try await Libraries.make(named: cudart, in: folder)
        let library = try await Libraries.make(
          "int x(void) { return 0; }",
          ["-Wl,--strip-all,--no-as-needed", "-L.", "-l:\(cudart)"],
          in: folder
        )
        wheels[1].files.append(("sample_kit/bin/libsample.so", library))
        wheels[1].bill = #"{"bomFormat":"CycloneDX","metadata":{"component":{"name":"sample-cu12-sm75"}}}"#
      }
      core(&wheels[0])
      var manifest = ReleaseManifest(
        project: .init(name: "sample", version: "1.2.0"),
        inputs: .init(
          llamaCpp: "test", llamaCppVersion: "1", llamaCppDigest: "sha256:00", toolkit: "12.4",
          hostCompiler: "test", architectures: [], kernelCompression: .none, kernelDefinitions: [],
          coreDefinitions: []
        ),
        layout: .split,
        cap: .pypiFileLimit
      )
      for draft in wheels {
        let path = try draft.write(into: out)
        let size = try Data(contentsOf: URL(fileURLWithPath: path.string)).count
        manifest.artifacts.append(
          .init(
            file: path.lastComponent?.string ?? "", kind: "wheel", role: .core, group: nil, bytes: ByteCount(size),
            installedBytes: ByteCount(size), sha256: try SHA256Digest.ofFile(at: path).hex, architectures: [],
            driverFloor: nil, neededLibraries: []
          )
        )
      }
      let good = manifest
      change(&manifest)
      try write(render(manifest, as: .json), to: out.appending("manifest.json"))
      let subjects = good.artifacts.map { #"{"name":"\#($0.file)","digest":{"sha256":"\#($0.sha256)"}}"# }
      let statement = #"{"_type":"https://in-toto.io/Statement/v1","subject":[\#(subjects.joined(separator: ","))]}"#
      try write(statement, to: out.appending("provenance.intoto.json"))
      var sums = manifest.artifacts.map { "\($0.sha256)  \($0.file)\n" }
      for name in ["manifest.json", "provenance.intoto.json"] {
        sums.append("\(try SHA256Digest.ofFile(at: out.appending(name)).hex)  \(name)\n")
      }
      try write(sums.joined(), to: out.appending("SHA256SUMS"))
      try files(out)
      let report = try await Verifier().verify([out])
      found = Set(report.findings.map(\.rule.id))
    }
    return found
  }

  private func write(_ text: String, to path: FilePath) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
  }

  @Test func `A good release breaks no rule`() async throws {
    #expect(try await rules() == [])
  }

  @Test func `A manifest that is none`() async throws {
    #expect(try await rules(files: { try write("{}", to: $0.appending("manifest.json")) }) == ["C01"])
  }

  @Test func `Files and the manifest`() async throws {
    #expect(
      try await rules(manifest: { $0.artifacts[0].bytes = .zero }) == ["C02"]
    )
    let copied: (FilePath) throws -> Void = { out in
      var draft = WheelDraft()
      draft.name = "stranger"
      draft.bill = nil
      draft.replace("Name", with: "Name: stranger")
      _ = try draft.write(into: out)
    }
    // A stranger is in no list of digests either.
    #expect(try await rules(files: copied) == ["C03", "C04"])
    #expect(try await rules(files: { out in unlink(out.appending("SHA256SUMS").string) }) == ["C04"])
    let wrong: (FilePath) throws -> Void = { out in
      let path = out.appending("SHA256SUMS")
      let text = try String(contentsOfFile: path.string, encoding: .utf8)
      try write(text.replacing(#/^./#, with: "f").replacing(#/^../#, with: "00"), to: path)
    }
    #expect(try await rules(files: wrong) == ["C04"])
    #expect(
      try await rules(files: { out in
        let path = out.appending("provenance.intoto.json")
        try write(#"{"_type":"https://in-toto.io/Statement/v1","subject":[]}"#, to: path)
      }) == ["C08", "C04"]
    )
  }

  @Test func `Versions, groups and CUDA`() async throws {
    #expect(try await rules(core: { $0.metadata.append("Requires-Dist: sample-cu12-sm75>=1.2.0") }) == ["C05"])
    #expect(try await rules(core: { $0.metadata.append("Requires-Dist: sample-cu12-sm80==1.2.0") }) == ["C06"])
    #expect(try await rules(cudart: "libcudart.so.12") == [])
    #expect(try await rules(cudart: "libcudart.so.13") == ["C07"])
  }
}
