import ReleaseModel
import SystemPackage

/// Reads one table of a configuration file, key by key, naming the key, its line and its type when something is off.
struct TableReader {
  let document: TOMLDocument
  let table: [String: TOMLNode]
  /// The keys that lead to this table.
  let path: [String]

  /// The folder that relative paths start from.
  var folder: FilePath { document.path.removingLastComponent() }

  /// Refuses keys that don't exist, with the one that was probably meant.
  func check(known: [String], synonyms: [String: String], elsewhere: [String: String] = [:])
    throws(ConfigurationError)
  {
    let prefix = path.map { $0 + "." }.joined()
    for key in table.keys.sorted() where !known.contains(key) {
      let word = key.lowercased().replacing("_", with: "-")
      let nearest =
        known.contains(word)
        ? word : synonyms[word] ?? elsewhere[word] ?? Spelling.nearest(to: word, in: known)
      throw .unknownKey(
        document.place(of: path + [key]),
        key: prefix + key,
        nearest: nearest.map { prefix + $0 },
        known: known
      )
    }
  }

  func string(_ key: String) throws(ConfigurationError) -> String? {
    guard let node = table[key] else { return nil }
    guard case .string(let text) = node else { throw wrongType(key, "a string", node) }
    return text
  }

  func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
    guard let node = table[key] else { return nil }
    guard case .boolean(let value) = node else { throw wrongType(key, "true or false", node) }
    return value
  }

  /// One word of a closed list.
  func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String,
    _: Choice.Type
  ) throws(ConfigurationError) -> Choice? {
    guard let text = try string(key) else { return nil }
    return try choice(key, text)
  }

  func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String,
    _ text: String
  ) throws(ConfigurationError) -> Choice {
    if let value = Choice(rawValue: text) { return value }
    let words = Choice.allCases.map(\.rawValue)
    let meant = Spelling.nearest(to: text, in: words).map { "; did you mean '\($0)'?" } ?? ""
    throw wrongValue(key, text, "choose one of \(words.joined(separator: ", "))\(meant)")
  }

  func strings(_ key: String) throws(ConfigurationError) -> [String]? {
    guard let node = table[key] else { return nil }
    guard case .array(let items) = node else { throw wrongType(key, "an array of strings", node) }
    var strings: [String] = []
    for item in items {
      guard case .string(let text) = item else {
        throw wrongType(key, "an array of strings", "one with \(item.typeName)")
      }
      strings.append(text)
    }
    return strings
  }

  func stringTable(_ key: String) throws(ConfigurationError) -> [String: String]? {
    guard let inner = try inner(key, "a table of strings") else { return nil }
    var strings: [String: String] = [:]
    for name in inner.table.keys.sorted() { strings[name] = try inner.string(name) }
    return strings
  }

  /// The reader of a table under `key`.
  func inner(_ key: String, _ expected: String = "a table") throws(ConfigurationError) -> TableReader? {
    guard let node = table[key] else { return nil }
    guard case .table(let entries) = node else { throw wrongType(key, expected, node) }
    return TableReader(document: document, table: entries, path: path + [key])
  }

  /// A path, made absolute.
  func filePath(_ key: String) throws(ConfigurationError) -> String? {
    guard let text = try string(key) else { return nil }
    guard !text.trimmingBlanks.isEmpty else { throw wrongValue(key, text, "name a path") }
    return FilePath(userText: text, relativeTo: folder).string
  }

  /// Architectures as text: a string, a number, or an array of these (`[75, 8.0, "8.6+PTX"]`).
  func architectures(_ key: String) throws(ConfigurationError) -> String? {
    guard let node = table[key] else { return nil }
    return try architectures(node, key: key)
  }

  func architectures(_ node: TOMLNode, key: String) throws(ConfigurationError) -> String {
    let expected = "an architecture list such as \"75,80\" or [75, 80]"
    func item(_ node: TOMLNode) -> String? {
      switch node {
      case .string(let text): text
      case .integer(let number): String(number)
      case .double(let number): String(number)
      default: nil
      }
    }
    guard case .array(let items) = node else {
      guard let text = item(node) else { throw wrongType(key, expected, node) }
      return text
    }
    var texts: [String] = []
    for element in items {
      guard let text = item(element) else {
        throw wrongType(key, expected, "an array with \(element.typeName)")
      }
      texts.append(text)
    }
    return texts.joined(separator: ",")
  }

  func wrongType(_ key: String, _ expected: String, _ found: TOMLNode) -> ConfigurationError {
    wrongType(key, expected, found.typeName)
  }

  func wrongType(_ key: String, _ expected: String, _ found: String) -> ConfigurationError {
    .wrongType(document.place(of: path + [key]), key: full(key), expected: expected, found: found)
  }

  func wrongValue(_ key: String, _ value: String, _ rule: String) -> ConfigurationError {
    .wrongValue(document.place(of: path + [key]), key: full(key), value: value, rule: rule)
  }

  /// The key with all that lead to it, dotted.
  func full(_ key: String) -> String { (path + [key]).joined(separator: ".") }
}
