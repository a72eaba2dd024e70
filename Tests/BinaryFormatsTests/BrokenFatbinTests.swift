import BinaryFormats
import Testing

/// Bytes from outside may be anything: they give an error or a result, never a crash.
@Suite struct BrokenFatbinTests {
  /// An object with entries of every compression in two containers.
  private static func object() throws -> [UInt8] {
    let plain = FatbinBuilder.container([
      FatbinBuilder.ptxEntry(86), FatbinBuilder.cubinEntry(75), FatbinBuilder.cubinEntry(86),
    ])
    let container = try #require(try FatbinBuilder.parse(plain).containers.first)
    let packed = container.replacing(entries: [
      try container.entries[1].recompressed(as: .lz4),
      try container.entries[2].recompressed(as: .zstd(level: 3)),
    ])
    return ObjectBuilder(containers: [plain, packed.serialized().array()]).bytes
  }

  /// Does everything that can be done with an object.
  private func use(_ bytes: [UInt8]) throws {
    let file = try ELFFile(ByteSource(bytes, name: "broken.o"))
    _ = try? FatbinInventory(of: file)
    if let fatbin = try Fatbin(in: file) {
      let isSame = fatbin.containers.reduce(into: ByteRope()) { $0.append($1.serialized()) }.count
      #expect(isSame + fatbin.paddingSize == fatbin.bytes.count)
      for entry in fatbin.entries {
        _ = try? entry.decompressedPayload()
        _ = try? entry.validateCubin()
        _ = try? entry.recompressed(as: .lz4)
      }
    }
    let carver = try FatbinCarver(file)
    let carved = try carver.carve { $0.architecture.number == 86 }
    let again = try ELFFile(ByteSource(carved.bytes.array(), name: "carved.o"))
    #expect(again.sections.count == file.sections.count)
  }

  @Test func cutOffAnywhere() throws {
    let object = try Self.object()
    try use(object)
    for count in stride(from: 0, to: object.count, by: 8) {
      #expect(throws: BinaryFormatError.self) { try use(Array(object.prefix(count))) }
    }
    let fatbin = FatbinBuilder.container([FatbinBuilder.cubinEntry(75), FatbinBuilder.ptxEntry(75)])
    for count in 1..<fatbin.count {
      #expect(throws: BinaryFormatError.self) { try FatbinBuilder.parse(Array(fatbin.prefix(count))) }
    }
  }

  @Test func mutatedAnywhere() throws {
    let object = try Self.object()
    let file = try ELFFile(ByteSource(object, name: "test.o"))
    let section = try #require(file.section(named: ".nv_fatbin"))
    let table = object.count - file.sections.count * 64
    // Single bytes, and whole fields of values that overflow, in headers and anywhere.
    let places = [
      0..<64, table..<object.count - 8, Int(section.offset)..<Int(section.offset) + 256, 0..<object.count - 8,
    ]
    let values: [UInt64] = [
      0, 1, 7, 8, 0x7F, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, UInt64(Int.max), UInt64.max, UInt64.max - 7,
    ]
    var generator = SeededGenerator.printingSeed("mutated fat binaries")
    var accepted = 0
    for round in 0..<4_000 {
      var bytes = object
      for _ in 0...Int.random(in: 0..<3, using: &generator) {
        let place = Int.random(in: places[round % places.count], using: &generator)
        let value = values.randomElement(using: &generator) ?? 0
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes.set(value, at: place)
        case 1: bytes.set(UInt32(truncatingIfNeeded: value), at: place)
        default: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        }
      }
      do {
        try use(bytes)
        accepted += 1
      } catch is BinaryFormatError {}
    }
    #expect(accepted > 0 && accepted < 4_000)
  }
}
