/// Writes zip archives by hand, right or wrong: what no zip library lets one write.
struct ZipBuilder {
  /// One member with everything that can be wrong about it; nil means as it should be.
  struct Entry {
    var name: [UInt8]
    var data: [UInt8]
    var mode: UInt32 = 0o100_644
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var centralFlags: UInt16?
    var date: UInt16 = 0x5921  // 2024-09-01
    var crc: UInt32?
    var localCRC: UInt32?
    var localName: [UInt8]?
    var localCompressed: UInt32?
    var localUncompressed: UInt32?
    var uncompressed: UInt32?
    var localExtra: [UInt8] = []
    var comment: [UInt8] = []
    var centralOffset: UInt32?
    var isInDirectory = true
    var isInFront = true

    init(_ name: String, _ data: [UInt8]) {
      self.name = Array(name.utf8)
      self.data = data
      // Bit 11: the name is UTF-8.
      if self.name.contains(where: { $0 >= 0x80 }) { flags = 1 << 11 }
    }
  }

  var entries: [Entry] = []
  var prefix: [UInt8] = []
  var gap: [UInt8] = []
  var suffix: [UInt8] = []
  var comment: [UInt8] = []
  var countOffset = 0
  var extraRecord: [UInt8] = []
  /// Other bytes instead of an archive.
  var whole: [UInt8]?

  var bytes: [UInt8] {
    if let whole { return whole }
    var out = prefix
    var offsets: [Int] = []
    for entry in entries {
      offsets.append(out.count)
      guard entry.isInFront else { continue }
      let crc = entry.localCRC ?? entry.crc ?? CRC32.of(entry.data)
      let hasDescriptor = entry.flags & 8 != 0
      out.little(UInt32(0x0403_4B50))
      out.little(UInt16(20))
      out.little(entry.flags)
      out.little(entry.method)
      out.little(UInt16(0))
      out.little(entry.date)
      out.little(hasDescriptor ? 0 : crc)
      let count = UInt32(entry.data.count)
      out.little(hasDescriptor ? 0 : entry.localCompressed ?? count)
      out.little(hasDescriptor ? 0 : entry.localUncompressed ?? entry.uncompressed ?? count)
      let name = entry.localName ?? entry.name
      out.little(UInt16(name.count))
      out.little(UInt16(entry.localExtra.count))
      out += name + entry.localExtra + entry.data
      if hasDescriptor {
        out.little(UInt32(0x0807_4B50))
        out.little(crc)
        out.little(count)
        out.little(entry.uncompressed ?? count)
      }
    }
    out += gap
    let start = out.count
    let listed = zip(entries, offsets).filter(\.0.isInDirectory)
    for (entry, offset) in listed {
      out.little(UInt32(0x0201_4B50))
      out.little(UInt16(3 << 8 | 20))
      out.little(UInt16(20))
      out.little(entry.centralFlags ?? entry.flags)
      out.little(entry.method)
      out.little(UInt16(0))
      out.little(entry.date)
      out.little(entry.crc ?? CRC32.of(entry.data))
      out.little(UInt32(entry.data.count))
      out.little(entry.uncompressed ?? UInt32(entry.data.count))
      out.little(UInt16(entry.name.count))
      out.little(UInt16(0))
      out.little(UInt16(entry.comment.count))
      out.little(UInt32(0))
      out.little(entry.mode << 16)
      out.little(entry.centralOffset ?? UInt32(offset))
      out += entry.name + entry.comment
    }
    let size = out.count - start
    out += extraRecord
    out.little(UInt32(0x0605_4B50))
    out.little(UInt32(0))
    out.little(UInt16(listed.count + countOffset))
    out.little(UInt16(listed.count + countOffset))
    out.little(UInt32(size))
    out.little(UInt32(start))
    out.little(UInt16(comment.count))
    return out + comment + suffix
  }
}

/// The checksum of zip archives, bit by bit: slow, and independent of what is tested.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }

  static func of(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }
}

extension [UInt8] {
  /// Appends a number, lowest byte first.
  mutating func little<Number: FixedWidthInteger>(_ number: Number) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
