import Planning
import SourceText
import Testing

@Suite("Units that mean the same side by side") struct UnitFilesTests {
  /// Units of a tree in which all files lie in one folder.
  private func unit(_ name: String, in tree: [String: String], _ language: UnitFiles.Language = .cuda)
    -> UnitFiles
  {
    UnitFiles(name, language: language, file: { tree[$0].map { SourceFile($0) } }) { included, _ in
      tree[included] == nil ? nil : included
    }
  }

  private func conflict(_ first: String, _ second: String, _ headers: [String: String] = [:]) -> String? {
    let tree = headers.merging(["a.cu": first, "b.cu": second]) { own, _ in own }
    let (a, b) = (unit("a.cu", in: tree), unit("b.cu", in: tree))
    #expect((a.conflict(with: b) == nil) == (b.conflict(with: a) == nil))
    return a.conflict(with: b)
  }

  private let common = [
    "common.cuh": "#pragma once\n#include <vector>\n#define KERNEL(name) void name()\nvoid launch(int x);\n",
    "acc.cuh": "#pragma once\n#include \"common.cuh\"\nvoid op_acc(int n);\n",
    "set.cuh": "#pragma once\n#include \"common.cuh\"\nvoid op_set(int n);\n",
  ]

  @Test("units whose names the other never mentions, though both have a local of the same name")
  func apart() {
    let acc =
      "#include \"acc.cuh\"\nstatic __global__ void acc_f32(int x) { int i = x; }\nvoid op_acc(int n) { launch(n); }"
    let set =
      "#include \"set.cuh\"\nstatic __global__ void set_f32(int x) { int i = x; }\nvoid op_set(int n) { launch(n); }"
    #expect(conflict(acc, set, common) == nil)
  }

  @Test("a function that a header declares for both may be defined by one and called by the other")
  func definition() {
    let caller = "#include \"common.cuh\"\nvoid op() { launch(1); }"
    for definition in [
      "void launch(int x) { x; }", "void\n  launch(int  x)\n{ }",
      "void launch(int x);\nvoid launch(int x) {}",
    ] {
      #expect(conflict("#include \"common.cuh\"\n\(definition)", caller, common) == nil)
    }
    for another in [
      "static void launch(int x) {}", "namespace n { void launch(int x) {} }", "void launch(float x) {}",
      "void launch(int x) {}\nvoid launch(float x) {}", "void launch(int y) {}",
      "template <> void launch(int x) {}",
      "void launch(int x) {}\n#define launch(x)", "struct launch {};\nvoid launch(int x) {}",
      "enum { launch };\nvoid launch(int x) {}", "void launch(int x) {}\nint other(), launch;",
    ] {
      #expect(conflict("#include \"common.cuh\"\n\(another)", caller, common) != nil, "\(another)")
    }
    // Alone, the caller means another function.
    let own = common.merging(["own.cuh": "void launch(int x);"]) { $1 }
    #expect(conflict("#include \"own.cuh\"\nvoid launch(int x) {}", "static void launch(int x);", own) != nil)
  }

  @Test("a header without a guard may be read by headers of both, which are read once")
  func repeated() {
    let headers = ["each.cuh": "struct each {};", "both.cuh": "#pragma once\n#include \"each.cuh\""]
    let unit = "#include \"both.cuh\"\n"
    #expect(conflict(unit, unit + "int a;", headers) == nil)
    let own = headers.merging(["own.cuh": "#pragma once\n#include \"each.cuh\""]) { $1 }
    let why = "each.cuh says something each time that it is read"
    #expect(conflict(unit, "#include \"own.cuh\"", own) == why)
    #expect(conflict(unit, unit + "#include \"each.cuh\"", headers) == why)
    let twice = headers.merging(["both.cuh": "#include \"each.cuh\""]) { $1 }
    #expect(conflict(unit, unit, twice) == "both.cuh says something each time that it is read")
  }

