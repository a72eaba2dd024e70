/// A header or an assignment of a TOML document, with the line on which it begins.
struct TOMLStatement: Hashable {
  /// The line, from 1.
  var line: Int
  /// The header, or the assignment up to the end of its first line.
  var text: String
  /// Whether it is a `[header]`.
  var isHeader: Bool
  /// What is wrong with it, where TOMLKit's parser would not say so but end the program.
  ///
  /// toml++ 3.4.0 only asserts that a header goes on with a key (`parse_key`) and that an array goes on with a value,
  /// not with another bracket or an unusual blank (`parse_value`).
  var mistake: Mistake?

  /// Where and what.
  struct Mistake: Hashable {
    var line: Int
    var reason: String
  }

  /// Finds where statements begin, which TOMLKit doesn't tell.
  ///
  /// Right for documents without mistakes, and for others up to the first one, where the parser stops.
  static func all(in text: String) -> [TOMLStatement] {
    var scanner = Scanner(bytes: Array(text.utf8))
    return scanner.statements()
  }
}

/// Walks over a document's bytes; strings, comments and brackets are all it understands.
private struct Scanner {
  let bytes: [UInt8]
  var index = 0
  var line = 1

  init(bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
  }

  private func byte(_ offset: Int = 0) -> Character? {
    index + offset < bytes.count ? Character(Unicode.Scalar(bytes[index + offset])) : nil
  }

  private mutating func advance(_ count: Int = 1) {
    for _ in 0..<count where index < bytes.count {
      if bytes[index] == UInt8(ascii: "\n") { line += 1 }
      index += 1
    }
  }

  mutating func statements() -> [TOMLStatement] {
    var found: [TOMLStatement] = []
    while let next = byte() {
      if next == "#" {
        skipLine()
      } else if next == " " || next == "\t" || next == "\r" || next == "\n" {
        advance()
      } else {
        let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        var statement = TOMLStatement(
          line: line,
          text: String(decoding: bytes[index..<end], as: UTF8.self).trimmingBlanks,
          isHeader: next == "[",
          mistake: nil
        )
        if next == "[" {
          statement.mistake =
            headerHasKey() ? nil : mistake("'\(statement.text)' is no table's header; write [name]")
          skipLine()
        } else {
          statement.mistake = skipAssignment()
        }
        found.append(statement)
        if statement.mistake != nil { break }
      }
    }
    return found
  }

  private mutating func skipLine() {
    while let next = byte(), next != "\n" { advance() }
  }

  private mutating func headerHasKey() -> Bool {
    for _ in 0..<2 where byte() == "[" {
      advance()
      while byte() == " " || byte() == "\t" { advance() }
    }
    guard let next = byte() else { return true }
    return next.isASCII && (next.isLetter || next.isNumber || "_-\"']".contains(next))
  }

  private func mistake(_ reason: String) -> TOMLStatement.Mistake {
    TOMLStatement.Mistake(line: line, reason: reason)
  }

  /// Goes on to the line end that ends a value; inside brackets and long strings line ends don't count.
  private mutating func skipAssignment() -> TOMLStatement.Mistake? {
    var closing: [Character] = []
    while let next = byte() {
      switch next {
      case "\"", "'": skipString(next)
      case "#": skipLine()
      case "\n" where closing.isEmpty: return nil
      case "]", "}":
        guard closing.popLast() == next else {
          return mistake("a closing bracket is not the one that was opened")
        }
        advance()
      case "\t", "\n", "\r", " "..."~":
        if next == "[" { closing.append("]") }
        if next == "{" { closing.append("}") }
        advance()
      default: return mistake("a letter or blank beyond ASCII stands outside of a string")
      }
    }
    return nil
  }

  private mutating func skipString(_ quote: Character) {
    let isLong = byte(1) == quote && byte(2) == quote
    advance(isLong ? 3 : 1)
    while let next = byte() {
      if next == "\\", quote == "\"" {
        advance(2)
      } else if isLong, next == quote, byte(1) == quote, byte(2) == quote {
        advance(3)
        // Up to two quotes more may stand before the closing three.
        for _ in 0..<2 where byte() == quote { advance() }
        return
      } else if !isLong, next == quote || next == "\n" {
        if next == quote { advance() }
        return
      } else {
        advance()
      }
    }
  }
}
