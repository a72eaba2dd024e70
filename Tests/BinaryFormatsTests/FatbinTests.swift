import BinaryFormats
import Testing

@Suite struct FatbinTests {
  private func rule(_ bytes: [UInt8]) -> String {
    #expect(throws: BinaryFormatError.self) { try FatbinBuilder.parse(bytes) }?.rule ?? ""
  }

  @Test func readsEveryField() throws {
    var specific = FatbinBuilder.cubinEntry(90)
    specific.flags = 0x10_0011
    let bytes = FatbinBuilder.container([FatbinBuilder.ptxEntry(75), FatbinBuilder.cubinEntry(75), specific])
    let fatbin = try FatbinBuilder.parse(bytes)
    #expect(fatbin.containers.count == 1)
    try #require(fatbin.entries.count == 3)
    let (ptx, cubin) = (fatbin.entries[0], fatbin.entries[1])
    #expect(ptx.kind == .ptx)
    #expect(ptx.architecture == FatbinArchitecture(75))
    #expect(ptx.codeVersion.description == "8.4")
    #expect(cubin.kind == .elf)
    #expect(cubin.compression == .none)
    #expect(cubin.flags == [.is64Bit, .linux])
    #expect(cubin.storedSize == 1024)
    #expect(cubin.uncompressedSize == 1024)
    #expect(cubin.header.count == 0x48)
    #expect(fatbin.entries[2].architecture.description == "90a")
    #expect(try ptx.decompressedPayload().array() == Array(".version 8.4\n.target sm_75\n\0".utf8))
  }

  @Test func writesBackTheBytesItRead() throws {
    var unknown = FatbinBuilder.Entry(
      kind: 0x4000,
      headerSize: 0x70,
      flags: 0xFF00_0000_0000,
      payload: [1, 2, 3]
    )
    unknown.architecture = 999
    let bytes = FatbinBuilder.container([FatbinBuilder.ptxEntry(86), unknown, FatbinBuilder.cubinEntry(86)])
    let container = try #require(try FatbinBuilder.parse(bytes).containers.first)
    #expect(container.serialized().array() == bytes)
    #expect(container.filtered { _ in true }.serialized().array() == bytes)
    #expect(container.entries[1].kind == .unknown(0x4000))
    #expect(!container.entries[1].isUnderstood)
  }

  @Test func keepsByPredicateAndCountsThePayloadAnew() throws {
    let entries = [50, 75, 80].map { FatbinBuilder.cubinEntry($0, size: 1024 + Int($0) * 8) }
    let all = try FatbinBuilder.parse(FatbinBuilder.container(entries))
    let one = try #require(all.containers.first).filtered { $0.architecture.number == 75 }
    #expect(one.serialized().array() == FatbinBuilder.container([entries[1]]))
    let none = try #require(all.containers.first).filtered { _ in false }
    #expect(none.serialized().array() == FatbinBuilder.container([]))
    #expect(try FatbinBuilder.parse(none.serialized().array()).entries.isEmpty)
  }

  @Test func allowsZerosBetweenContainers() throws {
    let one = FatbinBuilder.container([FatbinBuilder.cubinEntry(75)])
    let two = FatbinBuilder.container([FatbinBuilder.cubinEntry(80)])
    let zeros = [UInt8](repeating: 0, count: 24)
    let fatbin = try FatbinBuilder.parse(zeros + one + zeros + two + zeros + [0, 0, 0])
    #expect(fatbin.containers.map(\.offset) == [24, 24 + one.count + 24])
    #expect(fatbin.paddingSize == 75)
    #expect(try FatbinBuilder.parse([]).containers.isEmpty)
    #expect(rule(one + [0, 0, 1, 0]).contains("container header"))
    #expect(rule(one + zeros + [1, 0, 0, 0, 0, 0, 0, 0] + zeros).contains("must begin with 0xba55ed50"))
  }

  @Test func refusesSizesThatDoNotFit() throws {
    let good = FatbinBuilder.container([FatbinBuilder.cubinEntry(75)])
    func broken(_ number: some FixedWidthInteger, at place: Int) -> String {
      var bytes = good
      bytes.set(number, at: place)
      return rule(bytes)
    }
    #expect(broken(UInt64(good.count - 8), at: 8).contains("does not fit"))
    #expect(broken(UInt64.max, at: 8).contains("does not fit"))
    #expect(broken(UInt16(8), at: 6).contains("container header"))
    #expect(broken(UInt32(0x38), at: 16 + 4).contains("at least 64 bytes"))
    #expect(broken(UInt32.max - 7, at: 16 + 4).contains("does not fit"))
    #expect(broken(UInt64(1025), at: 16 + 8).contains("multiple of 8"))
    #expect(broken(UInt64.max - 7, at: 16 + 8).contains("does not fit"))
    #expect(broken(UInt32(1025), at: 16 + 16).contains("compressed size"))
    #expect(broken(UInt64.max, at: 16 + 0x38).contains("uncompressed size"))
  }

  @Test func inventoryAddsUpToTheSection() throws {
    let bytes = FatbinBuilder.container([
      FatbinBuilder.ptxEntry(86), FatbinBuilder.cubinEntry(86), FatbinBuilder.cubinEntry(75, size: 2048),
    ])
    let padding = [UInt8](repeating: 0, count: 40)
    let fatbin = try FatbinBuilder.parse(bytes + padding + bytes)
    let inventory = try FatbinInventory([fatbin], name: "test")
    #expect(inventory.rows.map(\.architecture.number) == [75, 86, 86])
    #expect(inventory.rows.map(\.form) == [.real, .real, .virtual])
    #expect(inventory.rows.map(\.entryCount) == [2, 2, 2])
    #expect(inventory.rows[0].storedBytes == 4096)
    #expect(inventory.sectionBytes == bytes.count * 2 + 40)
    #expect(inventory.rows.reduce(inventory.overheadBytes) { $0 + $1.storedBytes } == inventory.sectionBytes)
    #expect(inventory.overheadBytes == 2 * (16 + 0x58 + 0x48 * 2) + 40)
  }

  @Test func inventoryRefusesSizesThatOverflow() throws {
    var huge = FatbinBuilder.cubinEntry(75)
    huge.flags = 0x2011
    huge.uncompressedSize = UInt64(Int.max)
    let fatbin = try FatbinBuilder.parse(FatbinBuilder.container([huge, huge]))
    #expect(throws: BinaryFormatError.self) { try FatbinInventory([fatbin], name: "test") }
  }
}
