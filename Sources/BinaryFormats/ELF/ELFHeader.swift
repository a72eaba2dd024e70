/// The machine that an ELF file is for (`e_machine`).
public struct ELFMachine: RawRepresentable, Hashable, Sendable {
  /// The number in the file header.
  public let rawValue: UInt16
  /// Names the machine with this number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// 64-bit x86 (`EM_X86_64`).
  public static let x86_64 = ELFMachine(rawValue: 62)
  /// 64-bit Arm (`EM_AARCH64`).
  public static let aarch64 = ELFMachine(rawValue: 183)
  /// An NVIDIA GPU (`EM_CUDA`).
  public static let cuda = ELFMachine(rawValue: 190)
}

/// What an ELF file is for (`e_type`).
public struct ELFType: RawRepresentable, Hashable, Sendable {
  /// The number in the file header.
  public let rawValue: UInt16
  /// Names the type with this number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// An object for the linker (`ET_REL`).
  public static let relocatable = ELFType(rawValue: 1)
  /// A program at a fixed address (`ET_EXEC`).
  public static let executable = ELFType(rawValue: 2)
  /// A shared object or a position-independent program (`ET_DYN`).
  public static let dynamic = ELFType(rawValue: 3)
  /// A memory dump (`ET_CORE`).
  public static let core = ELFType(rawValue: 4)
}

/// The first 64 bytes of a 64-bit little-endian ELF file ("ELF-64 Object File Format", version 1.5, section 3).
public struct ELFHeader: Sendable, Hashable {
  /// The length of the header in bytes.
  static let size = 64

  /// The system ABI (`EI_OSABI`): 0 for System V, 3 for GNU, 0x33 and 0x41 in CUDA images.
  public let osABI: UInt8
  /// The version of the system ABI.
  public let abiVersion: UInt8
  /// What the file is for.
  public let type: ELFType
  /// The machine that the file is for.
  public let machine: ELFMachine
  /// Flags of the machine; CUDA images keep their architecture here.
  public let flags: UInt32
  /// The place of the program headers in bytes, 0 if there are none.
  let programHeaderOffset: UInt64
  /// The place of the section headers in bytes, 0 if there are none.
  let sectionHeaderOffset: UInt64
  let programHeaderSize: UInt16
  let programHeaderCount: UInt16
  let sectionHeaderSize: UInt16
  let sectionHeaderCount: UInt16
  let sectionNameIndex: UInt16

  /// Reads the header at the begin of `bytes`.
  ///
  /// - Throws: ``BinaryFormatError`` when the bytes are no 64-bit little-endian ELF file of version 1.
  init(_ bytes: ByteSource) throws(BinaryFormatError) {
    // The magic number is four bytes, not a number: its order does not depend on the byte order of the file.
    let magic = try? bytes.slice(0..<4).array()
    guard magic == [0x7F, 0x45, 0x4C, 0x46] else {
      throw bytes.error(.invalid, "is no ELF file; the first four bytes must be 7F 45 4C 46")
    }
    var reader = ByteReader(try bytes.slice(0..<Self.size, "the ELF header"))
    try reader.seek(to: 4)
    guard try reader.read(UInt8.self) == 2 else {
      throw bytes.error(.unsupported, at: 4, "the ELF class must be 64-bit (2)")
    }
    guard try reader.read(UInt8.self) == 1 else {
      throw bytes.error(.unsupported, at: 5, "the byte order must be little-endian (1)")
    }
    guard try reader.read(UInt8.self) == 1 else {
      throw bytes.error(.invalid, at: 6, "the ELF version must be 1")
    }
    osABI = try reader.read()
    abiVersion = try reader.read()
    try reader.seek(to: 16)
    type = ELFType(rawValue: try reader.read())
    machine = ELFMachine(rawValue: try reader.read())
    // e_version is 1 in host files and the toolkit's number in CUDA images, so it is not checked.
    try reader.seek(to: 32)
    programHeaderOffset = try reader.read()
    sectionHeaderOffset = try reader.read()
    flags = try reader.read()
    try reader.seek(to: 54)
    programHeaderSize = try reader.read()
    programHeaderCount = try reader.read()
    sectionHeaderSize = try reader.read()
    sectionHeaderCount = try reader.read()
    sectionNameIndex = try reader.read()
  }
}
