/// A name that ends in a number: a register (`%r12`) or a label (`$L__BB0_3`, `$L3`).
///
/// As a regular expression: `(%[a-z]+|\$L(__BB[0-9]+_)?)(0|[1-9][0-9]{0,6})`, with no letter, digit, `_`, `$` or `<`
/// behind it (`<` would make it the declaration of many: `%r<12>`).
struct NumberedName {
  /// Where its stem ends and its number begins.
  let stemEnd: Int
  /// Where it ends.
  let end: Int
  /// Its number, below ``numberLimit``.
  let number: Int

  static let numberLimit = 10_000_000

  /// Reads the name that begins at a place; `nil` if there is none.
  init?(in text: [UInt8], at start: Int) {
    guard let stemEnd = Self.stem(in: text, at: start) else { return nil }
    var place = stemEnd
    var number = 0
    while place < text.count, text[place].isDigit, place - stemEnd < 8 {
      number = number * 10 + Int(text[place] - UInt8(ascii: "0"))
      place += 1
    }
    let digits = place - stemEnd
    guard (1...7).contains(digits), digits == 1 || text[stemEnd] != UInt8(ascii: "0") else { return nil }
    if place < text.count, text[place].isPartOfWord || text[place] == UInt8(ascii: "<") { return nil }
    (self.stemEnd, self.end, self.number) = (stemEnd, place, number)
  }

  /// The end of the stem that begins at a place; `nil` if there is none.
  static func stem(in text: [UInt8], at start: Int) -> Int? {
    var place = start + 1
    switch text[start] {
    case UInt8(ascii: "%"):
      while place < text.count, text[place].isLowercase { place += 1 }
      return place > start + 1 ? place : nil
    case UInt8(ascii: "$"):
      guard place < text.count, text[place] == UInt8(ascii: "L") else { return nil }
      let short = place + 1
      guard text.holds("__BB", at: short) else { return short }
      place = short + 4
      while place < text.count, text[place].isDigit { place += 1 }
      guard place > short + 4, place < text.count, text[place] == UInt8(ascii: "_") else { return short }
      return place + 1
    default: return nil
    }
  }
}

extension [UInt8] {
  /// Whether some ASCII text stands at a place.
  func holds(_ text: StaticString, at place: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard place >= 0, length <= count - place else { return false }
    return text.withUTF8Buffer { expected in
      for offset in 0..<length where self[place + offset] != expected[offset] { return false }
      return true
    }
  }
}

extension UInt8 {
  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  var isLowercase: Bool { self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z") }
  /// What identifiers of PTX are made of, `%` aside (PTX ISA, "Identifiers").
  var isPartOfWord: Bool {
    isDigit || isLowercase || self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z")
      || self == UInt8(ascii: "_")
      || self == UInt8(ascii: "$")
  }
}
