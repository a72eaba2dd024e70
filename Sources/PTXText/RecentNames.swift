/// Writes PTX in a form that compresses well, and back: registers and labels are named by how recently they were used.
///
/// The compiler gives every value a register of its own, so two copies of the same code, unrolled or of another template
/// instance, share no operand. Counted back from the place of use they share nearly all. Lossless for any ASCII text;
/// `dist/packed-format.md` describes the form, which the Python package reads.
public enum RecentNames {
  /// What is behind a stem in place of a number; everything else is ASCII.
  enum Code {
    /// A name not seen before, numbered one higher than the last such.
    static let next: UInt8 = 0x80
    /// A name not seen before; the difference to `next` follows in decimal, ended by ``next``.
    static let jump: UInt8 = 0x81
    /// The name used most recently; the following ones up to ``far`` were used before it.
    static let recent: UInt8 = 0x82
    /// Three bytes of seven bits follow, the highest first and the top bit set: how many more than ``nearby`` names back.
    static let far: UInt8 = 0xFF
    static let nearby = Int(far - recent)
    static let farthest = nearby + (1 << 21) - 1
  }

  /// Why bytes are not such a text.
  public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The place in bytes.
    public let place: Int
    /// What rule is broken there.
    public let rule: String

    /// Makes the error.
    public init(place: Int, rule: String) {
      self.place = place
      self.rule = rule
    }

    /// The message.
    public var description: String { "at byte \(place): \(rule)" }
  }

  /// The text with its names counted back.
  ///
  /// - Returns: `nil` for a text that isn't ASCII.
  public static func encode(_ text: [UInt8]) -> [UInt8]? {
    var output: [UInt8] = []
    output.reserveCapacity(text.count)
    var memory = NameMemory()
    var place = 0
    while place < text.count {
      let byte = text[place]
      guard byte < 0x80 else { return nil }
      if beginsFunction(text, at: place) { memory.forget() }
      guard let name = NumberedName(in: text, at: place) else {
        output.append(byte)
        place += 1
        continue
      }
      let stem = memory.stem(text, place..<name.stemEnd)
      output.append(contentsOf: text[place..<name.stemEnd])
      place = name.end
      switch memory.use(name.number, of: stem) {
      case .known(let rank) where rank < Code.nearby: output.append(Code.recent + UInt8(rank))
      case .known(let rank):
        guard rank <= Code.farthest else { return nil }
        output.append(Code.far)
        for shift in [14, 7, 0] { output.append(0x80 | UInt8((rank - Code.nearby) >> shift & 0x7F)) }
      case .new(after: let last) where name.number == last + 1: output.append(Code.next)
      case .new(after: let last):
        output.append(Code.jump)
        output.append(contentsOf: String(name.number - last - 1).utf8)
        output.append(Code.next)
      }
    }
    return output
  }

  /// The text that was encoded.
  ///
  /// - Parameter limit: the most bytes of the text.
  /// - Throws: ``Fault`` for bytes that ``encode(_:)`` doesn't write, and for a text beyond the limit.
  public static func decode(_ bytes: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(min(limit, bytes.count * 2))
    var memory = NameMemory()
    var place = 0
    while place < bytes.count {
      guard output.count <= limit else { break }
      if beginsFunction(bytes, at: place) { memory.forget() }
      let stemEnd = NumberedName.stem(in: bytes, at: place)
      guard let stemEnd, stemEnd < bytes.count, bytes[stemEnd] >= 0x80 else {
        guard bytes[place] < 0x80 else { throw Fault(place: place, rule: "a code must stand behind a name") }
        output.append(bytes[place])
        place += 1
        continue
      }
      let stem = memory.stem(bytes, place..<stemEnd)
      output.append(contentsOf: bytes[place..<stemEnd])
      place = stemEnd
      output.append(contentsOf: String(try number(bytes, at: &place, of: stem, in: &memory)).utf8)
    }
    guard output.count <= limit else {
      throw Fault(place: place, rule: "the text must not be longer than \(limit) bytes")
    }
    return output
  }

  /// Reads the code at a place, and moves behind it.
  private static func number(
    _ bytes: [UInt8],
    at place: inout Int,
    of stem: Int,
    in memory: inout NameMemory
  ) throws(Fault) -> Int {
    let start = place
    let code = bytes[place]
    place += 1
    switch code {
    case Code.next, Code.jump:
      var difference = 0
      if code == Code.jump {
        let digits = place
        while place < bytes.count, bytes[place] != Code.next, place - digits < 10 { place += 1 }
        let text = String(decoding: Array(bytes[digits..<place]), as: UTF8.self)
        guard place < bytes.count, bytes[place] == Code.next, let value = Int(text) else {
          throw Fault(place: digits, rule: "a decimal number must follow")
        }
        place += 1
        difference = value
      }
      guard let number = memory.add(difference, to: stem) else {
        throw Fault(place: start, rule: "a name's number must be from 0 to \(NumberedName.numberLimit - 1)")
      }
      return number
    default:
      var rank = Int(code - Code.recent)
      if code == Code.far {
        var more = 0
        for _ in 0..<3 {
          guard place < bytes.count, bytes[place] >= 0x80 else {
            throw Fault(place: place, rule: "three bytes of a rank must follow")
          }
          more = more << 7 | Int(bytes[place] & 0x7F)
          place += 1
        }
        rank = Code.nearby + more
      }
      guard let number = memory.recall(rank, of: stem) else {
        throw Fault(place: start, rule: "there are not so many names before")
      }
      return number
    }
  }

  /// Whether a function begins at a place: registers and labels are its own.
  private static func beginsFunction(_ text: [UInt8], at place: Int) -> Bool {
    text[place] == UInt8(ascii: ".") && (text.holds(".entry ", at: place) || text.holds(".func ", at: place))
  }
}
