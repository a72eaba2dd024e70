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

  /// Steps that other machines compiled, by the builder's address.
  public private(set) var distributed: [String: Int] = [:]
  /// Steps that were to be distributed, and were compiled here because that failed.
  public private(set) var distributionFailures = 0

  /// Reads the server's log (`SCCACHE_LOG=sccache::compiler::compiler=debug`) and its statistics in JSON.
  ///
  /// - Parameter only: the architecture, where there is just one, such as `75`: nvcc leaves it out of its files' names then.
  public init(log: String, statistics: String, only: String? = nil) {
    var slow = 0
    for line in log.split(separator: "\n") {
      // [… DEBUG sccache::compiler::compiler] [mmvq.compute_86.sm_86.cubin]: Cache hit in 0.000 s
      guard
        let match = line.firstMatch(
          of:
            #/\[[^\[\]]*?(?:\.compute_([0-9]+[af]?)(?:\.sm_([0-9]+[af]?))?)?\.(ptx|cubin)\]: Cache (hit|miss)/#
        ),
        let architecture = (match.2 ?? match.1).map(String.init) ?? only
      else { continue }
      let step: Step = match.3 == "ptx" ? .ptx : .cubin
      var rate = byArchitecture[architecture]?[step] ?? Rate()
      if match.4 == "hit" { rate.hits += 1 } else { rate.misses += 1 }
      byArchitecture[architecture, default: [:]][step] = rate
    }
    for line in log.split(separator: "\n") where Self.isTrouble(line) { slow += 1 }
    let object = try? JSONSerialization.jsonObject(with: Data(statistics.utf8)) as? [String: Any]
    let stats = object?["stats"] as? [String: Any] ?? [:]
    func count(_ key: String) -> Int {
      if let number = stats[key] as? Int { return number }
      let counts = (stats[key] as? [String: Any])?["counts"] as? [String: Int]
      return counts?.values.reduce(0, +) ?? 0
    }
    total = Rate(hits: count("cache_hits"), misses: count("cache_misses"))
    failures =
      slow + count("cache_timeouts") + count("cache_read_errors") + count("cache_write_errors")
      + count("cache_errors")
    distributed = stats["dist_compiles"] as? [String: Int] ?? [:]
    distributionFailures = count("dist_errors")
  }

  /// Whether a line of the server's log says that its storage failed or gave no answer within 5 seconds.
  ///
  /// sccache tries again for 30 seconds, then counts a miss and no failure.
  static func isTrouble(_ line: some StringProtocol) -> Bool {
    guard line.contains("]: Cache ") else { return false }
    if line.contains("timed out") || line.contains("error") { return true }
    let text = String(line)
    guard let match = text.firstMatch(of: #/\]: Cache (?:hit|miss) in ([0-9]+)\./#) else { return false }
    return (Int(match.1) ?? 0) >= 5
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
    if !distributed.isEmpty {
      let builders = distributed.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      lines.append("  compiled by other machines: \(builders.joined(separator: ", "))")
    }
    if distributionFailures > 0 {
      lines.append("  \(distributionFailures) steps could not be distributed and were compiled here")
    }
    if failures > 0 {
      lines.append(
        "  \(failures) times the cache's storage failed or gave no answer; the build went on without it. Is it still there?"
      )
    }
    return lines
  }
}
