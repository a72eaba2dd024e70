public import ReleaseModel

/// What a verification found, about which files.
public struct VerificationReport: Sendable {
  /// A file that was looked at.
  public struct File: Sendable, Codable, Hashable {
    /// Its name.
    public var file: String
    /// `wheel`, `sdist`, `tarball` or `unknown`.
    public var kind: String
    /// Its size.
    public var bytes: ByteCount
    /// SHA-256 in hexadecimal.
    public var sha256: String
    /// The project that it says it is of, in its normal form.
    public var project: String?
    /// Its version.
    public var version: String?
    /// The versions of Python that it takes, for a wheel that says so.
    public var requiresPython: String?
    /// The architectures in its libraries.
    public var architectures: [Architecture]
  }

  /// The files, in the order in which they were given.
  public let files: [File]
  /// What was found, the heaviest first.
  public let findings: [Finding]

  init(files: [File], findings: [Finding]) {
    self.files = files
    let order = Dictionary(files.enumerated().map { ($1.file, $0) }) { first, _ in first }
    let rules = Dictionary(Rule.all.enumerated().map { ($1.id, $0) }) { first, _ in first }
    // Stable and independent of the order in which files were read.
    self.findings = findings.enumerated().sorted { left, right in
      let (a, b) = (left.element, right.element)
      let first = (a.rule.severity, order[a.file] ?? Int.max, rules[a.rule.id] ?? 0, left.offset)
      let second = (b.rule.severity, order[b.file] ?? Int.max, rules[b.rule.id] ?? 0, right.offset)
      return first < second
    }.map(\.element)
  }

  /// The findings that make a verification fail.
  public var failures: [Finding] { findings.filter(\.rule.severity.fails) }
  /// What a careful maintainer would change.
  public var advice: [Finding] { findings.filter { !$0.rule.severity.fails } }
}

/// A verification that failed, for callers that stop then.
public struct VerificationFailure: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// What was found.
  public let report: VerificationReport
  /// Where the files are, or what happened to them.
  public let consequence: String

  /// Makes the error.
  public init(_ report: VerificationReport, consequence: String) {
    self.report = report
    self.consequence = consequence
  }

  /// What was built isn't what was promised.
  public var exitStatus: ExitStatus { .verificationFailed }

  /// Every failure on a line, and what became of the files.
  public var description: String {
    let lines = report.failures.map { finding in
      let place = finding.place.map { " (\($0))" } ?? ""
      return "  \(finding.rule.id) \(finding.file)\(place): \(finding.seen)"
    }
    let rules = Set(report.failures.map(\.rule.id)).sorted().joined(separator: " ")
    return "verification found \(report.failures.count) failures:\n" + lines.joined(separator: "\n")
      + "\n\(consequence)\nwhat the rules say: llcuda-build verify --explain \(rules)"
  }
}
