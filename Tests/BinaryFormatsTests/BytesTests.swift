import BinaryFormats
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct BytesTests {
  @Test func readsLittleEndianNumbersAndStopsAtTheEnd() throws {
    var reader = ByteReader(ByteSource([1, 2, 3, 4, 5, 6, 7], name: "seven", offset: 0x100))
    #expect(try reader.read(UInt8.self) == 1)
    #expect(try reader.read(UInt16.self) == 0x0302)
    #expect(try reader.read(UInt32.self) == 0x0706_0504)
    let error = #expect(throws: BinaryFormatError.self) { try reader.read(UInt8.self) }
    #expect(error?.kind == .truncated)
    #expect(error?.offset == 0x107)
    #expect(error?.description.hasPrefix("'seven' at byte 0x107: ") == true)
  }

  @Test func refusesSeeksAndSlicesOutside() throws {
    let source = ByteSource([UInt8](repeating: 0, count: 8), name: "eight")
    var reader = ByteReader(source)
    #expect(throws: BinaryFormatError.self) { try reader.seek(to: 9) }
    #expect(throws: BinaryFormatError.self) { try reader.seek(to: -1) }
    #expect(throws: BinaryFormatError.self) { try reader.take(-1) }
    #expect(throws: BinaryFormatError.self) { try source.slice(4..<9) }
    #expect(throws: BinaryFormatError.self) { try source.slice(-1..<2) }
    #expect(try source.slice(4..<8).offset == 4)
    #expect(throws: BinaryFormatError.self) { try reader.take(8).slice(0..<Int.max) }
  }

  @Test func readsTextUpToItsNUL() throws {
    var reader = ByteReader(ByteSource(Array("ab\0cd".utf8), name: "text"))
    #expect(try reader.readText() == "ab")
    #expect(throws: BinaryFormatError.self) { try reader.readText() }
  }

  @Test func mapsAFileAndKeepsItAliveThroughSlices() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("file")
      let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
      try Data(bytes).write(to: URL(fileURLWithPath: path.string))
      let slice = try MappedFile(path).bytes.slice(5_000..<5_004)
      try FileManager.default.removeItem(atPath: path.string)
      #expect(slice.array() == Array(bytes[5_000..<5_004]))
    }
  }

  @Test func refusesWhatIsNoFileWithBytes() async throws {
    try await withTemporaryDirectory { folder in
      let empty = folder.appending("empty")
      try Data().write(to: URL(fileURLWithPath: empty.string))
      let missing = folder.appending("missing")
      #expect(throws: BinaryFormatError.self) { try MappedFile(empty) }
      #expect(
        #expect(throws: BinaryFormatError.self) { try MappedFile(folder) }?.rule.contains("folder") == true
      )
      #expect(
        #expect(throws: BinaryFormatError.self) { try MappedFile(missing) }?.kind
          == .system(.noSuchFileOrDirectory)
      )
      #expect(throws: BinaryFormatError.self) { try MappedFile("/dev/null") }
    }
  }

  @Test(arguments: [0, 1, 511, 512, 513, 2_000])
  func writesAnyNumberOfPieces(_ count: Int) async throws {
    try await withTemporaryDirectory { folder in
      var rope = ByteRope()
      for index in 0..<count { rope.append([UInt8](repeating: UInt8(index % 251), count: index % 7)) }
      let path = folder.appending("out")
      try rope.write(to: path)
      let written = try Data(contentsOf: URL(fileURLWithPath: path.string))
      #expect(Array(written) == rope.array())
      #expect(written.count == rope.count)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string) == ["out"])
    }
  }

  @Test func replacesTheFileThatItsPiecesComeFrom() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("file")
      try ByteRope(ByteSource(Array("hello world".utf8), name: "text")).write(to: path)
      let old = try ByteSource(mapping: path)
      var swapped = ByteRope(try old.slice(6..<11))
      swapped.append(try old.slice(0..<6))
      try swapped.write(to: path)
      #expect(try String(decoding: ByteSource(mapping: path).array(), as: UTF8.self) == "worldhello ")
    }
  }

  @Test func saysWhenItCannotWrite() throws {
    let rope = ByteRope(ByteSource([1], name: "one"))
    let error = #expect(throws: BinaryFormatError.self) { try rope.write(to: "/nonexistent/folder/file") }
    #expect(error?.kind == .system(.noSuchFileOrDirectory))
    let full = #expect(throws: BinaryFormatError.self) { try rope.write(to: "/dev/full/x") }
    #expect(full?.kind == .system(.notDirectory))
  }
}
