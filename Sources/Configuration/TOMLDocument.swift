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
  /// Its headers and assignments.
  let statements: [TOMLStatement]
  /// Its top-level table.
  let root: [String: TOMLNode]

  /// Parses a file's text.
  init(parsing text: String, path: FilePath) throws(ConfigurationError) {
    self.path = path
    self.statements = TOMLStatement.all(in: text)
    // The parser takes a C string and would silently stop here.
    guard !text.utf8.contains(0) else {
      let line = text.utf8.prefix { $0 != 0 }.count { $0 == UInt8(ascii: "\n") } + 1
      throw .notTOML(ConfigurationPlace(file: path.string, line: line), reason: "it holds a NUL byte")
    }
    if let broken = statements.first(where: { $0.mistake != nil }), let mistake = broken.mistake {
      // Unless something before it is wrong, which the parser then says better.
      let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let before = lines.prefix(broken.line - 1).flatMap { $0 + [UInt8(ascii: "\n")] }
      _ = try Self.root(of: String(decoding: before, as: UTF8.self), path: path)
      let place = ConfigurationPlace(file: path.string, line: mistake.line)
      throw .notTOML(place, reason: mistake.reason)
    }
    self.root = try Self.root(of: text, path: path)
  }

  private static func root(of text: String, path: FilePath) throws(ConfigurationError) -> [String: TOMLNode] {
    do {
      return TOMLNode.entries(of: try TOMLTable(string: text))
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
    for statement in statements {
      let text = statement.text
      if statement.isHeader {
        header = Self.keys(text.drop { $0 == "[" || $0 == " " }.prefix { $0 != "]" })
        if header == key { return ConfigurationPlace(file: path.string, line: statement.line) }
      } else if let equals = text.firstIndex(of: "=") {
        let full = header + Self.keys(text[..<equals])
        if full == key { return ConfigurationPlace(file: path.string, line: statement.line) }
        if fallback == nil, full.count > header.count, key.starts(with: full) { fallback = statement.line }
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
