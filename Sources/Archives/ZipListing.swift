import Foundation
public import SystemPackage

/// What a zip archive holds and where, read from its own records without unpacking anything.
///
/// The format is PKWARE's APPNOTE 6.3, sections 4.3 and 4.5.3 (ZIP64). libarchive doesn't tell where members lie, nor how
/// many bytes they take.
public struct ZipListing: Sendable {
  /// One member, as the central directory has it.
  public struct Member: Hashable, Sendable {
    /// Its path in the archive; bytes that aren't UTF-8 are replaced.
    public var name: String
    /// How it is compressed: 0 not at all, 8 deflate.
    public var method: UInt16
    /// Whether it is encrypted.
    public var isEncrypted: Bool
    /// The checksum that its bytes must have.
    public var crc: UInt32
    /// Its bytes in the archive.
    public var compressedByteCount: Int64
    /// Its bytes as unpacked; a promise.
    public var byteCount: Int64
    /// Where its local header lies.
    public var header: Range<Int64>
    /// The Unix file mode, 0 if there is none.
    public var mode: UInt32

    /// Where its bytes lie.
    public var data: Range<Int64> { header.upperBound..<header.upperBound + compressedByteCount }
    /// Whether it is a folder.
    public var isFolder: Bool { name.hasSuffix("/") }
    /// Whether it is a symbolic link, which pip makes a text file.
    public var isLink: Bool { mode & FileKind.mask == FileKind.link }
  }

  /// The archive.
  public let path: FilePath
  /// Its size.
  public let byteCount: Int64
  /// The members in the order of the central directory.
  public private(set) var members: [Member] = []
  /// Where the central directory lies.
  public let directory: Range<Int64>
  /// Where the records behind the directory lie, up to the end of the last one's comment.
  public let end: Range<Int64>

  private static let maximumDirectory: Int64 = 256 << 20

  /// Reads the directory of an archive.
  ///
  /// - Throws: ``ArchiveError`` when it can't be read or is no zip archive.
  public init(_ path: FilePath) throws(ArchiveError) {
    let file = try WindowedFile(path)
    self.path = path
    byteCount = file.byteCount
    let trailer = try Self.trailer(of: file)
    guard trailer.size <= Self.maximumDirectory, trailer.offset >= 0, trailer.size >= 0,
      trailer.offset <= trailer.start - trailer.size
    else { throw .broken(path, why: "its central directory lies outside of it") }
    directory = trailer.offset..<trailer.offset + trailer.size
    end = trailer.start..<trailer.end
    var reader = Fields(try file.bytes(directory), path)
    while reader.count > 0 { members.append(try Self.member(&reader, file)) }
  }

  private struct Trailer {
    var start: Int64
    var end: Int64
    var offset: Int64
    var size: Int64
  }

  private static func trailer(of file: WindowedFile) throws(ArchiveError) -> Trailer {
    // The record is 22 bytes and a comment of up to 65,535.
    let tailStart = max(0, file.byteCount - 65_557)
    let tail = try file.bytes(tailStart..<file.byteCount)
    var place = tail.count - 22
    while place >= 0, !tail[place...].starts(with: [0x50, 0x4B, 5, 6]) { place -= 1 }
    guard place >= 0 else {
      throw .broken(file.path, why: "it has no end of central directory")
    }
    var record = Fields(Array(tail[place...]), file.path)
    try record.skip(10)
    _ = try record.number(2)
    let size = try record.number(4)
    let offset = try record.number(4)
    let comment = try record.number(2)
    let start = tailStart + Int64(place)
    var found = Trailer(
      start: start,
      end: min(file.byteCount, start + 22 + comment),
      offset: offset,
      size: size
    )
    // The locator of the ZIP64 record stands right before.
    if place >= 20, tail[(place - 20)...].starts(with: [0x50, 0x4B, 6, 7]) {
      var locator = Fields(Array(tail[(place - 12)..<place]), file.path)
      let recordStart = try locator.number(8)
      guard recordStart >= 0, recordStart <= start - 20 - 56 else {
        throw .broken(file.path, why: "its ZIP64 record lies outside of it")
      }
      var large = Fields(try file.bytes(recordStart..<recordStart + 56), file.path)
      guard try large.number(4) == 0x0606_4B50 else {
        throw .broken(file.path, why: "its ZIP64 record is missing")
      }
      try large.skip(36)
      found.size = try large.number(8)
      found.offset = try large.number(8)
      found.start = recordStart
    }
    return found
  }