  @Test(
    "what would be seen by the other",
    arguments: [
      ("static void f() {}", "static void f() {}", "a.cu declares f, which b.cu mentions"),
      // An overload that the other's call would take.
      ("static float g(float x);", "int h() { return g(1); }", "a.cu declares g, which b.cu mentions"),
      ("#define N 3", "void f(int N);", "a.cu declares N, which b.cu mentions"),
      ("enum { kind };", "void f() { int kind = 0; }", "a.cu declares kind, which b.cu mentions"),
      // In a header that both read, when only one has it in front.
      (
        "#include \"common.cuh\"\nint launch;", "#include \"common.cuh\"",
        "a.cu declares launch, which common.cuh mentions"
      ),
      ("using namespace std;", "", "a.cu has using namespace"),
      (
        "#include \"common.cuh\"\nstatic KERNEL(f) {}", "#include \"common.cuh\"",
        "a.cu declares what the macro KERNEL stands for"
      ),
      ("#include <cub/cub.cuh>", "", "only one includes cub/cub.cuh"),
      // Alone, its own header doesn't see the one that both read.
      (
        "#include \"own.cuh\"\n#include \"common.cuh\"", "#include \"common.cuh\"",
        "own.cuh mentions launch, which common.cuh declares behind it"
      ),
      (
        "#include \"each.cuh\"", "#include \"each.cuh\"\nint a;",
        "each.cuh says something each time that it is read"
      ),
      (
        "#include \"x.cuh\"\n#include \"y.cuh\"", "#include \"y.cuh\"\n#include \"x.cuh\"",
        "x.cuh and y.cuh are read in another order"
      ),
    ]
  )
  func seen(first: String, second: String, why: String) {
    let headers = [
      "each.cuh": "struct each {};", "own.cuh": "#ifdef launch\n#endif", "x.cuh": "#pragma once\n#define X 1",
      "y.cuh": "#pragma once\n#ifdef X\n#endif",
    ]
    #expect(conflict(first, second, common.merging(headers) { own, _ in own }) == why)
  }

  @Test("a header with overloads of C's functions has to be in both, but in CUDA, where nvcc reads it first")
  func overloads() {
    let tree = ["a.cpp": "#include <cmath>\nint f();", "b.cpp": "int g() { return abs(-1.5); }"]
    #expect(
      unit("a.cpp", in: tree, .cxx).conflict(with: unit("b.cpp", in: tree, .cxx)) == "only one includes cmath"
    )
    #expect(unit("a.cpp", in: tree, .cuda).conflict(with: unit("b.cpp", in: tree, .cuda)) == nil)
  }

  @Test("small ones are compiled as one, up to the time of the longest unit, and long ones alone")
  func operators() {
    let costs = UnitCosts([
      "add.cu": 12, "clamp.cu": 11, "copy.cu": 40, "mmvq.cu": 100, "pad.cu": 10, "set.cu": 13,
    ])
    let tree = Dictionary(
      uniqueKeysWithValues: costs.units.map { ($0, "static void \($0.dropLast(3))_own() {}") }
    )
    let all = costs.units.map { unit($0, in: tree) }
    let merged = MergedUnits([], operators: all.shuffled(), costs: costs)
    #expect(merged.units.map(\.members) == [["add.cu", "clamp.cu", "copy.cu", "pad.cu", "set.cu"]])
    // 40 + (13 - 10) + (12 - 10) + (11 - 10) + (10 - 10)
    #expect(merged.units.map(\.seconds) == [46])
    #expect(merged.units.map(\.name) == merged.units.compactMap(\.members.last))
    let short = UnitCosts(["add.cu": 12, "clamp.cu": 11, "pad.cu": 10, "set.cu": 13])
    #expect(
      MergedUnits([], operators: all, costs: short).units.map(\.members) == [
        ["add.cu", "clamp.cu"], ["pad.cu", "set.cu"],
      ]
    )
    // Nobody measured them.
    #expect(MergedUnits([], operators: all, costs: UnitCosts([:])).units.isEmpty)
  }

  @Test("the core's: sixteen at most, in the order of their names, and none that would disturb the others")
  func core() {
    var tree = Dictionary(uniqueKeysWithValues: (10..<30).map { ("m\($0).cpp", "void build_\($0)() {}") })
    tree["m15.cpp"] = "static int build_10;"
    let groups = CoreUnits(tree.keys.shuffled().map { unit($0, in: tree, .cxx) })
    #expect(groups.groups.map(\.count) == [16, 4])
    #expect(groups.groups[1].first == "m15.cpp")
    #expect(groups.list.hasPrefix("m10.cpp m11.cpp m12.cpp m13.cpp m14.cpp m16.cpp "))
    #expect(CoreUnits([]).list.isEmpty)
  }
}
