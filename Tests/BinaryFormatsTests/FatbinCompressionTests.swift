import BinaryFormats
import SystemPackage
import TestSupport
import Testing

@Suite struct FatbinCompressionTests {
  private func entry(_ entry: FatbinBuilder.Entry) throws -> FatbinEntry {
    try #require(try FatbinBuilder.parse(FatbinBuilder.container([entry])).entries.first)
  }

  private func field<Number: FixedWidthInteger>(
    _ place: Int,
    of entry: FatbinEntry,
    as type: Number.Type
  ) throws -> Number {
    var reader = ByteReader(entry.header)
    try reader.seek(to: place)
    return try reader.read(type)
  }

  private static let text = String(repeating: "add.f32 %f1, %f2, %f3;\n", count: 100)

  @Test(arguments: [FatbinCompressionMethod.lz4, .zstd(level: 3), .zstd(level: 19)])
  func roundTripGivesTheSameBytes(_ method: FatbinCompressionMethod) throws {
    for original in [FatbinBuilder.cubinEntry(75, size: 8192), FatbinBuilder.ptxEntry(75, Self.text)] {
      let plain = try entry(original)
      let packed = try plain.recompressed(as: method)
      let content = try plain.decompressedPayload().array()
      #expect(packed.compression == (method == .lz4 ? .lz4 : .zstd))
      #expect(try packed.decompressedPayload().array() == content)
      // These four fields change: padded, compressed, flags, uncompressed; nothing else differs.
      #expect(try field(0x08, of: packed, as: UInt64.self) == UInt64(packed.paddedPayload.count))
      #expect(packed.paddedPayload.count % 8 == 0 && packed.paddedPayload.count - packed.storedSize < 8)
      #expect(try field(0x10, of: packed, as: UInt32.self) == UInt32(packed.storedSize))
      #expect(try field(0x28, of: packed, as: UInt64.self) == (method == .lz4 ? 0x2011 : 0x8011))
      #expect(try field(0x38, of: packed, as: UInt64.self) == UInt64(content.count))
      var header = packed.header.array()
      for (place, count) in [(0x08, 8), (0x10, 4), (0x28, 8), (0x38, 8)] {
        let range = place..<place + count
        header.replaceSubrange(range, with: try plain.header.slice(range).array())
      }
      #expect(header == plain.header.array())
      // And back again: byte for byte what it was.
      let unpacked = try packed.recompressed(as: .none)
      #expect(unpacked.header.array() == plain.header.array())
      #expect(unpacked.paddedPayload.array() == plain.paddedPayload.array())
    }
  }

  @Test(arguments: [FatbinCompressionMethod.none, .lz4, .zstd(level: 3)])
  func memoryThatIsUsedAgainGivesTheSameBytes(_ method: FatbinCompressionMethod) throws {
    let buffers = ExpansionBuffers()
    // The last one is larger than the memory that is kept.
    let images = try [8192, 300_000, 4096, 8192, 25 << 20].map { size in
      try entry(FatbinBuilder.cubinEntry(75, size: size)).recompressed(as: method)
    }
    var kept: [ByteSource] = []
    for image in images {
      let content = try image.decompressedPayload().array()
      #expect(try image.withDecompressedPayload(in: buffers) { $0.array() } == content)
      // One that is held on to keeps its bytes whatever comes after it.
      kept.append(try image.withDecompressedPayload(in: buffers) { $0 })
    }
    for (image, content) in zip(images, kept) {
      #expect(try image.decompressedPayload().array() == content.array())
    }
  }

  @Test func zstdFramesAreSingleSegmentsWithoutChecksum() throws {
    for size in [4096, 300_000, 9 << 20] {
      let packed = try entry(FatbinBuilder.cubinEntry(75, size: size)).recompressed(as: .zstd(level: 1))
      let frame = packed.storedPayload.array()
      #expect(Array(frame.prefix(4)) == [0x28, 0xB5, 0x2F, 0xFD])
      #expect(frame[4] & 0x20 != 0, "the single segment flag")
      #expect(frame[4] & 0x07 == 0, "no checksum, no dictionary")
    }
  }

