import Inventory
import ReleaseModel
import Testing

/// Differences and budgets, on inventories made by hand.
@Suite struct ComparisonTests {
  private func artifact(_ name: String, _ bytes: Int64, kernels: [(String, Int64)] = []) -> Artifact {
    var artifact = Artifact(name: name, kind: .library, bytes: bytes)
    artifact.files = [FileRecord(path: name, kind: .library, weight: Weight(bytes: bytes))]
    artifact.kernels = kernels.map { name, bytes in
      KernelRecord(
        name: name,
        symbol: name,
        family: name,
        cells: [KernelCell(architecture: "75", weight: Weight(bytes: bytes))]
      )
    }
    artifact.images = [
      ImageRow(
        .init(architecture: "75", kind: .real, compression: .none),
        count: 1,
        weight: Weight(bytes: bytes / 2),
        payloadBytes: bytes / 2
      )
    ]
    return artifact
  }

  private func compare(_ old: [Artifact], _ new: [Artifact], _ budget: SizeBudget = SizeBudget())
    -> Comparison
  {
    Comparison(old: Inventory(artifacts: old), new: Inventory(artifacts: new), budget: budget)
  }

  @Test func `Kernels that grew are named, the largest growth first; what stayed is left out`() {
    let change = compare(
      [artifact("a.so", 100, kernels: [("f", 10), ("g", 20), ("h", 5), ("gone", 7)])],
      [artifact("a.so", 120, kernels: [("f", 10), ("g", 50), ("h", 6), ("new", 3)])]
    ).artifacts[0]
    #expect(change.kernels.map(\.name) == ["g", "new", "h", "gone"])
    #expect(change.kernels.map(\.bytes.difference.bytes) == [30, 3, 1, -7])
    #expect(change.bytes.difference == ByteCount(20))
    #expect(change.images[0].bytes == Change(old: ByteCount(50), new: ByteCount(60)))
  }

  @Test func `Artifacts of two versions are put together by their names`() {
    let names = compare(
      [
        artifact("x_core-0.1.0-py3-none-any.whl", 10), artifact("x-0.1.0-sm75-linux.tar.gz", 5),
        artifact("left", 1),
      ],
      [
        artifact("x-0.2.0-sm75-linux.tar.gz", 6), artifact("x_core-0.2.0-py3-none-any.whl", 12),
        artifact("made", 2),
      ]
    ).artifacts
    #expect(
      names.map(\.name) == ["x-0.2.0-sm75-linux.tar.gz", "x_core-0.2.0-py3-none-any.whl", "made", "left"]
    )
    #expect(names.map(\.bytes.old.bytes) == [5, 10, 0, 1])
    #expect(names.map(\.bytes.new.bytes) == [6, 12, 2, 0])
  }

  @Test func `A budget is broken by one byte more than it allows`() {
    let old = [artifact("a.so", 10_000)]
    func isOver(_ bytes: Int64, _ budget: SizeBudget) -> Bool {
      compare(old, [artifact("a.so", bytes)], budget).isOverBudget
    }
    let growth = SizeBudget(growth: .hundredths(200))
    #expect(!isOver(10_200, growth))
    #expect(isOver(10_201, growth))
    #expect(isOver(10_001, SizeBudget(growth: .bytes(.zero))))
    #expect(!isOver(10_001, SizeBudget()))
    #expect(!isOver(11_000, SizeBudget(maximum: ByteCount(11_000))))
    #expect(isOver(11_000, SizeBudget(maximum: ByteCount(10_999))))
    #expect(isOver(11_000, SizeBudget(artifacts: ["a.so": ByteCount(10_999)])))
    #expect(!isOver(11_000, SizeBudget(artifacts: ["b.so": ByteCount(1)])))
  }

  @Test func `An architecture has a budget of its own`() {
    let old = [artifact("a.so", 10_000)]
    let budget = SizeBudget(architectureGrowth: .hundredths(1000))
    #expect(!compare(old, [artifact("a.so", 11_000)], budget).isOverBudget)
    let broken = compare(old, [artifact("a.so", 11_002)], budget)
    #expect(broken.verdicts.filter { !$0.isKept }.map(\.subject) == ["a.so: cubin 75"])
  }

  @Test func `A wheel's budget is found by its project's name`() {
    let wheel = [artifact("x_core-0.1.0-py3-none-any.whl", 10)]
    #expect(compare([], wheel, SizeBudget(artifacts: ["x_core": ByteCount(9)])).isOverBudget)
    #expect(!compare([], wheel, SizeBudget(growth: .bytes(.zero))).isOverBudget)
  }

  @Test(
    arguments: [
      ("2%", Growth.hundredths(200)), ("0.5 %", .hundredths(50)), ("1.25%", .hundredths(125)),
      ("0", .bytes(.zero)),
      ("200KiB", .bytes(ByteCount(204_800))), (" 10 % ", .hundredths(1000)),
    ]
  )
  func `Growth is read`(_ text: String, _ growth: Growth) { #expect(Growth(parsing: text) == growth) }

  @Test(arguments: ["-2%", "2,5%", "%", "two", "1001%", "1.234%", "99999%"])
  func `What is no growth is refused`(_ text: String) { #expect(Growth(parsing: text) == nil) }

  @Test func `Growth of huge and of no files doesn't overflow`() {
    #expect(Growth.hundredths(100_000).limit(from: ByteCount(Int64.max)) == ByteCount(Int64.max))
    #expect(Growth.hundredths(200).limit(from: .zero) == .zero)
    #expect(Growth.hundredths(200).limit(from: ByteCount(149)) == ByteCount(151))
    #expect(Growth.bytes(ByteCount(Int64.max)).limit(from: ByteCount(5)) == ByteCount(Int64.max))
    #expect("\(Growth.hundredths(205))" == "2.05 %" && "\(Growth.hundredths(250))" == "2.5 %")
  }

  @Test func `A sum that doesn't come out is told`() {
    var wrong = artifact("a.so", 100)
    #expect(!wrong.discrepancies.isEmpty)
    wrong.images = []
    wrong.kernels = []
    #expect(wrong.discrepancies == [])
    wrong.files[0].sections = [SectionRow(name: ".text", category: .code, weight: Weight(bytes: 99))]
    #expect(wrong.discrepancies.count == 1)
    wrong.installedBytes = ByteCount(1)
    #expect(wrong.discrepancies.count == 2)
  }
}
