/// A piece of C++ or CUDA text, as far as names are concerned.
enum SourceToken: Hashable, Sendable {
  /// A name or a keyword.
  case word(String)
  /// One character of punctuation.
  case mark(Character)
  /// A number, a string or a character.
  case literal
  /// A preprocessor line: its first word, and the tokens behind it.
  case directive(String, [SourceToken])
  /// `#include`: the file, and whether it stands in quotes.
  case include(String, quoted: Bool)
}

/// Splits C++ and CUDA text into tokens (phases 2 and 3 of translation, ISO C++17 [lex.phases], as far as names need it).
///
/// Any text is split; what isn't C++ makes odd tokens.
struct SourceLexer {
  private let text: [UInt8]
  private var place = 0

  /// The tokens of a text, comments left out.
  static func tokens(of text: String) -> [SourceToken] {
    var lexer = SourceLexer(text: Array(text.utf8))
    return lexer.tokens()
  }

  private init(text: [UInt8]) {
    // A backslash at a line's end joins it with the next one.
    var joined: [UInt8] = []
    joined.reserveCapacity(text.count)
    for byte in text where byte != UInt8(ascii: "\r") {
      if byte == UInt8(ascii: "\n"), joined.last == UInt8(ascii: "\\") {
        joined.removeLast()
      } else {
        joined.append(byte)
      }
    }
    self.text = joined
  }

  private func byte(_ ahead: Int = 0) -> UInt8 { place + ahead < text.count ? text[place + ahead] : 0 }

  private mutating func tokens() -> [SourceToken] {
    var found: [SourceToken] = []
    var lineBegins = true
    while place < text.count {
      if byte() == UInt8(ascii: "\n") {
        lineBegins = true
        place += 1
      } else if byte() == UInt8(ascii: "#"), lineBegins {
        place += 1
        if let directive = directive() { found.append(directive) }
      } else if let token = token() {
        lineBegins = false
        found.append(token)
      }
    }
    return found
  }

  /// The next token of a line; `nil` for a blank or a comment.
  private mutating func token() -> SourceToken? {
    let first = byte()
    switch first {
    case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
      while place < text.count, byte() != UInt8(ascii: "\n") { place += 1 }
      return nil
    case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"):
      place += 2
      while place < text.count, !(byte() == UInt8(ascii: "*") && byte(1) == UInt8(ascii: "/")) { place += 1 }
      place += 2
      return nil
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      skipQuoted(by: first)
      return .literal
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      // With the digit separator and a suffix.
      while byte().continuesName || byte() == UInt8(ascii: ".") || byte() == UInt8(ascii: "'") { place += 1 }
      return .literal
    case _ where first.continuesName:
      let start = place
      while byte().continuesName { place += 1 }
      let word = String(decoding: text[start..<place], as: UTF8.self)
      guard byte() == UInt8(ascii: "\"") else { return .word(word) }
      // A string's prefix: u8, L, and R for a raw one.
      if word.hasSuffix("R") { skipRawString() } else { skipQuoted(by: byte()) }
      return .literal
    default:
      place += 1
      return first <= UInt8(ascii: " ") ? nil : .mark(Character(UnicodeScalar(first)))
    }
  }

  private mutating func skipQuoted(by quote: UInt8) {
    place += 1
    while place < text.count, byte() != quote, byte() != UInt8(ascii: "\n") {
      place += byte() == UInt8(ascii: "\\") ? 2 : 1
    }
    if byte() == quote { place += 1 }
  }

  private mutating func skipRawString() {
    place += 1
    let start = place
    while place < text.count, byte() != UInt8(ascii: "(") { place += 1 }
    let end = [UInt8(ascii: ")")] + text[start..<min(place, text.count)] + [UInt8(ascii: "\"")]
    while place < text.count, !text[place...].starts(with: end) { place += 1 }
    place += end.count
  }

  /// A preprocessor line, from behind its `#` to its end.
  private mutating func directive() -> SourceToken? {
    var words: [SourceToken] = []
    var name: String?
    while place < text.count, byte() != UInt8(ascii: "\n") {
      if name == "include" {
        guard let file = includedFile() else { continue }
        return file
      }
      guard let token = token() else { continue }
      if name == nil, case .word(let word) = token {
        name = word
      } else {
        words.append(token)
      }
    }
    return name.map { .directive($0, words) }
  }

  /// What is included; `nil` at a blank.
  ///
  /// A macro's name is taken for a file's, which is nowhere found.
  private mutating func includedFile() -> SourceToken? {
    guard byte() > UInt8(ascii: " ") else {
      place += 1
      return nil
    }
    let quoted = byte() == UInt8(ascii: "\"")
    let ends = quoted ? UInt8(ascii: "\"") : UInt8(ascii: ">")
    place += 1
    let start = place
    while place < text.count, byte() != ends, byte() != UInt8(ascii: "\n") { place += 1 }
    let file = String(decoding: text[min(start, text.count)..<place], as: UTF8.self)
    while place < text.count, byte() != UInt8(ascii: "\n") { place += 1 }
    return .include(file, quoted: quoted)
  }
}

extension UInt8 {
  /// Whether it may stand inside a name; what isn't ASCII may.
  fileprivate var continuesName: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }
}
