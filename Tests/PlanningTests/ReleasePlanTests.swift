import Planning
import ReleaseModel
import Testing

@Suite struct ReleasePlanTests {
  private static func coverage(_ plan: ReleasePlan, _ number: Int) throws -> ReleasePlan.DeviceCoverage {
    try #require(plan.coverage.first { $0.capability.number == number })
  }

  @Test func `The first example of the README`() throws {
    let plan = try plan("75,80,86")
    #expect(plan.cmakeArchitectures == "75-real;80-real;86-real;86-virtual")
    #expect(plan.slices.map(\.name) == ["sm75", "sm80", "sm86"])
    #expect(plan.groups.map(\.name) == ["sm75", "sm80", "sm86"])
    #expect(plan.fatSlice.name == "all" && plan.fatSlice.architectures == plan.compileSet.architectures)
    #expect(plan.diagnostics == [])
    #expect(try Self.coverage(plan, 61).slice == nil)
    #expect(try Self.coverage(plan, 75).service == .exactCubin)
    #expect(try Self.coverage(plan, 89).slice == "sm86")
    #expect(try Self.coverage(plan, 89).service == .olderCubin)
    #expect(try Self.coverage(plan, 120).service == .ptx)
  }

  @Test func `Slices asked for come first, the rest is one slice each, all ascending`() throws {
    let plan = try plan(
      "75,80,86,89",
      slices: ["89, 75"],
      groups: [("desktop", "75 8.9"), ("server", "sm_80")]
    )
    #expect(plan.slices.map(\.name) == ["sm75-89", "sm80", "sm86"])
    #expect(plan.groups.map(\.name) == ["desktop", "server", "sm86"])
    #expect(plan.groups[0].slices.map(\.name) == ["sm75-89"])
  }

  @Test func `ggml compiles 12.0 as 12.0a, and the plan says so`() throws {
    let plan = try plan("90,120", on: Toolkits.cuda13, slices: ["120"])
    #expect(plan.cmakeArchitectures == "90-real;90-virtual;120a-real;120a-virtual")
    #expect(plan.slices.map(\.name) == ["sm90", "sm120a"])
    #expect(plan.diagnostics.contains { $0.severity == .note && $0.message.contains("12.0 as 12.0a") })
    #expect(try Self.coverage(plan, 120).service == .exactCubin)
    #expect(try Self.coverage(plan, 121).service == nil)
    #expect(throws: ArchitectureListError.self) { try ReleasePlan.of("120,120a") }
    #expect(try ReleasePlan.of("120f").cmakeArchitectures == "120f-real")
  }

