import BinaryFormats

/// A zip archive read twice, as the two families of readers do: from its first byte on, and from its directory.
///
/// Nothing is thrown away on the way: what the two disagree about is for the rules. Source: APPNOTE.TXT 6.3.
struct ZipStructure: Sendable {
  /// The end record (section 4.3.16), or its ZIP64 form where there is one.
  struct End: Sendable {
    let offset: Int
    let entries: UInt64
    let size: UInt64
    let start: UInt64
    /// A disagreement inside the record.
    let problem: String?
  }

  let bytes: ByteSource
  /// Headers in front of members, in the order of the file, as far as the walk from the first byte came.
  private(set) var locals: [ZipLocalHeader] = []
  /// The directory's entries, in the order of the file.
  private(set) var centrals: [ZipCentralHeader] = []
  /// Where the directory begins, as found by the walk.
  private(set) var directoryStart: Int?
  private(set) var end: End?
  private(set) var end64: End?
  /// The place that the locator of ZIP64's end record names.
  private(set) var locator: UInt64?
  private(set) var archiveCommentLength = 0
  /// Where the walk met something that is no record, with what stands there; or where it ran out of bytes.
  private(set) var stop: (offset: Int, why: String)?
  /// Bytes behind the end record and its comment.
  private(set) var trailing = 0

  private enum Signature {
    static let end: UInt32 = 0x0605_4B50
    static let end64: UInt32 = 0x0606_4B50
    static let locator: UInt32 = 0x0706_4B50
    static let descriptor: UInt32 = 0x0807_4B50
  }

  init(_ bytes: ByteSource) {
    self.bytes = bytes
    let directory = Self.directory(of: bytes)
    var sizes: [[UInt8]: UInt64] = [:]
    for header in directory { sizes[header.name] = header.fields.compressed }
    walk(sizes)
    // Where the walk ended early, the directory is still there for those who read from the end.
    if centrals.isEmpty { centrals = directory }
  }

  /// The directory as readers find it that start at the archive's end; empty if there is none.
  private static func directory(of bytes: ByteSource) -> [ZipCentralHeader] {
    let tail = bytes.withUnsafeBytes { all -> Int? in
      guard all.count >= 22 else { return nil }
      return stride(from: all.count - 22, through: max(0, all.count - 22 - 0xFFFF), by: -1).first {
        all.loadUnaligned(fromByteOffset: $0, as: UInt32.self) == Signature.end
      }
    }
    guard let tail, var reader = try? reader(bytes, at: tail + 4), let (end, _) = try? end(&reader) else {
      return []
    }
    var start = end.start
    if start == 0xFFFF_FFFF, tail >= 20, var locator = try? Self.reader(bytes, at: tail - 20),
      (try? locator.read(UInt32.self)) == Signature.locator, let place = try? Self.locator(&locator),
      let place = Int(exactly: place), var record = try? Self.reader(bytes, at: place),
      (try? record.read(UInt32.self)) == Signature.end64, let end = try? end64(&record)
    {
      start = end.start
    }
    guard let start = Int(exactly: start), var reader = try? Self.reader(bytes, at: start) else { return [] }
    var found: [ZipCentralHeader] = []
    while (try? reader.read(UInt32.self)) == ZipCentralHeader.signature,
      let header = try? ZipCentralHeader(&reader)
    {
      found.append(header)
    }
    return found
  }

  private static func reader(_ bytes: ByteSource, at place: Int) throws(BinaryFormatError) -> ByteReader {
    var reader = ByteReader(bytes)
    try reader.seek(to: place)
    return reader
  }

