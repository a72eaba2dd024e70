/// PTX written anew with the same meaning: comments and superfluous blanks are left out, and a function's own names
/// (registers, labels, parameters of kernels) are numbered in the order in which they appear.
///
/// Names of registers, labels and parameters are scoped to their function (PTX ISA, "Identifiers", "Labels", "Parameter
/// State Space"), so another name for each is the same program; ptxas makes the same cubin of it, byte for byte, which
/// `ci/oracle/canonical-ptx` checks for every unit of a build. Nothing is moved, added or understood beyond names.
///
/// The compiler numbers registers in an order of its own. In the order of appearance a new one needs no number at all
/// (``RecentNames``), and the text is a third shorter.
public enum CanonicalPTX {
  /// Writes a text anew.
  ///
  /// - Returns: `nil` for a text with anything in it whose meaning a renaming might touch (line information, other
  ///   declarations of registers than the compiler's, names that would collide) or that isn't understood.
  public static func text(of ptx: [UInt8]) -> [UInt8]? {
    var writer = CanonicalPTXWriter(ptx)
    guard writer.run() else { return nil }
    return writer.output
  }
}

/// One pass over a text.
private struct CanonicalPTXWriter {
  private let text: [UInt8]
  private(set) var output: [UInt8] = []
  private var place = 0
  /// Blanks and line ends that were passed and not written.
  private var gap = Gap.none
  private var depth = 0
  /// The kernel whose parameters and body are read.
  private var kernel: Range<Int>?
  private var registers: [Names] = []
  /// Names that inline assembly declares in a block of its own: they hide the function's.
  private var hidden: [Hidden] = []
  private var labels = Names(stem: [], limit: NumberedName.numberLimit)

  private enum Gap: Int { case none, blank, line }

  private struct Hidden {
    let depth: Int
    /// The index in `registers`.
    let stem: Int
    let number: Int
  }

  /// New numbers of a stem's names.
  private struct Names {
    let stem: [UInt8]
    /// Numbers must be lower.
    let limit: Int
    private var numbers: [Int: Int] = [:]

    init(stem: [UInt8], limit: Int) { (self.stem, self.limit) = (stem, limit) }

    mutating func number(of old: Int) -> Int {
      if let number = numbers[old] { return number }
      numbers[old] = numbers.count + 1
      return numbers.count
    }
  }

  init(_ text: [UInt8]) {
    self.text = text
    output.reserveCapacity(text.count)
  }

