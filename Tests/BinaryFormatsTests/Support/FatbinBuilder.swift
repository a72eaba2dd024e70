import BinaryFormats
import Testing

/// Builds fat binaries byte by byte, so that tests know what has to come out.
enum FatbinBuilder {
  /// What goes into one entry header.
  struct Entry {
    var kind: UInt16 = 2
    var headerSize: UInt32 = 0x48
    var architecture: UInt32 = 75
    var flags: UInt64 = 0x11
    var compressedSize: UInt32 = 0
    var uncompressedSize: UInt64 = 0
    var codeVersion: (minor: UInt16, major: UInt16) = (7, 1)
    var payload: [UInt8] = []

    var bytes: [UInt8] {
      var header: [UInt8] = []
      header.append(number: kind)
      header.append(number: UInt16(0x0101))
      header.append(number: headerSize)
      header.append(number: UInt64((payload.count + 7) / 8 * 8))
      header.append(number: compressedSize)
      header.append(number: UInt32(0))
      header.append(number: codeVersion.minor)
      header.append(number: codeVersion.major)
      header.append(number: architecture)
      header.append(number: UInt64(0))
      header.append(number: flags)
      header.append(number: UInt64(0))
      header.append(number: uncompressedSize)
      header += [UInt8](repeating: 0xAB, count: max(0, Int(headerSize) - header.count))
      return header + payload + [UInt8](repeating: 0, count: (8 - payload.count % 8) % 8)
    }
  }

  static func container(_ entries: [Entry]) -> [UInt8] {
    let content = entries.flatMap(\.bytes)
    var bytes: [UInt8] = []
    bytes.append(number: UInt32(0xBA55_ED50))
    bytes.append(number: UInt16(1))
    bytes.append(number: UInt16(16))
    bytes.append(number: UInt64(content.count))
    return bytes + content
  }

  /// The header of a cubin as CUDA 12 writes it, and some bytes behind it that compress well.
  static func cubin(_ architecture: UInt32, isSpecific: Bool = false, size: Int = 1024) -> [UInt8] {
    var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0x33, 7, 0, 0, 0, 0, 0, 0, 0]
    bytes.append(number: UInt16(2))
    bytes.append(number: UInt16(190))
    bytes += [UInt8](repeating: 0, count: 28)
    bytes.append(number: UInt32(architecture << 16 | 0x500 | (isSpecific ? 0x800 : 0) | architecture))
    bytes += [UInt8](repeating: 0, count: 12)
    while bytes.count < size { bytes.append(UInt8(bytes.count % 23)) }
    return bytes
  }

  static func cubinEntry(_ architecture: UInt32, size: Int = 1024) -> Entry {
    Entry(architecture: architecture, payload: cubin(architecture, size: size))
  }

  static func ptxEntry(_ architecture: UInt32, _ text: String = ".version 8.4\n.target sm_75\n") -> Entry {
    Entry(
      kind: 1,
      headerSize: 0x58,
      architecture: architecture,
      codeVersion: (4, 8),
      payload: Array(text.utf8) + [0]
    )
  }

  static func parse(_ bytes: [UInt8]) throws -> Fatbin {
    try Fatbin(parsing: ByteSource(bytes, name: "test.fatbin"))
  }
}

extension [UInt8] {
  /// Adds a little-endian number at the end.
  mutating func append<Number: FixedWidthInteger>(number: Number) {
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  /// Overwrites a little-endian number.
  mutating func set<Number: FixedWidthInteger>(_ number: Number, at place: Int) {
    var bytes: [UInt8] = []
    bytes.append(number: number)
    replaceSubrange(place..<place + bytes.count, with: bytes)
  }
}

extension FatbinBuilder.Entry: CustomTestStringConvertible {
  /// Without the payload, whose bytes would fill the log of a parameterized test.
  var testDescription: String { "kind \(kind), sm_\(architecture), flags \(flags), \(payload.count) bytes" }
}
