import BinaryFormats

/// The header in front of a zip member (APPNOTE.TXT 6.3, section 4.3.7), as it is.
struct ZipLocalHeader: Sendable {
  static let signature: UInt32 = 0x0403_4B50

  /// The place of the header in bytes.
  let offset: Int
  let fields: ZipFields
  /// The first byte behind the header.
  let dataOffset: Int
  /// What is wrong with its extra field.
  let extraProblem: String?

  var name: [UInt8] { fields.name }
  var hasDataDescriptor: Bool { fields.flags & 0x8 != 0 }

  init(_ reader: inout ByteReader) throws(BinaryFormatError) {
    offset = reader.position - 4
    let version: UInt16 = try reader.read()
    var fields = try ZipFields(&reader)
    fields.version = version
    let nameLength = Int(try reader.read(UInt16.self))
    let extraLength = Int(try reader.read(UInt16.self))
    fields.name = try reader.take(nameLength, "a member's name").array()
    let extra = ZipExtra(try reader.take(extraLength, "an extra field").array())
    extraProblem = extra.problem ?? fields.applyLocal(extra)
    self.fields = fields
    dataOffset = reader.position
  }
}

/// The entry of a zip member in the central directory (section 4.3.12), as it is.
struct ZipCentralHeader: Sendable {
  static let signature: UInt32 = 0x0201_4B50

  let offset: Int
  let fields: ZipFields
  /// The system whose attributes these are: 0 for DOS and Windows, 3 for Unix.
  let system: UInt8
  let commentLength: Int
  let externalAttributes: UInt32
  let localOffset: UInt64
  let extraProblem: String?

  var name: [UInt8] { fields.name }
  /// The mode of stat(2), for archives made on Unix.
  var unixMode: UInt32? { system == 3 || system == 19 ? externalAttributes >> 16 : nil }

  init(_ reader: inout ByteReader) throws(BinaryFormatError) {
    offset = reader.position - 4
    system = UInt8(try reader.read(UInt16.self) >> 8)
    let version: UInt16 = try reader.read()
    var fields = try ZipFields(&reader)
    fields.version = version
    let nameLength = Int(try reader.read(UInt16.self))
    let extraLength = Int(try reader.read(UInt16.self))
    commentLength = Int(try reader.read(UInt16.self))
    _ = try reader.read(UInt32.self)  // disk, internal attributes
    externalAttributes = try reader.read()
    let shortOffset: UInt32 = try reader.read()
    fields.name = try reader.take(nameLength, "a member's name").array()
    let extra = ZipExtra(try reader.take(extraLength, "an extra field").array())
    _ = try reader.take(commentLength, "a member's comment")
    var offset = UInt64(shortOffset)
    extraProblem = extra.problem ?? fields.applyCentral(extra, &offset)
    localOffset = offset
    self.fields = fields
  }
}

/// What both headers of a member say.
struct ZipFields: Sendable, Hashable {
  var version: UInt16 = 0
  let flags: UInt16
  let method: UInt16
  let time: UInt16
  let date: UInt16
  let crc: UInt32
  var compressed: UInt64
  var uncompressed: UInt64
  var name: [UInt8] = []

  var isEncrypted: Bool { flags & 0x1 != 0 }

  init(_ reader: inout ByteReader) throws(BinaryFormatError) {
    flags = try reader.read()
    method = try reader.read()
    time = try reader.read()
    date = try reader.read()
    crc = try reader.read()
    compressed = UInt64(try reader.read(UInt32.self))
    uncompressed = UInt64(try reader.read(UInt32.self))
  }

  private static let full: UInt64 = 0xFFFF_FFFF

  /// Takes 64-bit sizes from a local header's extra field, with warehouse's conditions.
  mutating func applyLocal(_ extra: ZipExtra) -> String? {
    guard let zip64 = extra.zip64 else { return nil }
    switch zip64.count {
    case 0:
      return compressed == Self.full || uncompressed == Self.full ? "a ZIP64 field without sizes" : nil
    case 8:
      guard method == 0 else { return "a ZIP64 field with one size for a compressed member" }
      let size = zip64.number(at: 0)
      compressed = size
      if uncompressed == Self.full { uncompressed = size }
    case 16, 24, 28:
      if uncompressed == Self.full { uncompressed = zip64.number(at: 0) }
      compressed = zip64.number(at: 8)
    default: return "a ZIP64 field of \(zip64.count) bytes"
    }
    return nil
  }

  /// Takes 64-bit numbers from the directory's extra field: only those whose 32 bits are all ones are there.
  mutating func applyCentral(_ extra: ZipExtra, _ offset: inout UInt64) -> String? {
    guard let zip64 = extra.zip64 else { return nil }
    guard [0, 8, 16, 24, 28].contains(zip64.count) else { return "a ZIP64 field of \(zip64.count) bytes" }
    var place = 0
    func next() -> UInt64? {
      guard place + 8 <= zip64.count else { return nil }
      defer { place += 8 }
      return zip64.number(at: place)
    }
    if uncompressed == Self.full {
      guard let size = next() else { return "a ZIP64 field without the size" }
      uncompressed = size
    }
    if compressed == Self.full {
      guard let size = next() else { return "a ZIP64 field without the compressed size" }
      compressed = size
    }
    if offset == Self.full {
      guard let place = next() else { return "a ZIP64 field without the offset" }
      offset = place
    }
    return nil
  }
}

/// The records of an extra field that matter here.
struct ZipExtra {
  /// The ZIP64 numbers (id 0x0001).
  private(set) var zip64: ArraySlice<UInt8>?
  /// What breaks a rule of warehouse's.
  private(set) var problem: String?

  init(_ bytes: [UInt8]) {
    problem = read(bytes[...])
  }

  private mutating func read(_ bytes: ArraySlice<UInt8>) -> String? {
    var rest = bytes
    var seen: Set<UInt16> = []
    while !rest.isEmpty {
      guard rest.count >= 4 else { return "an extra field of \(rest.count) bytes" }
      let id = UInt16(rest[rest.startIndex]) | UInt16(rest[rest.startIndex + 1]) << 8
      let count = Int(rest[rest.startIndex + 2]) | Int(rest[rest.startIndex + 3]) << 8
      guard count + 4 <= rest.count else { return "an extra field that ends past its header" }
      let body = rest.dropFirst(4).prefix(count)
      if [0x0001, 0x7075].contains(id), !seen.insert(id).inserted {
        return "extra field 0x\(String(id, radix: 16)) twice"
      }
      if id == 0x0001 { zip64 = body }
      if id == 0x7075, let why = Self.unicodePath(body.dropFirst(5)) { return why }
      rest = rest.dropFirst(4 + count)
    }
    return nil
  }

  private static func unicodePath(_ name: ArraySlice<UInt8>) -> String? {
    if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      return "a Unicode path with control characters"
    }
    return String(validating: name, as: UTF8.self) == nil ? "a Unicode path that is no UTF-8" : nil
  }
}

extension ArraySlice<UInt8> {
  /// A little-endian number of 64 bits at a place that is known to lie inside.
  fileprivate func number(at place: Int) -> UInt64 {
    self[(startIndex + place)..<(startIndex + place + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
