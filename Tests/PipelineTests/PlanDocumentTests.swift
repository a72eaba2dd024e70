import Building
import Foundation
import Planning
import ReleaseModel
import Reporting
import SystemPackage
import TestSupport
import Testing

@testable import Pipeline
@testable import SizeModel

@Suite("Saved plans")
struct PlanDocumentTests {
  private static let toolkit = ToolkitCapabilities(catalogOf: "12.4")

  private static func plan(_ change: (inout ReleaseSpec) -> Void = { _ in }) throws -> PlannedRelease {
    var spec = ReleaseSpec()
    spec.architectures = "75,80,86,89"
    change(&spec)
    let stage = PlanningStage(
      spec: spec,
      folders: Folders(resources: "/nowhere", cache: "/nowhere/cache")
    )
    return try stage.plan(on: toolkit, model: stage.model(for: toolkit.version))
  }

  private static func withFile(_ text: String, _ body: (FilePath) throws -> Void) async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("plan.json")
      try text.write(toFile: path.string, atomically: true, encoding: .utf8)
      try body(path)
    }
  }

  @Test("what is written is read back as it was")
  func roundTrip() async throws {
    for layout in [Layout.auto, .split, .thin] {
      let document = try PlanDocument(Self.plan { $0.layout = layout })
      try await Self.withFile(try json(document)) { path in
        let again = try PlanDocument(reading: path)
        #expect(again == document)
      }
    }
  }

  @Test("a number changed by hand, anywhere, is noticed")
  func edited() async throws {
    let text = try json(PlanDocument(Self.plan()))
    for (old, new) in [
      ("\"cap\" : 104857600", "\"cap\" : 204857600"), ("\"layout\" : \"packed\"", "\"layout\" : \"single\""),
      ("\"virtual\" : false", "\"virtual\" : true"),
    ] {
      let changed = text.replacing(old, with: new)
      try #require(changed != text, "\(old)")
      try await Self.withFile(changed) { path in
        let error = #expect(throws: PlanDocumentError.edited(path)) { try PlanDocument(reading: path) }
        #expect(error?.exitStatus == .badInput)
        #expect(error.map { "\($0)".contains("checksum") && !"\($0)".contains("\n") } == true)
      }
    }
  }

  @Test("other versions, other files, no file: one line each")
  func refused() async throws {
    let text = try json(PlanDocument(Self.plan()))
    let other = text.replacing("llcuda-build \(LlcudaBuild.version)", with: "llcuda-build 9.9.9")
    try await Self.withFile(other) { path in
      #expect(throws: PlanDocumentError.otherVersion(path, "llcuda-build 9.9.9")) {
        try PlanDocument(reading: path)
      }
    }
    for wrong in ["", "{", "[]", "{\"schemaVersion\":1}", String(text.dropLast(5))] {
      try await Self.withFile(wrong) { path in
        #expect(throws: PlanDocumentError.notAPlan(path)) { try PlanDocument(reading: path) }
      }
    }
    #expect(throws: PlanDocumentError.unreadable("/no/such/plan")) {
      try PlanDocument(reading: "/no/such/plan")
    }
    let document = try PlanDocument(Self.plan())
    #expect(throws: PlanDocumentError.otherToolkit(planned: "12.4", found: "12.8")) {
      try document.check(against: ToolkitCapabilities(catalogOf: "12.8"))
    }
    try document.check(against: ToolkitCapabilities(catalogOf: "12.4"))
  }

  @Test("the digest goes by decisions, not by folders")
  func digest() throws {
    let plain = try PlanDocument.digest(of: Self.plan())
    let elsewhere = try Self.plan {
      $0.outputFolder = "/tmp/x"
      $0.buildFolder = "/tmp/y"
      $0.jobs = 7
    }
    #expect(try PlanDocument.digest(of: elsewhere) == plain)
    #expect(try PlanDocument.digest(of: Self.plan { $0.kernelCompression = .zstd }) != plain)
    #expect(try PlanDocument.digest(of: Self.plan { $0.layout = .split }) != plain)
    // A layout that was decided and the same layout asked for are one decision.
    let decided = try Self.plan()
    let asked = try Self.plan { $0.layout = decided.layout }
    #expect(try PlanDocument.digest(of: asked) == plain)
  }

  @Test("another llama.cpp is estimated, by its number of units")
  func subject() async throws {
    try await withTemporaryDirectory { folder in
      let kernels = folder.appending("ggml/src/ggml-cuda/template-instances")
      try FileManager.default.createDirectory(atPath: kernels.string, withIntermediateDirectories: true)
      for name in ["mmq-instance-a.cu", "mmq-instance-b.cu", "fattn-mma-f16-instance-x.cu", "../acc.cu"] {
        try "".write(toFile: kernels.appending(name).string, atomically: true, encoding: .utf8)
      }
      var spec = ReleaseSpec()
      spec.source = .folder(folder.string)
      let stage = PlanningStage(spec: spec, folders: Folders(resources: "/nowhere", cache: "/nowhere"))
      let subject = stage.subject("12.4")
      #expect(subject.units?["mmq"] == 2 && subject.units?["fattn-mma"] == 1 && subject.units?["other"] == 1)
      #expect(stage.model(for: "12.4").core.estimates.count == 1)
    }
  }

  @Test("a finished release is learned from, once per source, toolkit and options")
  func learning() async throws {
    try await withTemporaryDirectory { folder in
      let subject = PlanningStage(
        spec: ReleaseSpec(),
        folders: Folders(resources: "/nowhere", cache: folder)
      ).subject("12.4.131")
      let set = [Architecture(ComputeCapability(number: 75), real: true, virtual: false)]
      var manifest = ReleaseManifest(
        project: .init(name: "x", version: "1"),
        inputs: .init(
          llamaCpp: "x",
          llamaCppVersion: "x",
          llamaCppDigest: "x",
          toolkit: "12.4.131",
          hostCompiler: "x",
          architectures: set,
          kernelCompression: .none,
          kernelDefinitions: [],
          coreDefinitions: []
        ),
        layout: .split,
        cap: .pypiFileLimit
      )
      manifest.slices = [.init(name: "sm75", bytes: ByteCount(100), kernels: [])]
      for (role, group) in [(ReleaseManifest.Artifact.Role.core, String?.none), (.group, "sm75")] {
        manifest.artifacts.append(
          .init(
            file: "f",
            kind: "wheel",
            role: role,
            group: group,
            bytes: ByteCount(60),
            installedBytes: ByteCount(110),
            sha256: "",
            architectures: group == nil ? [] : set,
            driverFloor: nil,
            neededLibraries: []
          )
        )
      }
      let store = LearnedStore(cache: folder)
      #expect(store.sizes(of: subject) == nil)
      var figures = SizeFigures.shipped
      figures.wheel = .init(core: 10, group: 20, meta: 0)
      let shipped = SizeModel(figures: figures, subject: subject)
      // Twice as slow as the machine that was measured; a unit that was compiled again counts once.
      let half = Int(shipped.kernelSeconds(set) * 1000)
      let log = "# ninja log v5\n0\t9\t1\ta.cu.o\tx\n0\t\(half)\t1\ta.cu.o\tx\n5\t\(half + 5)\t1\tb.cu.o\tx\n"
      try log.write(toFile: folder.appending(".ninja_log").string, atomically: true, encoding: .utf8)
      store.learn(from: manifest, model: shipped, kernels: folder)
      let model = SizeModel(subject: subject, learned: store.sizes(of: subject))
      #expect(store.sizes(of: subject)?.slowness == 2)
      #expect(model.slice(set, stored: .none).packed == ByteCount(40))
      #expect(model.core.packed == ByteCount(50))
      var other = subject
      other.flashAttention = false
      #expect(store.sizes(of: other) == nil)
    }
  }
}
