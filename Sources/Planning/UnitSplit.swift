/// Which translation units nvcc compiles for all their architectures side by side (`--threads`), one process for each.
///
/// Ninja starts the longest units first, which fills the cores as long as no unit takes longer than the whole build would
/// if its work were spread evenly. With many cores the longest ones do: all others have ended, and a unit's
/// architectures still wait for each other. Those, and no others: each split unit runs more processes than Ninja knows of.
public struct UnitSplit: Hashable, Sendable {
  /// The units, by file name, the longest first.
  public let units: [String]
  /// How many processes compile each.
  public let threads: Int

  /// Nothing is split.
  public static let none = UnitSplit(units: [], threads: 1)

  private init(units: [String], threads: Int) { (self.units, self.threads) = (units, threads) }

  /// Splits what takes more than half of the time that the build would take if its work were spread evenly.
  ///
  /// Half, because the processes of split units take turns with the others at the start, and what is not split then takes
  /// longer, too.
  ///
  /// - Parameters:
  ///   - costs: what units take; only their proportions count.
  ///   - architectures: how many compute capabilities each is compiled for.
  ///   - jobs: how many compilers run at once.
  ///   - processes: how many fit into the memory.
  public init(costs: UnitCosts, architectures: Int, jobs: Int, processes: Int) {
    guard architectures > 1, jobs > 0 else {
      self = .none
      return
    }
    let longestFirst = costs.longestFirst(costs.units)
    let even = longestFirst.reduce(0) { $0 + $1.seconds } / Double(jobs)
    let long = longestFirst.prefix { $0.seconds > even / 2 }
    let affordable = max(0, processes - jobs) / (architectures - 1)
    let units = long.prefix(affordable).map(\.name)
    self = units.isEmpty ? .none : UnitSplit(units: units, threads: architectures)
  }
}
