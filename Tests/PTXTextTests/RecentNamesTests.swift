import Testing

@testable import PTXText

@Suite("Names counted back")
struct RecentNamesTests {
  private func encode(_ text: String) -> [UInt8]? { RecentNames.encode(Array(text.utf8)) }

  private func expectBack(_ text: String) throws {
    let encoded = try #require(encode(text))
    #expect(try RecentNames.decode(encoded, limit: text.utf8.count) == Array(text.utf8))
  }

  @Test("a name in order is one byte, a known one its rank")
  func codes() {
    #expect(
      encode("%r1 %r2 %r1 %r2") == Array("%r".utf8) + [0x80, 0x20] + Array("%r".utf8) + [0x80, 0x20]
        + Array("%r".utf8) + [0x83, 0x20] + Array("%r".utf8) + [0x83]
    )
    #expect(encode("%f7") == Array("%f".utf8) + [0x81] + Array("6".utf8) + [0x80])
    #expect(encode("$L__BB0_1") == Array("$L__BB0_".utf8) + [0x80])
  }

  @Test(
    "every text comes back",
    arguments: [
      "", "%r1", "%r0", "%r9999999", "%r10000000", "%r01", "%r<12>", "%r1a", "%tid.x", "%rd1,%r1;",
      "$L1: $L__BB1_2 $Lx $L__BB_1",
      ".entry a %r5 .func b %r5 %r4 %r5", "%", "$", "$L", "%%r1", "%r", "%r12345678",
    ]
  )
  func lossless(text: String) throws { try expectBack(text) }

  @Test("names far back come back")
  func far() throws {
    let names = (1...40_000).map { "%r\($0)" }
    try expectBack(names.joined(separator: " ") + " %r1 %r39900 %r1")
  }

  @Test("random text comes back", arguments: 0..<20)
  func random(seed: Int) throws {
    var generator = SystemRandomNumberGenerator()
    let pieces = ["%r", "%rd", "$L", "$L__BB", "_", "0", "1", "2", "17", " ", ";", ".entry ", "<", "x", "%"]
    let text = (0..<2000).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
    try expectBack(text)
  }

  @Test("a text beyond ASCII has no such form")
  func foreign() { #expect(encode("ü %r1") == nil) }

  @Test(
    "what is wrong is refused",
    arguments: [
      [0x80], [0x25, 0x72, 0x82], [0x25, 0x72, 0x80, 0x25, 0x72, 0x83], [0x25, 0x72, 0x81],
      [0x25, 0x72, 0x81, 0x78, 0x80],
      [0x25, 0x72, 0x81, 0x2D, 0x32, 0x80], [0x25, 0x72, 0x81] + Array("99999999".utf8) + [0x80],
      [0x25, 0x72, 0xFF, 0x80, 0x80], [0x25, 0x72, 0xFF, 0x80, 0x80, 0x80],
      [0x25, 0x72, 0xFF, 0x80, 0x20, 0x80],
    ] as [[UInt8]]
  )
  func damaged(bytes: [UInt8]) {
    #expect(throws: RecentNames.Fault.self) { try RecentNames.decode(bytes, limit: 1000) }
  }

  @Test("a text longer than promised is refused")
  func limit() throws {
    let encoded = try #require(encode("%r1 %r2"))
    #expect(throws: RecentNames.Fault.self) { try RecentNames.decode(encoded, limit: 6) }
  }

  @Test("no bytes at all make it crash", arguments: 0..<200)
  func noise(seed: Int) {
    let pieces: [[UInt8]] = [
      [0x25, 0x72], [0x80], [0x81], [0x82], [0xFF], [0x31], [0x2D], [0x24, 0x4C], [0x2E],
    ]
    let bytes = (0..<60).flatMap { _ in pieces.randomElement() ?? [] }
    _ = try? RecentNames.decode(bytes, limit: 500)
  }
}
