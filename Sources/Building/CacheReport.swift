import Foundation

/// What a compiler cache had and what it hadn't, by architecture and kind.
///
/// sccache runs nvcc's steps one by one, and caches each: what is asked for an architecture is its PTX (from cicc) and
/// its cubin (from ptxas). Its log names the file that each step makes, its statistics count kinds and failures.
public struct CacheReport: Hashable, Sendable {
  /// How often something was asked for, and how often it was there.
  public struct Rate: Hashable, Sendable, CustomStringConvertible {
    /// It was there.
    public var hits = 0
    /// It was not.
    public var misses = 0

    /// `12 of 16`.
    public var description: String { "\(hits) of \(hits + misses)" }
  }

  /// Kinds of an architecture's steps.
  public enum Step: String, Hashable, Sendable, CaseIterable {
    /// cicc's output.
    case ptx = "PTX"
    /// ptxas's output.
    case cubin = "cubins"
  }

  /// Rates by architecture, such as `75`, and step.
  public private(set) var byArchitecture: [String: [Step: Rate]] = [:]
  /// All steps together, host compilations included.
  public private(set) var total = Rate()
  /// Results that could not be read or written, or not in time.
  public private(set) var failures = 0

  /// Reads the server's log (`SCCACHE_LOG=sccache::compiler::compiler=debug`) and its statistics in JSON.
  public init(log: String, statistics: String) {
    for line in log.split(separator: "\n") {
      // [… DEBUG sccache::compiler::compiler] [mmvq.compute_86.sm_86.cubin]: Cache hit in 0.000 s
      guard
        let match = line.firstMatch(
          of: #/\[[^\[\]]*compute_([0-9]+[af]?)(?:\.sm_([0-9]+[af]?))?\.(ptx|cubin)\]: Cache (hit|miss)/#
        )
      else { continue }
      let architecture = String(match.2 ?? match.1)
      let step: Step = match.3 == "ptx" ? .ptx : .cubin
      var rate = byArchitecture[architecture]?[step] ?? Rate()
      if match.4 == "hit" { rate.hits += 1 } else { rate.misses += 1 }
      byArchitecture[architecture, default: [:]][step] = rate
    }
    let object = try? JSONSerialization.jsonObject(with: Data(statistics.utf8)) as? [String: Any]
    let stats = object?["stats"] as? [String: Any] ?? [:]
    func count(_ key: String) -> Int {
      if let number = stats[key] as? Int { return number }
      let counts = (stats[key] as? [String: Any])?["counts"] as? [String: Int]
      return counts?.values.reduce(0, +) ?? 0
    }
    total = Rate(hits: count("cache_hits"), misses: count("cache_misses"))
    failures =
      count("cache_timeouts") + count("cache_read_errors") + count("cache_write_errors")
      + count("cache_errors")
  }

  /// The report in lines for people; none when nothing was compiled.
  ///
  /// - Parameter storage: where results are kept, in words.
  public func lines(storage: String) -> [String] {
    guard total.hits + total.misses > 0 else { return [] }
    let rate = Int((Double(total.hits) / Double(total.hits + total.misses) * 100).rounded())
    var lines = ["compiler cache (\(storage)): \(total) steps were there, \(rate) %"]
    let number: (String) -> Int = { Int($0.filter(\.isNumber)) ?? 0 }
    for architecture in byArchitecture.keys.sorted(by: { (number($0), $0) < (number($1), $1) }) {
      let steps = Step.allCases.compactMap { step in
        byArchitecture[architecture]?[step].map { "\(step.rawValue) \($0)" }
      }
      lines.append("  \(architecture): \(steps.joined(separator: ", "))")
    }
    if failures > 0 {
      lines.append(
        "  \(failures) times the cache's storage failed or gave no answer; the build went on without it. Is it still there?"
      )
    }
    return lines
  }
}
