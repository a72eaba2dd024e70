/// The chain of spans that a run's end waited for, each begun when the one before it ended.
///
/// Found backwards from the last end: of all spans that ended before this one began, the latest. Nobody told which
/// command waits for which file, but where cores are the limit, waiting for a core is what takes time.
public struct CriticalPath: Hashable, Sendable {
  /// The spans, the first first.
  public let spans: [Span]
  /// From the first span's beginning to the last one's end, in seconds.
  public let seconds: Double

  /// A pause this short between two spans is the scheduler's, in seconds.
  private static let slack = 0.01

  /// Finds the path through a run; stages, which contain the rest, don't count, and neither do programs that ran Ninja.
  public init(_ all: [Span]) {
    var byEnd = all.filter { $0.kind != .stage && $0.name != "ninja" }.sorted {
      ($0.end, $0.start, $0.name) < ($1.end, $1.start, $1.name)
    }
    var path: [Span] = []
    while let last = byEnd.popLast() {
      if let next = path.last, last.end > next.start + Self.slack { continue }
      path.append(last)
    }
    spans = path.reversed()
    seconds = spans.isEmpty ? 0 : spans[spans.count - 1].end - spans[0].start
  }

  /// Neighbours of one kind and track taken together, and compilers whatever their tree, because trees share the cores.
  public var legs: [Leg] {
    spans.reduce(into: []) { legs, span in
      if let last = legs.indices.last, legs[last].kind == span.kind,
        legs[last].track == span.track || span.kind == .compile
      {
        if legs[last].longest.track != span.track { legs[last].track = "kernels and core" }
        legs[last].count += 1
        legs[last].seconds += span.seconds
        if span.seconds > legs[last].longest.seconds { legs[last].longest = span }
      } else {
        legs.append(Leg(kind: span.kind, track: span.track, count: 1, seconds: span.seconds, longest: span))
      }
    }
  }

  /// A stretch of the path.
  public struct Leg: Hashable, Sendable {
    /// What was done.
    public let kind: Span.Kind
    /// Where it belongs.
    public fileprivate(set) var track: String
    /// How many spans.
    public fileprivate(set) var count: Int
    /// Their time, in seconds.
    public fileprivate(set) var seconds: Double
    /// The longest of them.
    public fileprivate(set) var longest: Span
  }
}