  @Test func `A Tegra part in the list shadows later desktop GPUs, which is said`() throws {
    let plan = try plan("86,87", ptx: false)
    #expect(try Self.coverage(plan, 89).slice == nil)
    let warnings = plan.diagnostics.filter { $0.severity == .warning }.map(\.message)
    #expect(
      warnings.contains { $0.contains("GPUs of 8.9 will use the CPU") && $0.contains("ggml takes 8.7") }
    )
    #expect(warnings.contains { $0.hasPrefix("8.7 is Jetson Orin, an ARM board") })
    // With PTX, which goes to the highest, they are served.
    #expect(try Self.coverage(PlanningTests.plan("86,87"), 89).service == .ptx)
  }

  @Test func `GPUs in a gap of the list run PTX of the architecture below, from its slice`() throws {
    let plan = try plan("75,90")
    #expect(plan.cmakeArchitectures == "75-real;75-virtual;90-real;90-virtual" && plan.diagnostics == [])
    for number in [80, 86, 89] {
      let row = try Self.coverage(plan, number)
      #expect(row.service == .ptx && row.slice == "sm75")
    }
    #expect(try Self.coverage(plan, 120).slice == "sm90")
    #expect(plan.slices.map { $0.architectures.description } == ["[7.5+PTX]", "[9.0+PTX]"])
  }

  @Test(arguments: [
    (
      "75-real,90",
      "GPUs of 8.0, 8.6, 8.9 will use the CPU: nothing in the list runs there, and 75-real means no PTX; 75 in its place serves them, with a first run of 40 seconds and more"
    ),
    (
      "75,90+PTX",
      "GPUs of 8.0, 8.6, 8.9 will use the CPU: nothing in the list runs there, and the list asks for PTX itself, so none is added; 7.5+PTX serves them, with a first run of 40 seconds and more"
    ),
    ("7.5+PTX,90", nil), ("75-real", nil),
  ])
  func gapWarnings(list: String, message: String?) throws {
    #expect(try plan(list).diagnostics.map(\.message) == (message.map { [$0] } ?? []))
    // Nobody wants PTX here.
    #expect(try plan(list, ptx: false).diagnostics == [])
  }

  @Test func `What goes without some PTX is said as it is`() throws {
    func price(_ list: String, _ ptx: [Int], on toolkit: ToolkitCapabilities = Toolkits.cuda12) throws
      -> String
    {
      let plan = try plan(list, on: toolkit)
      return plan.price(
        ofLeavingOut: plan.compileSet.architectures.filter { ptx.contains($0.capability.number) }
      )
    }
    #expect(try price("75,80,86", [86]) == "GPUs newer than 8.x use the CPU")
    #expect(try price("75", [75]) == "GPUs newer than 7.x use the CPU")
    #expect(try price("75,90", [75]) == "GPUs of 8.0, 8.6, 8.9 use the CPU")
    #expect(
      try price("75,90", [75, 90]) == "GPUs of 8.0, 8.6, 8.9 and those newer than 9.x use the CPU"
    )
    #expect(try price("90,120", [120], on: Toolkits.cuda13) == "no GPU needs it")
  }

  @Test func `PTX without a cubin is warned about`() throws {
    let plan = try plan("75,80-virtual")
    #expect(plan.diagnostics.map(\.message).contains { $0.hasPrefix("8.0 gets PTX only") })
  }

  @Test(
    arguments: [
      ([""], [], "--slice  names no architecture"),
      (["75,99"], [], "--slice 75,99: 9.9 is not among the architectures of this release (75, 80, 86)"),
      (["75,80", "80"], [], "--slice 80: 8.0 already belongs to another one"),
      (["75,7.5"], [], "--slice 75,7.5: 7.5 already belongs to another one"),
      ([], [("a", ",")], "--group a=, names no architecture"),
      ([], [("a", "75"), ("a", "80")], "two groups are named 'a'"),
      ([], [("a", "75"), ("b", "75")], "--group b=75: 7.5 already belongs to another one"),
      ([], [("sm80", "75")], "two groups are named 'sm80'"),
      (
        ["75,80"], [("a", "75")],
        "--group a=75 takes only a part of slice sm75-80; name all its architectures"
      ),
      (
        [], [("Desktop", "75")],
        "'Desktop' cannot be a group's name; use lower-case letters, digits and hyphens, such as 'desktop'"
      ),
      (
        [], [("a--b", "75")],
        "'a--b' cannot be a group's name; use lower-case letters, digits and hyphens, such as 'desktop'"
      ),
      (
        [], [("", "75")],
        "'' cannot be a group's name; use lower-case letters, digits and hyphens, such as 'desktop'"
      ),
      (
        [], [("all", "75")],
        "'all' cannot be a group's name, as it has a meaning of its own; choose another, such as 'desktop'"
      ),
      (
        [], [("core", "75")],
        "'core' cannot be a group's name, as it has a meaning of its own; choose another, such as 'desktop'"
      ),
    ] as [([String], [(String, String)], String)]
  )
  func refusedSelection(slices: [String], groups: [(String, String)], message: String) {
    let error = #expect(throws: PlanError.self) { try plan("75,80,86", slices: slices, groups: groups) }
    #expect(error?.description == message)
    #expect(error?.exitStatus == .usage)
  }

  @Test func `An item that is no architecture is refused in a selection too`() {
    #expect(throws: ArchitectureListError.notAnArchitecture("turing")) {
      try plan("75,80", slices: ["turing"])
    }
  }

  @Test func `A group may take the name of a slice that it holds`() throws {
    let plan = try plan("75,80", groups: [("sm80", "80")])
    #expect(plan.groups.map(\.name) == ["sm80", "sm75"])
  }
}

extension ReleasePlan {
  /// The plan of a list on CUDA 13.
  fileprivate static func of(_ list: String) throws -> ReleasePlan { try plan(list, on: Toolkits.cuda13) }
}
