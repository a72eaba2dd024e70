import Foundation
import Planning
import ReleaseModel
import Reporting
import Testing

@testable import SizeModel

/// Plans as text, on figures of the tests' own so that better figures change no snapshot.
@Suite struct PlanReportTests {
  private static func plan(cap: Int64) throws -> (PlannedRelease, SizeModel) {
    func row(_ number: Int, _ kind: SizeFigures.Kind) -> SizeFigures.Images {
      .init(
        family: "other",
        capability: ComputeCapability(number: number),
        kind: kind,
        raw: 100_000_000,
        stored: 100_000_000,
        deflated: 30_000_000
      )
    }
    let numbers = [75, 80, 86]
    let figures = SizeFigures(
      llamaCppDigest: "d",
      llamaCpp: "test",
      toolkit: "12.4.131",
      conditions: "the tests' figures",
      units: ["other": 1],
      images: numbers.flatMap { [row($0, .real), row($0, .virtual)] },
      solid: .init(alone: ["75": 0.1, "80": 0.1, "86": 0.1], beside: [:], ptx: 0.05, scale: 1),
      host: .init(installed: 9_000_000, deflated: 2_000_000, xz: 1_000_000),
      core: .init(installed: 35_000_000, deflated: 13_000_000, xz: 6_000_000),
      wheel: .init(core: 50_000, group: 9_000, meta: 3_000),
      time: .init(perUnit: 3, perMillionBytes: 12, core: 1000)
    )
    let model = SizeModel(
      figures: figures,
      subject: .init(llamaCppDigest: "d", llamaCpp: "test", toolkit: "12.4.131")
    )
    var spec = ReleaseSpec()
    spec.architectures = "75,80,86"
    spec.project.assetURL = "https://host/assets"
    spec.cap = ByteCount(cap)
    let toolkit = ToolkitCapabilities(catalogOf: "12.4")
    let plan = try ReleasePlanner(spec: spec, toolkit: toolkit, model: model, cores: 2).plan()
    return (plan, model)
  }

  @Test func `A plan for a terminal`() throws {
    let (plan, _) = try Self.plan(cap: 104_857_600)
    try expectSnapshot(render(plan: plan, digest: "abc", isMarkdown: false), named: "plan.txt")
  }

  @Test func `A plan as Markdown`() throws {
    let (plan, _) = try Self.plan(cap: 5_000_000)
    let text = render(plan: plan, digest: "abc", isMarkdown: true)
    #expect(text.contains("which does not fit") && text.contains("\\-\\-cap") == false)
    try expectSnapshot(text, named: "plan.md")
  }

  @Test func `What became of an earlier plan's sizes`() throws {
    let (plan, _) = try Self.plan(cap: 104_857_600)
    struct Frame: Encodable { let plan: PlannedRelease }
    let same = try json(Frame(plan: plan))
    func changes(since text: String, isMarkdown: Bool = true) throws -> String {
      try EarlierPlan(Data(text.utf8)).render(changesTo: plan, isMarkdown: isMarkdown)
    }
    #expect(
      try changes(since: same) == "### Against the earlier plan\n\nevery file is predicted at the same size\n"
    )
    let wheel = try #require(
      plan.forecasts.first { $0.layout == .split }?.files.first { $0.group != nil && $0.kind == .wheel }
    )
    let (group, bytes) = (wheel.group ?? "", wheel.weight.packed.bytes)
    var earlier = plan
    earlier.layout = .thin
    let smaller = try json(Frame(plan: earlier))
      .replacing("\"packed\" : \(bytes)", with: "\"packed\" : \(bytes - 1000)")
    let markdown = try changes(since: smaller)
    #expect(markdown.contains("layout: \(plan.layout.rawValue), it was thin\n\n| layout |"))
    #expect(
      markdown.contains(
        "| split | \(group), wheel | \(ByteCount(bytes - 1000)) | \(wheel.weight.packed) | +1,000 |"
      )
    )
    #expect(!markdown.contains("core") && !markdown.contains("the others, required"))
    #expect(try changes(since: smaller, isMarkdown: false).contains("\(group), wheel"))
    #expect(throws: DecodingError.self) { try EarlierPlan(Data("{\"plan\": {}}".utf8)) }
  }

  @Test func `The ways out as Markdown`() throws {
    let (plan, model) = try Self.plan(cap: 104_857_600)
    let rows = WaysOut(plan, model: model).rows
    let text = render(waysOut: rows, cap: plan.spec.cap, title: "Ways", isMarkdown: true)
    try expectSnapshot(text, named: "ways.md")
    #expect(render(waysOut: rows, cap: plan.spec.cap, title: "Ways", isMarkdown: false).contains("PTX only"))
  }

  @Test func `What a finished release measured stands in its row, fetched kernels included`() throws {
    let (plan, model) = try Self.plan(cap: 104_857_600)
    var split = ReleaseManifest.sample
    split.inputs.architectures = plan.plan.compileSet.architectures
    var thin = split
    thin.layout = .thin
    thin.artifacts = thin.artifacts.filter { $0.role != .meta }
    for index in thin.artifacts.indices where thin.artifacts[index].role == .group {
      thin.artifacts[index].kind = "kernels"
    }
    let rows = WaysOut(plan, model: model, releases: [split, thin]).rows.filter { $0.basis == "measured" }
    #expect(rows.map(\.name) == ["llcuda-build: split", "llcuda-build: thin"])
    #expect(rows.map(\.files) == [4, 3])
    #expect(rows.map(\.largest.bytes) == [104_857_601, 13_402_118])
    #expect(rows.map(\.download.bytes) == [13_402_118 + 104_857_601, 13_402_118 + 104_857_601])
  }

  @Test func `The request names what is needed, and warns when nothing is`() throws {
    let (plan, model) = try Self.plan(cap: 104_857_600)
    let request = LimitRequest(plan, model: model, releasesPerYear: 12)
    #expect(request.warning?.contains("--layout packed") == true)
    #expect(request.text.contains("### New limit\n\n140 MiB\n"))
    #expect(request.text.contains("- 8.6+PTX: 57.2 MiB"))
  }
}
