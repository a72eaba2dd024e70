/// One image in a fat binary: code for one architecture.
///
/// Header and payload stay the bytes that were read, so an entry that nobody changes is written back byte for byte.
public struct FatbinEntry: Sendable {
  /// The length in bytes of the header fields that every toolkit writes.
  static let fixedHeaderSize = 0x40

  /// The places of header fields in bytes.
  enum Field {
    static let kind = 0x00
    static let headerSize = 0x04
    static let paddedSize = 0x08
    static let compressedSize = 0x10
    static let codeMinor = 0x18
    static let codeMajor = 0x1A
    static let architecture = 0x1C
    static let flags = 0x28
    static let uncompressedSize = 0x38
  }

  /// The whole entry header, names and options behind the fixed fields included.
  public let header: ByteSource
  /// The payload as stored, with its padding to a multiple of 8 bytes.
  public let paddedPayload: ByteSource
  /// What the entry holds.
  public let kind: FatbinEntryKind
  /// The architecture that the entry is for; 0 in a concat group.
  public let architecture: FatbinArchitecture
  /// The flags, unknown ones included.
  public let flags: FatbinFlags
  /// How the payload is stored.
  public let compression: FatbinCompression
  /// The version of the code: of PTX, the PTX version.
  public let codeVersion: FatbinCodeVersion
  /// The bytes that count of the payload: without padding if it is compressed, else with it.
  public let storedSize: Int
  /// The size in bytes that the header promises for the payload after decompression.
  ///
  /// Untrusted: no memory is reserved by it before it was checked against ``decompressionLimit``.
  public let uncompressedSize: Int

  /// The bytes that the entry takes: header, payload and padding.
  public var size: Int { header.count + paddedPayload.count }

  /// Whether everything about the entry is understood, so that it can be kept or dropped by its architecture.
  public var isUnderstood: Bool {
    switch kind {
    case .ptx, .elf: compression != .unknown && flags.subtracting(.known).isEmpty
    case .intermediate, .group, .unknown: false
    }
  }

  /// Reads the entry that begins at the reader's position.
  ///
  /// - Throws: ``BinaryFormatError`` when header or payload do not fit into the container, or sizes contradict.
  init(_ reader: inout ByteReader) throws(BinaryFormatError) {
    let place = reader.position
    let source = reader.source
    let fixed = try source.slice(
      from: UInt64(place),
      count: UInt64(Self.fixedHeaderSize),
      "a fatbin entry header"
    )
    let headerSize = fixed.load(Field.headerSize, as: UInt32.self)
    let paddedSize = fixed.load(Field.paddedSize, as: UInt64.self)
    guard headerSize >= Self.fixedHeaderSize, headerSize % 8 == 0 else {
      throw fixed.error(
        .invalid,
        at: Field.headerSize,
        "a fatbin entry header must be a multiple of 8 and at least 64 bytes long; it says \(headerSize)"
      )
    }
    guard paddedSize % 8 == 0 else {
      throw fixed.error(
        .invalid,
        at: Field.paddedSize,
        "a fatbin payload must be padded to a multiple of 8 bytes; it says \(paddedSize)"
      )
    }
    guard UInt64(headerSize) <= UInt64(reader.remaining),
      paddedSize <= UInt64(reader.remaining - Int(headerSize))
    else {
      throw fixed.error(
        .truncated,
        at: Field.paddedSize,
        "a fatbin entry of \(headerSize) + \(paddedSize) bytes does not fit into the \(reader.remaining) bytes "
          + "that are left of its container"
      )
    }
    let header = try reader.take(Int(headerSize))
    let payload = try reader.take(Int(paddedSize))
    try self.init(header: header, paddedPayload: payload)
  }

  /// Makes an entry of a header and a payload that fit each other.
  ///
  /// - Throws: ``BinaryFormatError`` when the sizes in the header contradict the payload.
  init(header: ByteSource, paddedPayload: ByteSource) throws(BinaryFormatError) {
    let compressedSize = Int(header.load(Field.compressedSize, as: UInt32.self))
    let uncompressedSize = header.load(Field.uncompressedSize, as: UInt64.self)
    guard compressedSize <= paddedPayload.count else {
      throw header.error(
        .invalid,
        at: Field.compressedSize,
        "the compressed size \(compressedSize) cannot be larger than the payload of \(paddedPayload.count) bytes"
      )
    }
    guard let uncompressedSize = Int(exactly: uncompressedSize) else {
      throw header.error(
        .invalid,
        at: Field.uncompressedSize,
        "the uncompressed size is larger than any memory"
      )
    }
    let flags = FatbinFlags(rawValue: header.load(Field.flags))
    let compression = FatbinCompression(flags)
    self.header = header
    self.paddedPayload = paddedPayload
    self.flags = flags
    self.compression = compression
    kind = FatbinEntryKind(rawValue: header.load(Field.kind))
    architecture = FatbinArchitecture(
      Int(header.load(Field.architecture, as: UInt32.self)),
      isArchitectureSpecific: flags.contains(.architectureSpecific),
      isFamilySpecific: flags.contains(.familySpecific)
    )
    codeVersion = FatbinCodeVersion(
      major: Int(header.load(Field.codeMajor, as: UInt16.self)),
      minor: Int(header.load(Field.codeMinor, as: UInt16.self))
    )
    storedSize = compression == .none ? paddedPayload.count : compressedSize
    self.uncompressedSize = compression == .none ? paddedPayload.count : uncompressedSize
  }

  /// The payload as stored, without padding if it is compressed.
  public var storedPayload: ByteSource { paddedPayload.unchecked(0..<storedSize) }
}
