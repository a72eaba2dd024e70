import Testing

@testable import Inspection

/// Every byte has one owner.
@Suite struct ClaimsTests {
  private func owners(_ count: Int, _ claims: [(Range<Int>, String)]) -> (String, Int) {
    var all = Claims<String>(count: count)
    for (range, owner) in claims { all.claim(range, owner) }
    let (pieces, overlap) = all.pieces()
    #expect(pieces.reduce(0) { $0 + $1.range.count } == count)
    return (pieces.map { String(repeating: $0.owner ?? ".", count: $0.range.count) }.joined(), overlap)
  }

  @Test func `Gaps belong to nobody`() {
    #expect(owners(6, [(1..<3, "a"), (4..<5, "b")]) == (".aa.b.", 0))
    #expect(owners(2, []) == ("..", 0))
    #expect(owners(0, [(0..<9, "a")]) == ("", 0))
  }

  @Test func `The first claim has the bytes, wherever it begins`() {
    #expect(owners(6, [(1..<5, "a"), (2..<3, "b")]) == (".aaaa.", 1))
    #expect(owners(6, [(2..<3, "b"), (1..<5, "a")]) == (".abaa.", 1))
    #expect(owners(6, [(0..<4, "a"), (2..<9, "b")]) == ("aaaabb", 2))
    #expect(owners(4, [(2..<9, "a"), (0..<4, "b"), (0..<4, "c")]) == ("bbaa", 6))
  }

  @Test func `Untrusted numbers are cut to the file`() {
    var claims = Claims<Int>(count: 10)
    claims.claim(from: 8, count: UInt64.max, 1)
    claims.claim(from: UInt64.max, count: 5, 2)
    let pieces = claims.pieces().pieces
    #expect(pieces.map(\.range) == [0..<8, 8..<10])
    #expect(pieces.map(\.owner) == [nil, 1])
  }
}
