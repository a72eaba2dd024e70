import BinaryFormats
import Testing

@Suite struct CarverTests {
  private let one = FatbinBuilder.container([
    FatbinBuilder.ptxEntry(86), FatbinBuilder.cubinEntry(75, size: 1000),
    FatbinBuilder.cubinEntry(86, size: 3000),
  ])
  private let two = FatbinBuilder.container([
    FatbinBuilder.cubinEntry(75, size: 512), FatbinBuilder.cubinEntry(86, size: 768),
  ])

  private func parsed(_ object: CarvedObject) throws -> ELFFile {
    try ELFFile(ByteSource(object.bytes.array(), name: "carved.o"))
  }

  /// Checks that everything besides the fat binary is as it was.
  private func expectSameRest(_ carved: ELFFile, _ original: ELFFile) throws {
    #expect(carved.sections.map(\.name) == original.sections.map(\.name))
    for (new, old) in zip(carved.sections, original.sections) where new.index != 0 {
      #expect(new.alignment == 0 || new.offset % new.alignment == 0, "\(new.name)")
      if [".data", ".nvFatBinSegment", ".strtab", ".shstrtab"].contains(new.name) {
        #expect(try carved.bytes(of: new).array() == original.bytes(of: old).array())
      }
    }
  }

  @Test(arguments: [false, true], [1, 8, 64, 4096])
  func replacesTheSectionAndMovesTheRest(tableFirst: Bool, alignment: Int) throws {
    let original = try ObjectBuilder(containers: [one], nextAlignment: alignment, tableFirst: tableFirst)
      .parsed()
    let carver = try FatbinCarver(original)
    for keep in [75, 86, 99] {
      let object = try carver.carve { $0.architecture.number == keep }
      let carved = try parsed(object)
      let section = try #require(carved.section(named: ".nv_fatbin"))
      let expected = try #require(carver.fatbin?.containers.first)
        .filtered { $0.architecture.number == keep }.serialized().array()
      #expect(try carved.bytes(of: section).array() == expected)
      #expect(object.section?.array() == expected)
      #expect(object.inventory.sectionBytes == expected.count)
      try expectSameRest(carved, original)
    }
    #expect(try carver.carve { _ in true }.bytes.array() == original.bytes.array())
  }

  @Test func growsWhenRecompressionIsUndone() throws {
    let packed = try FatbinCarver(ObjectBuilder(containers: [one]).parsed())
      .carve(keeping: { _ in true }, recompressing: .zstd(level: 19))
    let small = try parsed(packed)
    #expect(packed.inventory.rows.map(\.uncompressedBytes).reduce(0, +) > packed.inventory.sectionBytes)
    let plain = try FatbinCarver(small).carve(
      keeping: { _ in true },
      recompressing: FatbinCompressionMethod.none
    )
    #expect(plain.section?.array() == one)
    try expectSameRest(parsed(plain), ObjectBuilder(containers: [one]).parsed())
  }

  @Test func movesReferencesToLaterContainers() throws {
    let original = try ObjectBuilder(containers: [one, two, one]).parsed()
    let carved = try parsed(FatbinCarver(original).carve { $0.kind == .elf && $0.architecture.number == 75 })
    let fatbin = try #require(try Fatbin(in: carved))
    #expect(fatbin.containers.map(\.entries.count) == [1, 1, 1])
    let places = fatbin.containers.map { UInt64($0.offset) }
    let relocations = try carved.bytes(of: #require(carved.section(named: ".rela.nvFatBinSegment")))
    let symbols = try carved.bytes(of: #require(carved.section(named: ".symtab")))
    for index in 0..<3 {
      var reader = ByteReader(relocations)
      try reader.seek(to: index * 24 + 16)
      #expect(try reader.read(UInt64.self) == places[index])
      reader = ByteReader(symbols)
      try reader.seek(to: (index + 2) * 24 + 8)
      #expect(try reader.read(UInt64.self) == places[index])
    }
  }

  @Test func refusesReferencesIntoTheMiddleOfAContainer() throws {
    var object = ObjectBuilder(containers: [one])
    var bytes = object.bytes
    let section = try #require(try object.parsed().section(named: ".rela.nvFatBinSegment"))
    bytes.set(UInt64(24), at: Int(section.offset) + 16)
    let carver = try FatbinCarver(ELFFile(ByteSource(bytes, name: "odd.o")))
    #expect(throws: BinaryFormatError.self) { try carver.carve { _ in true } }
    object.containers = []
    #expect(try FatbinCarver(object.parsed()).carve { _ in true }.bytes.array() == object.bytes)
  }

  @Test func passesHostOnlyObjectsThrough() throws {
    var bytes = ObjectBuilder(containers: [one]).bytes
    let name = try #require(bytes.firstRange(of: Array(".nv_fatbin\0".utf8)))
    bytes.replaceSubrange(name, with: Array(".my_fatbin\0".utf8))
    let object = try FatbinCarver(ELFFile(ByteSource(bytes, name: "host.o"))).carve { _ in false }
    #expect(object.isHostOnly)
    #expect(object.bytes.array() == bytes)
  }

  @Test(arguments: [
    (FatbinBuilder.Entry(kind: 0x100, headerSize: 0x208, architecture: 0), "--concat"),
    (FatbinBuilder.Entry(kind: 8, flags: 0x1_2011), "link-time"),
    (FatbinBuilder.Entry(kind: 0x4000), "unknown kind 0x4000"),
    (FatbinBuilder.Entry(flags: 0x4000_0011, payload: FatbinBuilder.cubin(75)), "flags 0x40000000"),
    (FatbinBuilder.Entry(architecture: 80, payload: FatbinBuilder.cubin(75)), "sm_80"),
  ])
  func refusesWhatItDoesNotUnderstand(_ entry: FatbinBuilder.Entry, reason: String) throws {
    let container = FatbinBuilder.container([FatbinBuilder.cubinEntry(75), entry])
    let object = try ObjectBuilder(containers: [container]).parsed()
    #expect(try Fatbin(in: object)?.containers.first?.serialized().array() == container)
    let error = #expect(throws: BinaryFormatError.self) { try FatbinCarver(object) }
    #expect(error?.rule.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func refusesSectionsThatShareBytes() throws {
    let builder = ObjectBuilder(containers: [one])
    let table = Int(try builder.parsed().sections.count) * 64
    var bytes = builder.bytes
    let data = bytes.count - table + 2 * 64  // the header of .data
    bytes.set(UInt64(100), at: data + 24)
    let carver = try FatbinCarver(ELFFile(ByteSource(bytes, name: "overlap.o")))
    let error = #expect(throws: BinaryFormatError.self) { try carver.carve { _ in false } }
    #expect(error?.rule.contains("shares bytes with section '.data'") == true)
  }
}
