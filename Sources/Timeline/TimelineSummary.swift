/// What a run's time went into and what would shorten it, in a few lines.
public struct TimelineSummary: Hashable, Sendable {
  private let spans: [Span]

  /// Makes the summary of a run.
  public init(_ spans: [Span]) { self.spans = spans }

  /// The lines; none for a run that did nothing worth a word.
  public var lines: [String] {
    let path = CriticalPath(spans)
    guard path.seconds >= 1 else { return [] }
    let legs = path.legs.filter { $0.seconds >= 0.05 * path.seconds }.map(Self.text)
    return ["critical path, \(Self.duration(path.seconds)): \(legs.joined(separator: ", "))"]
      + advice(on: path)
  }

  private static func text(_ leg: CriticalPath.Leg) -> String {
    let time = duration(leg.seconds)
    switch leg.kind {
    case .compile:
      let longest =
        leg.count > 1 ? ", \(leg.longest.name) the longest with \(duration(leg.longest.seconds))" : ""
      let what = leg.count == 1 ? leg.longest.name : "\(leg.count) units in a row"
      return "compile \(leg.track) \(time) (\(what)\(longest))"
    default:
      let what = leg.count == 1 ? leg.longest.name : "\(leg.count) times, \(leg.longest.name) the longest"
      return "\(leg.kind.rawValue) \(time) (\(what))"
    }
  }

  private func advice(on path: CriticalPath) -> [String] {
    guard let load = TreeLoad(spans, track: "kernels"), load.wall > 0.2 * path.seconds, load.wall >= 10 else {
      return []
    }
    let jobs = "\(load.jobs) \(load.jobs == 1 ? "compiler" : "compilers")"
    let busy = "kernels kept \(jobs) busy \(Int((load.busy * 100).rounded())) % of the time"
    let floor =
      "\(load.longest.name) alone takes \(Self.duration(load.longest.seconds)), which no shard is shorter than"
    guard load.seconds(onMachines: 2) < 0.95 * load.wall else {
      return ["shorter with: nothing outside of the longest units; \(busy), and \(floor)"]
    }
    // The number of machines from which on the longest unit decides.
    let useful = Int((load.work / (Double(load.jobs) * load.longest.seconds)).rounded(.up))
    let machines = max(2, min(useful, 4))
    var lines = [
      "shorter with: \(machines) machines like this (--shard 1/\(machines) …), about \(Self.duration(load.seconds(onMachines: machines))) instead of \(Self.duration(load.wall)), or more cores; \(busy), and \(floor)"
    ]
    if load.tail > 0.1 * load.wall {
      lines.append(
        "the last \(Self.duration(load.tail)) of the kernels ran on fewer compilers than there were"
      )
    }
    return lines
  }

  /// A duration for people, such as 3 min 20 s.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds)
    switch whole {
    case ..<60: return "\((seconds * 10).rounded() / 10) s"
    case ..<3600: return "\(whole / 60) min \(whole % 60) s"
    default: return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
  }
}
