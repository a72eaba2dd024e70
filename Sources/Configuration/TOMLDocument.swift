import SystemPackage
import TOMLKit

/// A TOML value, copied out of the parser's memory.
enum TOMLNode: Hashable, Sendable {
  case string(String)
  case integer(Int)
  case double(Double)
  case boolean(Bool)
  case array([TOMLNode])
  case table([String: TOMLNode])
  /// A date or time, which no key takes.
  case date

  /// The type in words, with an article.
  var typeName: String {
    switch self {
    case .string: "a string"
    case .integer: "an integer"
    case .double: "a floating-point number"
    case .boolean: "a boolean"
    case .array: "an array"
    case .table: "a table"
    case .date: "a date or time"
    }
  }

  /// Copies a value; depth is bounded by the parser (256 levels).
  init(_ value: some TOMLValueConvertible) {
    switch value.type {
    case .string: self = .string(value.string ?? "")
    case .int: self = .integer(value.int ?? 0)
    case .double: self = .double(value.double ?? 0)
    case .bool: self = .boolean(value.bool ?? false)
    case .array: self = .array((value.array.map(Array.init) ?? []).map { TOMLNode($0) })
    case .table: self = .table(value.table.map(Self.entries) ?? [:])
    case .date, .time, .dateTime: self = .date
    }
  }

  /// The entries of a table; its own iterator stops the program at a key that holds a NUL.
  static func entries(of table: TOMLTable) -> [String: TOMLNode] {
    var entries: [String: TOMLNode] = [:]
    for key in table.keys { entries[key] = table[key].map { TOMLNode($0) } ?? .date }
    return entries
  }
}

/// A parsed configuration file, with its text to find lines in.
struct TOMLDocument {
  /// The file's absolute path.
  let path: FilePath
  /// Its lines.
  let lines: [Substring]
  /// Its top-level table.
  let root: [String: TOMLNode]

  /// Parses a file's text.
  init(parsing text: String, path: FilePath) throws(ConfigurationError) {
    self.path = path
    self.lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    // The parser takes a C string and would silently stop here.
    guard !text.utf8.contains(0) else {
      let line = text.utf8.prefix { $0 != 0 }.count { $0 == UInt8(ascii: "\n") } + 1
      throw .notTOML(ConfigurationPlace(file: path.string, line: line), reason: "it holds a NUL byte")
    }
    do {
      self.root = TOMLNode.entries(of: try TOMLTable(string: text))
    } catch let error as TOMLParseError {
      let place = ConfigurationPlace(file: path.string, line: error.source.begin.line)
      throw .notTOML(place, reason: error.description.trimmingBlanks)
    } catch {
      throw .notTOML(ConfigurationPlace(file: path.string, line: nil), reason: "\(error)")
    }
  }

  /// The file and, if it can be found, the line of a key.
  ///
  /// The parser keeps no lines of values, so the text is searched for the key under its table's header; for a key of
  /// an inline table that is the line on which the table begins.
  func place(of key: [String]) -> ConfigurationPlace {
    var header: [String] = []
    var fallback: Int?
    var insideText = false
    for (index, line) in lines.enumerated() {
      let quotes = line.ranges(of: "\"\"\"").count + line.ranges(of: "'''").count
      defer { if !quotes.isMultiple(of: 2) { insideText.toggle() } }
      let text = String(line).trimmingBlanks
      guard !insideText, !text.isEmpty, !text.hasPrefix("#") else { continue }
      if text.hasPrefix("["), let end = text.lastIndex(of: "]"), !text.contains("=") {
        header = Self.keys(text[text.index(after: text.startIndex)..<end])
        if header == key { return ConfigurationPlace(file: path.string, line: index + 1) }
      } else if let equals = text.firstIndex(of: "=") {
        let full = header + Self.keys(text[..<equals])
        if full == key { return ConfigurationPlace(file: path.string, line: index + 1) }
        if fallback == nil, full.count > header.count, key.starts(with: full) { fallback = index + 1 }
      }
    }
    return ConfigurationPlace(file: path.string, line: fallback)
  }

  /// Splits `a."b.c".d` at the dots outside of quotes.
  private static func keys(_ text: Substring) -> [String] {
    var keys: [String] = []
    var key = ""
    var quote: Character?
    for character in text {
      if character == quote {
        quote = nil
      } else if quote == nil, character == "\"" || character == "'" {
        quote = character
      } else if quote == nil, character == "." {
        keys.append(key.trimmingBlanks)
        key = ""
      } else {
        key.append(character)
      }
    }
    return keys + [key.trimmingBlanks]
  }
}
