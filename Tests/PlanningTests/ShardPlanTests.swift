import Planning
import ReleaseModel
import Testing

@Suite("Shards of a build") struct ShardPlanTests {
  @Test("texts that are a share, and texts that aren't")
  func parsing() throws {
    #expect(Shard(parsing: "2/3")?.description == "2/3")
    for text in [
      "0/3", "4/3", "2", "2/", "/3", "-1/3", "1/0", "1/257", "1/2/3", "a/b", "", "99999999999999999999/3",
    ] {
      #expect(Shard(parsing: text) == nil, "\(text)")
    }
    #expect(ShardSelection(parsing: "core") == .core)
    #expect(ShardSelection(parsing: "1/1").map { "\($0) \($0.fileName)" } == "1/1 1-of-1")
    #expect(ShardSelection(parsing: "cores") == nil)
  }

  private let costs = UnitCosts(
    parsing: "# slow ones\na.cu 320.5\nb.cu 100\nc.cu 90\nd.cu 90\nbroken\ne.cu nan\n"
  )

  @Test("measured seconds by file name, the median for what nobody measured")
  func unitCosts() {
    #expect(costs.units == ["a.cu", "b.cu", "c.cu", "d.cu"])
    #expect(costs.seconds(of: "ggml/x.dir/a.cu.o") == 320.5)
    #expect(costs.seconds(of: "new.cu") == costs.median && costs.median == 100)
    #expect(UnitCosts([:]).seconds(of: "any.cu") == 1)
  }

  @Test("without flash attention its units count like small ones, so that shares stay even")
  func withoutFlashAttention() throws {
    let costs = UnitCosts(["fattn-a.cu": 300, "mmq.cu": 100, "mmvq.cu": 95, "pad.cu": 10, "fattn-b.cu": 12])
    let units = costs.units
    let without = costs.withoutFlashAttention
    #expect(without.seconds(of: "fattn-a.cu.o") == 23 && without.seconds(of: "fattn-b.cu") == 12)
    #expect(without.seconds(of: "mmq.cu") == 100)
    let plan = try ShardPlan(units: units, costs: without, count: 2)
    #expect(plan.shares.map(\.seconds) == [122, 118])
    // By the full times one machine would have compiled fattn-a.cu alone.
    #expect(try ShardPlan(units: units, costs: costs, count: 2).shares[0].units == ["fattn-a.cu"])
  }

  @Test("the longest unit gets a machine to itself when the rest fits on the other")
  func balance() throws {
    let plan = try ShardPlan(units: ["a.cu.o", "b.cu.o", "c.cu.o", "d.cu.o"], costs: costs, count: 2)
    #expect(plan.shares.map(\.units) == [["a.cu.o"], ["b.cu.o", "c.cu.o", "d.cu.o"]])
    #expect(plan.shares.map(\.seconds) == [320.5, 280])
  }

  @Test(
    "every unit is in exactly one share, whatever the order of the list, and never above 4/3 of the best",
    arguments: 1...9
  )
  func partition(count: Int) throws {
    var generator = SeededGenerator(state: UInt64(count))
    let units = (0..<40).map { "unit-\($0).cu" }
    let costs = UnitCosts(
      Dictionary(units.map { ($0, Double.random(in: 1...100, using: &generator)) }) { $1 }
    )
    let plan = try ShardPlan(units: units, costs: costs, count: count)
    #expect(plan.shares.flatMap(\.units).sorted() == units.sorted())
    let shuffled = try ShardPlan(units: units.shuffled(using: &generator), costs: costs, count: count)
    #expect(shuffled.shares.map { Set($0.units) } == plan.shares.map { Set($0.units) })
    let total = units.reduce(0) { $0 + costs.seconds(of: $1) }
    let best = max(total / Double(count), units.map(costs.seconds).max() ?? 0)
    #expect(plan.shares.allSatisfy { $0.seconds <= best * 4 / 3 })
    #expect(plan.shares.allSatisfy { share in plan.units(of: share.shard) == share.units })
  }

  @Test("more machines than units, and none at all")
  func counts() {
    let error = #expect(throws: ShardPlanError.self) { try ShardPlan(units: ["a"], costs: costs, count: 2) }
    #expect(error == .moreShardsThanUnits(2, units: 1) && error?.exitStatus == .usage)
    #expect(throws: ShardPlanError.count(0)) { try ShardPlan(units: ["a"], costs: costs, count: 0) }
  }

  @Test("as many shards as are of use: when the longest unit is compiled, the others are, too")
  func enough() throws {
    let two = try #require(ShardPlan.enough(for: costs.units, costs: costs))
    #expect(two.count == 2 && two.longest == "a.cu")
    // One more small unit, and two machines no longer suffice.
    let three = try #require(ShardPlan.enough(for: costs.units + ["new.cu"], costs: costs))
    #expect(three.count == 3 && three.longest == "a.cu")
    #expect(ShardPlan.enough(for: [], costs: costs) == nil)
  }

  @Test("the matrix: the core first, then every share with its percentage and a name without a slash")
  func matrix() throws {
    let plan = try ShardPlan(units: ["a.cu", "b.cu", "c.cu", "d.cu"], costs: costs, count: 2)
    let jobs = ShardMatrix(plan).include
    #expect(jobs.map(\.shard) == ["core", "1/2", "2/2"])
    #expect(jobs.map(\.artifact) == ["part-core", "part-1-of-2", "part-2-of-2"])
    #expect(jobs.map(\.percent) == [0, 53.4, 46.6])
  }
}