  private mutating func walk(_ sizes: [[UInt8]: UInt64]) {
    var reader = ByteReader(bytes)
    while end == nil {
      let place = reader.position
      do {
        let signature: UInt32 = try reader.read()
        switch signature {
        case ZipLocalHeader.signature: try walkMember(&reader, sizes)
        case ZipCentralHeader.signature:
          if directoryStart == nil { directoryStart = place }
          centrals.append(try ZipCentralHeader(&reader))
        case Signature.end64: end64 = try Self.end64(&reader)
        case Signature.locator: locator = try Self.locator(&reader)
        case Signature.end:
          let (record, comment) = try Self.end(&reader)
          if directoryStart == nil { directoryStart = place }
          end = record
          archiveCommentLength = comment
          _ = try reader.take(comment, "the archive's comment")
          trailing = reader.remaining
        default:
          stop = (place, "0x" + String(signature, radix: 16))
          return
        }
      } catch {
        stop = (place, reader.remaining == 0 && place == bytes.count ? "the end of the file" : error.rule)
        return
      }
    }
  }

  private mutating func walkMember(_ reader: inout ByteReader, _ sizes: [[UInt8]: UInt64])
    throws(BinaryFormatError)
  {
    let header = try ZipLocalHeader(&reader)
    locals.append(header)
    // With a data descriptor, the sizes in front are mostly 0; the directory has them.
    let size =
      header.hasDataDescriptor
      ? sizes[header.name] ?? header.fields.compressed : header.fields.compressed
    guard let size = Int(exactly: size) else {
      throw BinaryFormatError(.truncated, in: bytes.name, at: header.offset, "a member larger than any file")
    }
    _ = try reader.take(size, "a member")
    guard header.hasDataDescriptor else { return }
    // Section 4.3.9: an optional signature, the checksum, and two sizes of 4 or 8 bytes.
    let signed = bytes.count - reader.position >= 4 && number(at: reader.position) == Signature.descriptor
    let long = header.fields.version >= 45
    for length in (long ? [24, 16] : [16, 24]).map({ signed ? $0 : $0 - 4 }) {
      let next = reader.position + length
      guard next + 4 <= bytes.count else { continue }
      let signatures = [
        ZipLocalHeader.signature, ZipCentralHeader.signature, Signature.end, Signature.end64,
      ]
      if signatures.contains(number(at: next)) { return try reader.seek(to: next) }
    }
  }

  private func number(at place: Int) -> UInt32 {
    bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self)) }
  }

  private static func end(_ reader: inout ByteReader) throws(BinaryFormatError) -> (End, comment: Int) {
    let offset = reader.position - 4
    let disks: UInt32 = try reader.read()
    let here: UInt16 = try reader.read()
    let all: UInt16 = try reader.read()
    let size: UInt32 = try reader.read()
    let start: UInt32 = try reader.read()
    let comment = Int(try reader.read(UInt16.self))
    let problem = here != all ? "\(here) of \(all) members on this disk" : disks == 0 ? nil : "several disks"
    let end = End(
      offset: offset,
      entries: UInt64(all),
      size: UInt64(size),
      start: UInt64(start),
      // All ones is what ZIP64 archives write there.
      problem: disks == 0xFFFF_FFFF ? nil : problem
    )
    return (end, comment)
  }

  private static func end64(_ reader: inout ByteReader) throws(BinaryFormatError) -> End {
    let offset = reader.position - 4
    let recordSize: UInt64 = try reader.read()
    _ = try reader.read(UInt32.self)  // versions
    _ = try reader.read(UInt64.self)  // disks
    let here: UInt64 = try reader.read()
    let all: UInt64 = try reader.read()
    let size: UInt64 = try reader.read()
    let start: UInt64 = try reader.read()
    var problem = here == all ? nil : "\(here) of \(all) members on this disk"
    if recordSize != 44 { problem = "a ZIP64 end record of \(recordSize) bytes, with data behind its fields" }
    return End(offset: offset, entries: all, size: size, start: start, problem: problem)
  }

  private static func locator(_ reader: inout ByteReader) throws(BinaryFormatError) -> UInt64 {
    _ = try reader.read(UInt32.self)  // disk
    let place: UInt64 = try reader.read()
    _ = try reader.read(UInt32.self)  // number of disks
    return place
  }
}