  /// Whether the text was understood to its end.
  mutating func run() -> Bool {
    while place < text.count {
      let isUnderstood =
        switch text[place] {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): blank()
        case UInt8(ascii: "/"): comment()
        case UInt8(ascii: "\""): string()
        case UInt8(ascii: "%"): register()
        case UInt8(ascii: "."): directive()
        case let byte where byte.isPartOfWord: word()
        default: punctuation()
        }
      guard isUnderstood else { return false }
    }
    return depth == 0
  }

  private mutating func blank() -> Bool {
    let gap: Gap = text[place] == UInt8(ascii: "\n") ? .line : .blank
    if gap.rawValue > self.gap.rawValue { self.gap = gap }
    place += 1
    return true
  }

  private mutating func comment() -> Bool {
    // Comments of the other form would hide what is looked for below; the compiler writes none.
    guard text.holds("//", at: place) else { return false }
    while place < text.count, text[place] != UInt8(ascii: "\n") { place += 1 }
    return true
  }

  private mutating func string() -> Bool {
    let start = place
    place += 1
    while place < text.count, text[place] != UInt8(ascii: "\"") {
      guard text[place] != UInt8(ascii: "\\"), text[place] != UInt8(ascii: "\n") else { return false }
      place += 1
    }
    guard place < text.count else { return false }
    place += 1
    copy(start..<place)
    return true
  }

  private mutating func punctuation() -> Bool {
    let byte = text[place]
    // '#' begins a line of the preprocessor, and beyond ASCII nothing has a meaning.
    guard byte < 0x80, byte >= 0x20, byte != UInt8(ascii: "#") else { return false }
    copy(place..<place + 1)
    place += 1
    if byte == UInt8(ascii: "{") { depth += 1 }
    if byte == UInt8(ascii: "}") {
      depth -= 1
      guard depth >= 0 else { return false }
      if depth == 0 { leaveFunction() }
      hidden.removeAll { $0.depth > depth }
    }
    // A declaration without a body.
    if byte == UInt8(ascii: ";"), depth == 0 { leaveFunction() }
    return true
  }

  private mutating func leaveFunction() {
    kernel = nil
    registers.removeAll(keepingCapacity: true)
    labels = Names(stem: [], limit: NumberedName.numberLimit)
  }

  private mutating func word() -> Bool {
    let start = place
    if text[place] == UInt8(ascii: "$") {
      // What new names look like must not be there already.
      if text.holds("$p", at: place) { return false }
      if text.holds("$L", at: place), place + 2 < text.count, text[place + 2].isDigit { return false }
      if let name = NumberedName(in: text, at: place), depth > 0 {
        place = name.end
        write("$L", labels.number(of: name.number))
        return true
      }
    }
    place = endOfWord(from: place)
    if let kernel, let number = parameter(start..<place, of: kernel) {
      write("$p", number)
    } else {
      copy(start..<place)
    }
    return true
  }

  /// The number of a kernel's parameter: `KERNEL_param_NUMBER`.
  private func parameter(_ word: Range<Int>, of kernel: Range<Int>) -> Int? {
    let middle = word.lowerBound + kernel.count
    guard word.count > kernel.count + 7, word.count < kernel.count + 12, text.holds("_param_", at: middle)
    else { return nil }
    guard text[word.lowerBound..<middle].elementsEqual(text[kernel]) else { return nil }
    var number = 0
    for index in middle + 7..<word.upperBound {
      guard text[index].isDigit else { return nil }
      number = number * 10 + Int(text[index] - UInt8(ascii: "0"))
    }
    return number
  }

  private mutating func register() -> Bool {
    let start = place
    if let name = NumberedName(in: text, at: place), let index = declared(start..<name.stemEnd) {
      // Number 0 would leave no room: as many names as are declared, counted from 1.
      guard name.number > 0, name.number < registers[index].limit else { return false }
      var number = name.number
      if !hidden.contains(where: { $0.stem == index && $0.number == name.number }) {
        number = registers[index].number(of: name.number)
        // The block's own would take its place.
        guard !hidden.contains(where: { $0.stem == index && $0.number == number }) else { return false }
      }
      copy(start..<name.stemEnd)
      output.append(contentsOf: String(number).utf8)
      place = name.end
      return true
    }
    place = endOfWord(from: place + 1)
    copy(start..<place)
    return true
  }

  private func declared(_ stem: Range<Int>) -> Int? {
    registers.firstIndex { $0.stem.elementsEqual(text[stem]) }
  }

  private mutating func directive() -> Bool {
    let start = place
    place = endOfWord(from: place + 1)
    // Part of an instruction's name.
    let isPart = start > 0 && (text[start - 1].isPartOfWord || text[start - 1] == UInt8(ascii: ":"))
    copy(start..<place)
    if isPart { return true }
    for unknown in [".file", ".loc", ".section"] as [StaticString]
    where text.holds(unknown, at: start) && place - start == unknown.utf8CodeUnitCount { return false }
    if text.holds(".entry", at: start), place - start == 6 {
      var name = place
      while name < text.count, text[name] == UInt8(ascii: " ") { name += 1 }
      kernel = name..<endOfWord(from: name)
    }
    if text.holds(".reg", at: start), place - start == 4 { return declaration() }
    return true
  }

  /// Reads what follows `.reg`, without moving on: `.b32 %r<12>;`, or names without `%` in a block of their own.
  private mutating func declaration() -> Bool {
    var index = place
    while index < text.count, text[index] != UInt8(ascii: ";") {
      guard text[index] == UInt8(ascii: "%") else {
        index += 1
        continue
      }
      let word = endOfWord(from: index + 1)
      guard word < text.count, text[word] == UInt8(ascii: "<") else {
        // A single name, such as inline assembly declares in a block of its own.
        if let name = NumberedName(in: text, at: index), let stem = declared(index..<name.stemEnd) {
          guard depth > 1 else { return false }
          hidden.append(Hidden(depth: depth, stem: stem, number: name.number))
        }
        index = max(word, index + 1)
        continue
      }
      guard depth == 1, let stemEnd = NumberedName.stem(in: text, at: index), stemEnd == word,
        declared(index..<stemEnd) == nil
      else { return false }
      var (end, limit) = (stemEnd + 1, 0)
      while end < text.count, text[end].isDigit, limit < NumberedName.numberLimit {
        limit = limit * 10 + Int(text[end] - UInt8(ascii: "0"))
        end += 1
      }
      guard end < text.count, text[end] == UInt8(ascii: ">") else { return false }
      registers.append(Names(stem: Array(text[index..<stemEnd]), limit: limit))
      index = end
    }
    return true
  }

  private func endOfWord(from start: Int) -> Int {
    var end = start
    while end < text.count, text[end].isPartOfWord { end += 1 }
    return end
  }

  private mutating func copy(_ range: Range<Int>) {
    writeGap()
    output.append(contentsOf: text[range])
  }

  private mutating func write(_ stem: StaticString, _ number: Int) {
    writeGap()
    stem.withUTF8Buffer { output.append(contentsOf: $0) }
    output.append(contentsOf: String(number).utf8)
  }

  private mutating func writeGap() {
    defer { gap = .none }
    guard let last = output.last, last != UInt8(ascii: "\n") else { return }
    switch gap {
    case .none: break
    case .line: output.append(UInt8(ascii: "\n"))
    case .blank: if last != UInt8(ascii: ",") { output.append(UInt8(ascii: " ")) }
    }
  }
}
