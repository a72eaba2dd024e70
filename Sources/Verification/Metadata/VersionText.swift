import Packaging

/// A version of PEP 440 as it stands in names and requirements of any project.
struct VersionText: Hashable, Sendable {
  /// The normal form without the local part, and without zeros at the end of the release: 1.0 is 1.0.0.
  let key: String
  /// What stands behind `+`.
  let local: String?

  /// - Returns: nil when the text is no version.
  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    guard let version = try? ProjectVersion(String(parts[0])) else { return nil }
    if parts.count == 2 {
      guard parts[1].lowercased().wholeMatch(of: #/[a-z0-9]+(?:[-_.][a-z0-9]+)*/#) != nil else { return nil }
    }
    local = parts.count == 2 ? parts[1].lowercased() : nil
    key = Self.withoutTrailingZeros(version.text)
  }

  private static func withoutTrailingZeros(_ text: String) -> String {
    guard let match = text.wholeMatch(of: #/((?:[0-9]+!)?[0-9.]*?)(?:\.0)*((?:[a-z].*|\.(?:post|dev).*)?)/#) else {
      return text
    }
    return String(match.1 + match.2)
  }
}

/// A range of versions as in `Requires-Python` and requirements: PEP 440's version specifiers.
enum VersionRange {
  /// Whether each comma-separated clause is an operator and a version.
  static func isValid(_ text: some StringProtocol) -> Bool {
    let clauses = text.split(separator: ",", omittingEmptySubsequences: true)
    return clauses.allSatisfy { isClause($0.trimmed) } && !text.trimmed.hasPrefix(",")
  }

  private static func isClause(_ clause: String) -> Bool {
    let operators = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"]
    guard let sign = operators.first(where: { clause.hasPrefix($0) }) else { return false }
    let version = clause.dropFirst(sign.count).trimmed
    switch sign {
    case "===": return !version.isEmpty && !version.contains(where: \.isWhitespace)
    case "==", "!=":
      if version.hasSuffix(".*") {
        let stem = version.dropLast(2)
        // A prefix is a release, without dev or local parts.
        return VersionText(stem) != nil && !stem.contains("+") && !stem.contains("dev")
      }
      return VersionText(version) != nil
    case "~=":
      guard let parsed = VersionText(version), parsed.local == nil else { return false }
      // 'Compatible with 2' would say nothing.
      return version.wholeMatch(of: #/v?(?:[0-9]+!)?[0-9]+\..*/#.ignoresCase()) != nil
    default: return VersionText(version).map { $0.local == nil } ?? false
    }
  }
}

extension StringProtocol {
  /// The text without blanks at its ends.
  var trimmed: String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
