/// How well the machine was kept busy while a tree compiled; another may have compiled beside it.
public struct TreeLoad: Hashable, Sendable {
  /// How many compilers ran at once at most.
  public let jobs: Int
  /// From the first beginning to the last end, in seconds.
  public let wall: Double
  /// The time of the tree's own compilers together, in seconds.
  public let work: Double
  /// The time of all compilers in ``wall`` together, in seconds.
  public let allWork: Double
  /// The time at the end in which fewer than ``jobs`` compilers ran, in seconds.
  public let tail: Double
  /// The longest unit.
  public let longest: Span
  /// The units, by length.
  public let units: [Span]

  /// Measures a track; `nil` when nothing was compiled in it.
  public init?(_ spans: [Span], track: String) {
    let units = spans.filter { $0.track == track && $0.kind == .compile }.sorted {
      ($0.seconds, $1.name) > ($1.seconds, $0.name)
    }
    guard let longest = units.first, let start = units.map(\.start).min(), let end = units.map(\.end).max()
    else { return nil }
    self.units = units
    self.longest = longest
    wall = end - start
    work = units.reduce(0) { $0 + $1.seconds }
    // Beginnings after ends of the same moment: a job that takes another's place isn't one more.
    let running = spans.filter { $0.kind == .compile && $0.end > start && $0.start < end }
    allWork = running.reduce(0) { $0 + min($1.end, end) - max($1.start, start) }
    let changes = running.flatMap { [($0.start + 1e-3, 1), ($0.end, -1)] }.sorted { $0 < $1 }
    var (count, most) = (0, 0)
    for change in changes {
      count += change.1
      most = max(most, count)
    }
    jobs = max(1, most)
    count = 0
    var lastFull = start
    for change in changes {
      if count >= most { lastFull = change.0 }
      count += change.1
    }
    tail = max(0, end - min(lastFull, end))
  }

  /// The share of the time in which the jobs had work, 0 to 1.
  public var busy: Double { wall > 0 ? min(1, allWork / (wall * Double(jobs))) : 1 }

  /// The least time that a number of equal machines would need: an even share each, but never less than the longest unit.
  public func seconds(onMachines count: Int) -> Double {
    max(work / Double(jobs * max(1, count)), longest.seconds)
  }
}
