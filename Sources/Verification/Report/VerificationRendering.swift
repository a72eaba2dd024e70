public import Reporting

/// Renders what a verification found; ends in a newline.
///
/// - Throws: `EncodingError`, which no report of ours causes.
public func render(_ report: VerificationReport, as format: ReportFormat) throws -> String {
  switch format {
  case .table: VerificationText(report).table.joined(separator: "\n") + "\n"
  case .markdown: VerificationText(report).markdown.joined(separator: "\n") + "\n"
  case .json: try json(VerificationDocument(report))
  }
}

/// Renders rules for `--explain`.
///
/// - Throws: `EncodingError`, which no rule causes.
public func render(_ rules: [Rule], as format: ReportFormat) throws -> String {
  switch format {
  case .json: return try json(rules.map(VerificationDocument.RuleRecord.init))
  case .markdown:
    var table = Table([.text("id"), .text("rule"), .text("severity"), .text("source"), .text("way out")])
    for rule in rules {
      table.append([
        Markdown.code(rule.id), Markdown.text(rule.sentence), rule.severity.rawValue,
        Markdown.text(rule.source), Markdown.text(rule.wayOut),
      ])
    }
    return table.markdownLines().joined(separator: "\n") + "\n"
  case .table:
    return rules.map { rule in
      """
      \(rule.id): \(rule.sentence)
        severity  \(rule.severity.rawValue): \(rule.severity.meaning)
        source    \(rule.source)
        way out   \(rule.wayOut)
      """
    }.joined(separator: "\n\n") + "\n"
  }
}

extension Rule.Severity {
  /// What happens, in words.
  var meaning: String {
    switch self {
    case .rejected: "PyPI refuses the upload"
    case .mailed: "PyPI sends a mail, and has announced to refuse"
    case .required: "PyPI takes it, and people who install it would be hurt"
    case .advice: "works, and would be better otherwise"
    }
  }
}

/// The report as JSON: dist/schema/verification.schema.json.
struct VerificationDocument: Encodable {
  struct RuleRecord: Encodable {
    let id: String
    let severity: String
    let sentence: String
    let source: String
    let wayOut: String

    init(_ rule: Rule) {
      id = rule.id
      severity = rule.severity.rawValue
      sentence = rule.sentence
      source = rule.source
      wayOut = rule.wayOut
    }
  }
  struct FindingRecord: Encodable {
    let rule: String
    let severity: String
    let file: String
    let place: String?
    let seen: String
  }

  let schemaVersion = 1
  let passed: Bool
  let files: [VerificationReport.File]
  let findings: [FindingRecord]
  /// The rules that findings name, each once.
  let rules: [RuleRecord]

  init(_ report: VerificationReport) {
    passed = report.failures.isEmpty
    files = report.files
    findings = report.findings.map {
      FindingRecord(
        rule: $0.rule.id,
        severity: $0.rule.severity.rawValue,
        file: $0.file,
        place: $0.place,
        seen: $0.seen
      )
    }
    let named = Set(report.findings.map(\.rule.id))
    rules = Rule.all.filter { named.contains($0.id) }.map(RuleRecord.init)
  }
}

/// The report for people.
private struct VerificationText {
  let report: VerificationReport

  init(_ report: VerificationReport) { self.report = report }

  private var verdict: String {
    let files = report.files.count == 1 ? "1 file" : "\(report.files.count) files"
    let advice = report.advice.isEmpty ? "" : ", \(report.advice.count) advised"
    let failures = report.failures.count == 1 ? "1 failure" : "\(report.failures.count) failures"
    return "\(files): \(report.failures.isEmpty ? "nothing wrong" : failures)\(advice)"
  }

  /// Findings of one rule stand together; a rule that is broken everywhere is told a few times only.
  private static let most = 20

  private var groups: [(rule: Rule, findings: [Finding])] {
    var groups: [(Rule, [Finding])] = []
    for finding in report.findings {
      if let index = groups.firstIndex(where: { $0.0 == finding.rule }) {
        groups[index].1.append(finding)
      } else {
        groups.append((finding.rule, [finding]))
      }
    }
    return groups
  }

  var table: [String] {
    var lines: [String] = []
    for (rule, findings) in groups {
      lines.append("\(rule.id) \(rule.severity.rawValue): \(rule.sentence)")
      for finding in findings.prefix(Self.most) {
        // Wheels have long names; with one file there is nothing to tell apart.
        let name = report.files.count == 1 ? finding.place ?? finding.file : finding.file
        let place = report.files.count == 1 ? "" : finding.place.map { ", \($0)" } ?? ""
        lines.append("  \(name)\(place): \(finding.seen)".oneLine)
      }
      if findings.count > Self.most { lines.append("  and \(findings.count - Self.most) more") }
      lines.append("  -> \(rule.wayOut)")
      lines.append("")
    }
    return lines + [verdict]
  }

  var markdown: [String] {
    var table = Table([.text("rule"), .text("severity"), .text("file"), .text("place"), .text("seen"), .text("way out")])
    for (rule, findings) in groups {
      for finding in findings.prefix(Self.most) {
        table.append([
          Markdown.code(rule.id), rule.severity.rawValue, Markdown.code(finding.file),
          Markdown.text(finding.place ?? ""), Markdown.text(finding.seen), Markdown.text(rule.wayOut),
        ])
      }
    }
    let lines = ["### Verification: \(Markdown.text(verdict))"]
    return report.findings.isEmpty ? lines : lines + [""] + table.markdownLines()
  }
}

extension String {
  /// The text without characters that a terminal would obey: names in hostile archives hold them.
  fileprivate var oneLine: String {
    let bad: Set<Unicode.GeneralCategory> = [.control, .format, .lineSeparator, .paragraphSeparator]
    var scalars = UnicodeScalarView()
    for scalar in unicodeScalars {
      scalars.append(bad.contains(scalar.properties.generalCategory) ? "\u{FFFD}" : scalar)
    }
    return String(scalars)
  }
}