  private static func member(_ fields: inout Fields, _ file: WindowedFile) throws(ArchiveError) -> Member {
    guard try fields.number(4) == 0x0201_4B50 else {
      throw .broken(file.path, why: "its central directory is damaged")
    }
    try fields.skip(4)
    let flags = try fields.number(2)
    let method = UInt16(try fields.number(2))
    try fields.skip(4)
    let crc = UInt32(try fields.number(4))
    var sizes = [try fields.number(4), try fields.number(4)]  // compressed, unpacked
    let (nameCount, extraCount, commentCount) = (
      try fields.number(2), try fields.number(2), try fields.number(2)
    )
    try fields.skip(4)
    let mode = UInt32(try fields.number(4) >> 16)
    var offset = try fields.number(4)
    let name = try fields.take(Int(nameCount))
    var extra = Fields(Array(try fields.take(Int(extraCount))), file.path)
    try fields.skip(Int(commentCount))
    while extra.count >= 4 {
      let id = try extra.number(2)
      let size = Int(try extra.number(2))
      guard size <= extra.count else { break }
      var content = Fields(Array(try extra.take(size)), file.path)
      guard id == 1 else { continue }
      // In this order, and only those that didn't fit.
      if sizes[1] == 0xFFFF_FFFF { sizes[1] = try content.number(8) }
      if sizes[0] == 0xFFFF_FFFF { sizes[0] = try content.number(8) }
      if offset == 0xFFFF_FFFF { offset = try content.number(8) }
    }
    let text = String(decoding: name, as: UTF8.self)
    guard offset >= 0, sizes.allSatisfy({ $0 >= 0 }), offset <= file.byteCount - 30 else {
      throw .broken(file.path, why: "its member '\(text)' lies outside of it")
    }
    var local = Fields(try file.bytes(offset..<offset + 30), file.path)
    guard try local.number(4) == 0x0403_4B50 else {
      throw .broken(file.path, why: "its member '\(text)' has no local header")
    }
    try local.skip(22)
    let header = offset..<offset + 30 + (try local.number(2)) + (try local.number(2))
    guard header.upperBound <= file.byteCount, sizes[0] <= file.byteCount - header.upperBound else {
      throw .broken(file.path, why: "its member '\(text)' lies outside of it")
    }
    return Member(
      name: text,
      method: method,
      isEncrypted: flags & 1 != 0,
      crc: crc,
      compressedByteCount: sizes[0],
      byteCount: sizes[1],
      header: header,
      mode: mode
    )
  }
}

/// Little-endian numbers, one behind the other.
private struct Fields {
  private var bytes: ArraySlice<UInt8>
  private let path: FilePath

  init(_ bytes: [UInt8], _ path: FilePath) {
    self.bytes = bytes[...]
    self.path = path
  }

  var count: Int { bytes.count }

  mutating func take(_ count: Int) throws(ArchiveError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count else { throw .broken(path, why: "a record of it is cut off") }
    defer { bytes = bytes.dropFirst(count) }
    return bytes.prefix(count)
  }

  mutating func skip(_ count: Int) throws(ArchiveError) { _ = try take(count) }

  /// A number of that many bytes; one of 8 bytes with its highest bit set comes out negative.
  mutating func number(_ count: Int) throws(ArchiveError) -> Int64 {
    try take(count).reversed().reduce(0) { $0 << 8 | Int64($1) }
  }
}
