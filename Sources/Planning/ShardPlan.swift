public import ReleaseModel

/// Which machine compiles which translation units.
///
/// Every machine computes the same plan from the same list, so that nothing but `2/3` has to be told to it.
public struct ShardPlan: Hashable, Sendable, Codable {
  /// A machine's share.
  public struct Share: Hashable, Sendable, Codable {
    /// Which one.
    public let shard: Shard
    /// Its units, in the order of the whole list.
    public let units: [String]
    /// What they take together, in seconds of one core where the costs were measured.
    public let seconds: Double
  }

  /// The shares, by index.
  public let shares: [Share]

  /// Balances units over shares: the longest first, each to the share that has least so far.
  ///
  /// That is at most 4/3 of the best possible (Graham 1969, longest processing time), and deterministic: ties go by
  /// name and by index.
  ///
  /// - Throws: ``ShardPlanError/moreShardsThanUnits(_:units:)``, ``ShardPlanError/count(_:)``.
  public init(units: [String], costs: UnitCosts, count: Int) throws {
    guard (1...Shard.most).contains(count) else { throw ShardPlanError.count(count) }
    guard count <= units.count else { throw ShardPlanError.moreShardsThanUnits(count, units: units.count) }
    var loads = [Double](repeating: 0, count: count)
    var chosen = [Set<String>](repeating: [], count: count)
    for unit in costs.longestFirst(units) {
      let least = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      loads[least] += unit.seconds
      chosen[least].insert(unit.name)
    }
    shares = Shard.all(count).map { shard in
      let mine = chosen[shard.index - 1]
      return Share(shard: shard, units: units.filter(mine.contains), seconds: loads[shard.index - 1])
    }
  }

  /// The fewest shards that end as early as any number of them can: when the longest unit does.
  ///
  /// - Returns: that number and the unit; none without units.
  public static func enough(for units: [String], costs: UnitCosts) -> (count: Int, longest: String)? {
    guard let longest = costs.longestFirst(units).first else { return nil }
    let count = (1...Shard.most).first { count in
      let plan = try? ShardPlan(units: units, costs: costs, count: count)
      return plan?.shares.allSatisfy { $0.seconds <= longest.seconds } ?? false
    }
    return count.map { ($0, longest.name) }
  }

  /// The units of a share; empty for a share of another plan.
  public func units(of shard: Shard) -> [String] { shares.first { $0.shard == shard }?.units ?? [] }
}

/// A number of shards that can't be.
public enum ShardPlanError: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// Some shards would have nothing to do.
  case moreShardsThanUnits(Int, units: Int)
  /// None, or too many.
  case count(Int)

  /// Wrong usage.
  public var exitStatus: ExitStatus { .usage }

  /// The message: what is wrong and the way out.
  public var description: String {
    switch self {
    case .moreShardsThanUnits(let count, let units):
      "\(count) shards are more than the \(units) translation units there are; use \(units) or fewer"
    case .count(let count): "\(count) shards cannot be; use a number from 1 to \(Shard.most)"
    }
  }
}
