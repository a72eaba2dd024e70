/// A requirement of PEP 508: `name[extra] >=1 ; python_version < "3.12"`.
struct Requirement: Sendable, Hashable {
  let name: String
  let extras: [String]
  /// The versions as written, without blanks at the ends.
  let versions: String
  /// The address of a direct reference.
  let address: String?
  let marker: String?

  /// - Returns: nil when the text breaks the grammar.
  init?(_ text: String) {
    let shape = #/\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(.*)/#.dotMatchesNewlines()
    guard let match = text.wholeMatch(of: shape) else { return nil }
    name = String(match.1)
    let written = match.2?.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed) ?? []
    extras = written.filter { !$0.isEmpty }
    guard extras.count == written.count || written == [""],
      extras.allSatisfy({ $0.wholeMatch(of: #/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/#) != nil })
    else { return nil }
    var rest = String(match.3)
    if rest.hasPrefix("@") {
      // A blank ends the address, so that a semicolon may be part of it.
      let parts = rest.dropFirst().trimmed.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let first = parts.first else { return nil }
      address = String(first)
      versions = ""
      rest = parts.count > 1 ? parts[1].trimmed : ""
      guard rest.isEmpty || rest.hasPrefix(";") else { return nil }
      marker = rest.isEmpty ? nil : rest.dropFirst().trimmed
    } else {
      address = nil
      let parts = rest.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
      var range = (parts.first ?? "").trimmed
      if range.hasPrefix("("), range.hasSuffix(")") { range = range.dropFirst().dropLast().trimmed }
      guard VersionRange.isValid(range) else { return nil }
      versions = range
      marker = parts.count > 1 ? parts[1].trimmed : nil
    }
    if let marker, !Marker.isValid(marker) { return nil }
  }

  /// The extra that must be asked for; nil when it is always required.
  var extra: String? {
    guard let match = marker?.firstMatch(of: #/extra\s*==\s*["']([^"']+)["']/#) else { return nil }
    return String(match.1)
  }
}

/// The grammar of environment markers; what they say about a machine is not asked here.
struct Marker {
  private static let variables: Set<String> = [
    "python_version", "python_full_version", "os_name", "sys_platform", "platform_release", "platform_system",
    "platform_version", "platform_machine", "platform_python_implementation", "implementation_name",
    "implementation_version", "extra", "extras", "dependency_groups", "os.name", "sys.platform",
    "platform.version", "platform.machine", "platform.python_implementation", "python_implementation",
  ]

  private enum Token: Hashable {
    case variable, string, comparison, and, or, open, close
  }

  private var tokens: ArraySlice<Token>

  /// Whether the text is a marker.
  static func isValid(_ text: String) -> Bool {
    guard let tokens = tokens(of: text) else { return false }
    var marker = Marker(tokens: tokens[...])
    return marker.expression(depth: 0) && marker.tokens.isEmpty
  }

  private static func tokens(of text: String) -> [Token]? {
    let shape =
      #/\s*(?:("[^"]*"|'[^']*')|(===|==|~=|!=|<=|>=|<|>)|(\()|(\))|(not\s+in\b|in\b)|(and\b)|(or\b)|([a-z][a-z_.]*))/#
    var rest = text[...]
    var found: [Token] = []
    while !rest.trimmed.isEmpty {
      guard let match = rest.prefixMatch(of: shape) else { return nil }
      if match.1 != nil {
        found.append(.string)
      } else if match.2 != nil || match.5 != nil {
        found.append(.comparison)
      } else if match.3 != nil {
        found.append(.open)
      } else if match.4 != nil {
        found.append(.close)
      } else if match.6 != nil {
        found.append(.and)
      } else if match.7 != nil {
        found.append(.or)
      } else {
        guard let name = match.8, variables.contains(String(name)) else { return nil }
        found.append(.variable)
      }
      rest = rest[match.range.upperBound...]
    }
    return found
  }

  private mutating func take(_ token: Token) -> Bool {
    guard tokens.first == token else { return false }
    tokens.removeFirst()
    return true
  }

  private mutating func expression(depth: Int) -> Bool {
    guard depth < 50, atom(depth: depth) else { return false }
    while take(.and) || take(.or) {
      guard atom(depth: depth) else { return false }
    }
    return true
  }

  private mutating func atom(depth: Int) -> Bool {
    if take(.open) { return expression(depth: depth + 1) && take(.close) }
    let operands: Set<Token> = [.variable, .string]
    let three = Array(tokens.prefix(3))
    guard three.count == 3, operands.contains(three[0]), three[1] == .comparison, operands.contains(three[2]),
      three[0] != .string || three[2] != .string
    else { return false }
    tokens.removeFirst(3)
    return true
  }
}
