/// How well a compile tree kept the machine busy.
public struct TreeLoad: Hashable, Sendable {
  /// How many compilers ran at once at most.
  public let jobs: Int
  /// From the first beginning to the last end, in seconds.
  public let wall: Double
  /// All compilers' time together, in seconds.
  public let work: Double
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
    let changes = units.flatMap { [($0.start + 1e-3, 1), ($0.end, -1)] }.sorted { $0 < $1 }
    var (running, most) = (0, 0)
    for change in changes {
      running += change.1
      most = max(most, running)
    }
    jobs = max(1, most)
    running = 0
    var lastFull = start
    for change in changes {
      if running >= most { lastFull = change.0 }
      running += change.1
    }
    tail = max(0, end - lastFull)
  }

  /// The share of the time in which the jobs had work, 0 to 1.
  public var busy: Double { wall > 0 ? min(1, work / (wall * Double(jobs))) : 1 }

  /// The least time that a number of equal machines would need: an even share each, but never less than the longest unit.
  public func seconds(onMachines count: Int) -> Double {
    max(work / Double(jobs * max(1, count)), longest.seconds)
  }
}
