/// A rule that a file or a release has to keep.
///
/// The id is stable: scripts may rely on it. A dash parts the sides of one rule, such as `X05-rpath`.
public struct Rule: Hashable, Sendable {
  /// What happens to a file that breaks the rule.
  public enum Severity: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    /// PyPI refuses the upload.
    case rejected
    /// PyPI takes the file and sends a mail; announced to become a refusal.
    case mailed
    /// PyPI would take it; people who install it would be hurt.
    case required
    /// It works, and a careful maintainer would still change it.
    case advice

    /// Whether a finding of it makes a verification fail.
    public var fails: Bool { self != .advice }

    /// Orders by weight, the heaviest first.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
  }

  /// The id, such as `Z07`.
  public let id: String
  /// What happens to a file that breaks it.
  public let severity: Severity
  /// The rule in one sentence, without a final period.
  public let sentence: String
  /// Where it stands.
  public let source: String
  /// What to do about a finding.
  public let wayOut: String

  init(_ id: String, _ severity: Severity, _ sentence: String, source: String, wayOut: String) {
    self.id = id
    self.severity = severity
    self.sentence = sentence
    self.source = source
    self.wayOut = wayOut
  }

  /// Every rule, by subject.
  public static let all: [Rule] =
    fileRules + nameRules + zipRules + recordRules + metadataRules + pathRules + contentRules + binaryRules
    + kernelRules + releaseRules

  /// The rule with an id, letters' case aside.
  public static func named(_ id: String) -> Rule? { all.first { $0.id.lowercased() == id.lowercased() } }
}

/// A place where a rule is broken.
public struct Finding: Hashable, Sendable {
  /// The rule.
  public let rule: Rule
  /// The file, as it was named.
  public let file: String
  /// The member, field, line or byte inside; nil when it is the file as a whole.
  public let place: String?
  /// What was seen there.
  public let seen: String

  /// Makes a finding.
  init(_ rule: Rule, in file: String, at place: String? = nil, _ seen: String) {
    self.rule = rule
    self.file = file
    self.place = place
    self.seen = seen
  }
}
