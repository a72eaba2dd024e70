/// The names of one function in the order of their last use, each stem's by itself.
struct NameMemory {
  private struct Stem {
    let text: [UInt8]
    /// Numbers, the one used last at the end.
    var numbers: [Int] = []
    /// The number that was new last.
    var last = 0
  }

  private var stems: [Stem] = []

  enum Use {
    /// Used before: how many others were used since.
    case known(Int)
    /// New, and what number was new before it.
    case new(after: Int)
  }

  /// A new function begins.
  mutating func forget() { stems.removeAll(keepingCapacity: true) }

  /// The number of a stem, a dozen at most.
  mutating func stem(_ text: [UInt8], _ range: Range<Int>) -> Int {
    if let index = stems.firstIndex(where: { $0.text.elementsEqual(text[range]) }) { return index }
    stems.append(Stem(text: Array(text[range])))
    return stems.count - 1
  }

  /// Uses a name.
  mutating func use(_ number: Int, of stem: Int) -> Use {
    if let place = stems[stem].numbers.lastIndex(of: number) {
      let rank = stems[stem].numbers.count - 1 - place
      stems[stem].numbers.remove(at: place)
      stems[stem].numbers.append(number)
      return .known(rank)
    }
    let last = stems[stem].last
    stems[stem].numbers.append(number)
    stems[stem].last = number
    return .new(after: last)
  }

  /// Adds a name whose number is `difference` from the next one; `nil` if there is no such number.
  mutating func add(_ difference: Int, to stem: Int) -> Int? {
    let number = stems[stem].last + 1 + difference
    guard (0..<NumberedName.numberLimit).contains(number) else { return nil }
    stems[stem].numbers.append(number)
    stems[stem].last = number
    return number
  }

  /// Uses the name that so many others were used after; `nil` if there is none.
  mutating func recall(_ rank: Int, of stem: Int) -> Int? {
    let place = stems[stem].numbers.count - 1 - rank
    guard rank >= 0, place >= 0 else { return nil }
    let number = stems[stem].numbers.remove(at: place)
    stems[stem].numbers.append(number)
    return number
  }
}