  @Test(.enabled(if: CUDAToolkitForTests.onPath("zstd") != nil, "needs the zstd program"))
  func theZstdProgramReadsOurFrames() async throws {
    let zstd = try #require(CUDAToolkitForTests.onPath("zstd"))
    let plain = try entry(FatbinBuilder.cubinEntry(80, size: 40_000))
    let packed = try plain.recompressed(as: .zstd(level: 19))
    try await withTemporaryDirectory { folder in
      let path = folder.appending("cubin.zst")
      try ByteRope(packed.storedPayload).write(to: path)
      let result = try await runTool(zstd, ["-q", "-d", path.string])
      #expect(result.isSuccess, "\(result.stderr)")
      #expect(try ByteSource(mapping: folder.appending("cubin")).array() == plain.paddedPayload.array())
    }
  }

  @Test func staysPlainWhenCompressionGainsNothing() throws {
    var generator = SeededGenerator(seed: 1)
    let noise = (0..<1024).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let plain = try entry(FatbinBuilder.Entry(payload: noise))
    for method in [FatbinCompressionMethod.lz4, .zstd(level: 19)] {
      let same = try plain.recompressed(as: method)
      #expect(same.header.array() == plain.header.array())
      #expect(same.paddedPayload.array() == plain.paddedPayload.array())
    }
  }

  @Test(arguments: [FatbinCompressionMethod.lz4, .zstd(level: 3)])
  func refusesWrongSizesAndBrokenStreams(_ method: FatbinCompressionMethod) throws {
    let packed = try entry(FatbinBuilder.cubinEntry(75, size: 8192)).recompressed(as: method)
    func changed(_ change: (inout FatbinBuilder.Entry) -> Void) throws -> FatbinEntry {
      var copy = FatbinBuilder.Entry()
      copy.flags = packed.flags.rawValue
      copy.compressedSize = UInt32(packed.storedSize)
      copy.uncompressedSize = 8192
      copy.payload = packed.storedPayload.array()
      change(&copy)
      return try entry(copy)
    }
    #expect(try changed { _ in }.decompressedPayload().count == 8192)
    for size: UInt64 in [0, 8191, 8193, 1 << 31, UInt64(Int.max)] {
      let wrong = try changed { $0.uncompressedSize = size }
      #expect(throws: BinaryFormatError.self) { try wrong.decompressedPayload() }
    }
    for count in [0, 1, packed.storedSize - 1] {
      let short = try changed { $0.compressedSize = UInt32(count) }
      #expect(throws: BinaryFormatError.self) { try short.decompressedPayload() }
    }
    let unknown = try changed { $0.flags = 0xA011 }
    #expect(unknown.compression == .unknown)
    #expect(throws: BinaryFormatError.self) { try unknown.decompressedPayload() }
    #expect(throws: BinaryFormatError.self) { try unknown.recompressed(as: .lz4) }
  }

  @Test func catchesACubinForAnotherArchitecture() throws {
    var lie = FatbinBuilder.cubinEntry(75)
    #expect(throws: Never.self) { try entry(lie).validateCubin() }
    lie.architecture = 80
    let error = #expect(throws: BinaryFormatError.self) { try entry(lie).validateCubin() }
    #expect(error?.rule.contains("sm_80") == true && error?.rule.contains("sm_75") == true)
    for method in [FatbinCompressionMethod.lz4, .zstd(level: 3)] {
      #expect(throws: BinaryFormatError.self) { try entry(lie).recompressed(as: method).validateCubin() }
    }
    var specific = FatbinBuilder.cubinEntry(90)
    specific.flags = 0x10_0011
    #expect(throws: BinaryFormatError.self) { try entry(specific).validateCubin() }
    specific.payload = FatbinBuilder.cubin(90, isSpecific: true)
    #expect(throws: Never.self) { try entry(specific).validateCubin() }
    var newer = FatbinBuilder.cubin(0)
    newer[7] = 0x41
    newer.set(UInt32(0x600_5904), at: 48)
    #expect(try CubinHeader(ByteSource(newer, name: "new")).architectureNumber == 89)
    var text = FatbinBuilder.cubinEntry(75)
    text.payload = Array(Self.text.utf8)
    #expect(throws: BinaryFormatError.self) { try entry(text).validateCubin() }
  }
}
