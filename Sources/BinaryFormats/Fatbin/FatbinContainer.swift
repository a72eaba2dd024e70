/// A fat binary container: what nvcc embeds for one translation unit.
public struct FatbinContainer: Sendable {
  /// The number at the begin of every container.
  static let magic: UInt32 = 0xBA55_ED50
  /// The length of the header in bytes, as every toolkit so far writes it.
  static let fixedHeaderSize = 16
  private static let payloadSizeField = 8

  /// The place of the container in its section, in bytes.
  public let offset: Int
  /// The header as it was read.
  public let header: ByteSource
  /// The version of the container format; 1 so far.
  public let version: Int
  /// The entries in their order.
  public let entries: [FatbinEntry]

  /// The bytes that the container takes, its header included.
  public var size: Int { entries.reduce(header.count) { $0 + $1.size } }

  /// Reads the container at the reader's position.
  ///
  /// - Throws: ``BinaryFormatError`` when there is no container, or it or one of its entries does not fit.
  init(_ reader: inout ByteReader) throws(BinaryFormatError) {
    offset = reader.position
    let (header, payloadSize) = try Self.header(of: reader.source, at: reader.position)
    version = Int(header.load(4, as: UInt16.self))
    self.header = try reader.take(header.count)
    var content = ByteReader(try reader.take(payloadSize))
    var entries: [FatbinEntry] = []
    while content.remaining > 0 { entries.append(try FatbinEntry(&content)) }
    self.entries = entries
  }

  /// Checks the header of the container at a place that is known to lie inside.
  ///
  /// - Returns: the header, and the length in bytes of what follows it.
  /// - Throws: ``BinaryFormatError`` when there is no container, or it does not fit.
  static func header(of source: ByteSource, at place: Int) throws(BinaryFormatError) -> (ByteSource, Int) {
    let remaining = source.count - place
    let fixed = try source.slice(
      from: UInt64(place),
      count: UInt64(Self.fixedHeaderSize),
      "a fatbin container header"
    )
    guard fixed.load(0, as: UInt32.self) == Self.magic else {
      throw fixed.error(
        .invalid,
        "a fatbin container must begin with \(hexadecimal(Self.magic)); "
          + "here stands \(hexadecimal(fixed.load(0, as: UInt32.self)))"
      )
    }
    let headerSize = Int(fixed.load(6, as: UInt16.self))
    guard headerSize >= Self.fixedHeaderSize, headerSize % 8 == 0 else {
      throw fixed.error(
        .invalid,
        at: 6,
        "a fatbin container header must be a multiple of 8 and at least 16 bytes long; it says \(headerSize)"
      )
    }
    let payloadSize = fixed.load(Self.payloadSizeField, as: UInt64.self)
    guard headerSize <= remaining, payloadSize <= UInt64(remaining - headerSize) else {
      throw fixed.error(
        .truncated,
        at: Self.payloadSizeField,
        "a fatbin container of \(headerSize) + \(payloadSize) bytes does not fit into the \(remaining) bytes "
          + "that are left of its section"
      )
    }
    return (source.unchecked(place..<place + headerSize), Int(payloadSize))
  }

  private init(_ original: FatbinContainer, entries: [FatbinEntry]) {
    offset = original.offset
    version = original.version
    self.entries = entries
    var bytes = original.header.array()
    bytes.store(UInt64(entries.reduce(0) { $0 + $1.size }), at: Self.payloadSizeField)
    header = ByteSource(bytes, name: original.header.name, offset: original.header.offset)
  }

  /// The same container with other entries, its payload size counted anew.
  public func replacing(entries: [FatbinEntry]) -> FatbinContainer {
    FatbinContainer(self, entries: entries)
  }

  /// The same container with only the entries for which `keep` is true, in their order.
  public func filtered<Failure: Error>(
    keeping keep: (FatbinEntry) throws(Failure) -> Bool
  ) throws(Failure) -> FatbinContainer {
    var kept: [FatbinEntry] = []
    for entry in entries where try keep(entry) { kept.append(entry) }
    return replacing(entries: kept)
  }

  /// The bytes of the container; of one that nobody changed, exactly those that were read.
  public func serialized() -> ByteRope {
    var rope = ByteRope(header)
    for entry in entries {
      rope.append(entry.header)
      rope.append(entry.paddedPayload)
    }
    return rope
  }
}

extension [UInt8] {
  /// Writes a little-endian number at a place that is known to lie inside.
  mutating func store<Number: FixedWidthInteger>(_ number: Number, at place: Int) {
    withUnsafeMutableBytes { $0.storeBytes(of: number.littleEndian, toByteOffset: place, as: Number.self) }
  }
}
