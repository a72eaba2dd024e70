import Planning
import TestSupport
import Testing

@Suite("Units that are compiled for several architectures at once") struct UnitSplitTests {
  /// 1,000 seconds in all: 300, 100 and sixty of 10.
  private let costs = UnitCosts(
    Dictionary(
      uniqueKeysWithValues: [("long.cu", 300), ("middle.cu", 100)] + (0..<60).map { ("u\($0).cu", 10) }
    )
  )

  private func split(jobs: Int, architectures: Int = 8, processes: Int = .max) -> UnitSplit {
    UnitSplit(costs: costs, architectures: architectures, jobs: jobs, processes: processes)
  }

  @Test("what takes more than half of the time that evenly spread work would take")
  func long() {
    #expect(split(jobs: 1) == .none)
    // 500 seconds each, so half is 250.
    #expect(split(jobs: 2).units == ["long.cu"])
    #expect(split(jobs: 5).units == ["long.cu"])
    #expect(split(jobs: 8).units == ["long.cu", "middle.cu"] && split(jobs: 8).threads == 8)
    #expect(split(jobs: 64).units.count == 62)
  }

  @Test("one architecture has nothing to split")
  func oneArchitecture() { #expect(split(jobs: 64, architectures: 1) == .none) }

  @Test(
    "the longest of those whose processes fit into the memory",
    arguments: [(8, 0), (14, 0), (15, 1), (22, 2)]
  )
  func memory(processes: Int, count: Int) {
    let split = split(jobs: 8, processes: processes)
    #expect(split.units == Array(["long.cu", "middle.cu"].prefix(count)))
    #expect(split.threads == (count == 0 ? 1 : 8))
  }

  @Test("more cores never split less, and no more processes than fit", arguments: 0..<20)
  func properties(seed: Int) {
    var generator = SeededGenerator(state: UInt64(seed))
    let costs = UnitCosts(
      Dictionary(
        uniqueKeysWithValues: (0..<40).map { ("\($0).cu", Double.random(in: 1...300, using: &generator)) }
      )
    )
    var before = 0
    for jobs in 1...128 {
      let split = UnitSplit(costs: costs, architectures: 5, jobs: jobs, processes: .max)
      #expect(split.units.count >= before)
      before = split.units.count
      let tight = UnitSplit(costs: costs, architectures: 5, jobs: jobs, processes: jobs + 30)
      #expect(
        tight.units.count * (5 - 1) <= 30 && tight.units == Array(split.units.prefix(tight.units.count))
      )
    }
  }
}
