/// What was found out about one thing that a build needs.
public struct Finding: Hashable, Sendable, Codable {
  /// How it stands.
  public enum State: String, Hashable, Sendable, Codable {
    /// Fine.
    case ok
    /// A build works, but less well than it could.
    case advice
    /// A build would fail.
    case missing
  }

  /// What was looked at, such as `nvcc`.
  public let subject: String
  /// How it stands.
  public let state: State
  /// What is there, or what is wrong.
  public let found: String
  /// How to get it right; `nil` when it is.
  public let remedy: String?

  /// Something that is fine.
  public static func ok(_ subject: String, _ found: String) -> Finding {
    Finding(subject: subject, state: .ok, found: found, remedy: nil)
  }

  /// Something that could be better.
  public static func advice(_ subject: String, _ found: String, _ remedy: String) -> Finding {
    Finding(subject: subject, state: .advice, found: found, remedy: remedy)
  }

  /// Something without which a build fails.
  public static func missing(_ subject: String, _ found: String, _ remedy: String) -> Finding {
    Finding(subject: subject, state: .missing, found: found, remedy: remedy)
  }
}

/// Everything that was found out about a machine.
public struct Checkup: Hashable, Sendable, Codable {
  /// In the order in which a build needs the things.
  public var findings: [Finding]

  /// Makes a checkup.
  public init(_ findings: [Finding]) { self.findings = findings }

  /// Whether a build can work.
  public var isReady: Bool { !findings.contains { $0.state == .missing } }

  /// The findings for people: a line each, with the way out below those that have one.
  public func text(markdown: Bool = false) -> String {
    let width = findings.map(\.subject.count).max() ?? 0
    var lines: [String] = []
    for finding in findings {
      let name = finding.subject + String(repeating: " ", count: width - finding.subject.count)
      let mark =
        switch finding.state {
        case .ok: "ok      "
        case .advice: "advice  "
        case .missing: "MISSING "
        }
      lines.append(
        markdown
          ? "- **\(finding.subject)** \(finding.state.rawValue): \(finding.found)"
          : "\(mark)\(name)  \(finding.found)"
      )
      if let remedy = finding.remedy {
        lines.append((markdown ? "  " : String(repeating: " ", count: 8 + width + 2)) + "→ \(remedy)")
      }
    }
    let missing = findings.count { $0.state == .missing }
    let advice = findings.count { $0.state == .advice }
    let verdict = missing == 0 ? "ready to build" : "\(missing) missing"
    lines.append("")
    lines.append("\(verdict)\(advice == 0 ? "" : ", \(advice) could be better")")
    return lines.joined(separator: "\n") + "\n"
  }
}
