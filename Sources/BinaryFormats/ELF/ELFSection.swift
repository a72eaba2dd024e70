/// What a section holds (`sh_type`).
public struct ELFSectionType: RawRepresentable, Hashable, Sendable {
  /// The number in the section header.
  public let rawValue: UInt32
  /// Names the type with this number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// No section (`SHT_NULL`).
  public static let null = ELFSectionType(rawValue: 0)
  /// Bytes of the program (`SHT_PROGBITS`).
  public static let programBits = ELFSectionType(rawValue: 1)
  /// The linker's symbols (`SHT_SYMTAB`), which `strip` removes.
  public static let symbolTable = ELFSectionType(rawValue: 2)
  /// Names (`SHT_STRTAB`).
  public static let stringTable = ELFSectionType(rawValue: 3)
  /// Relocations with addends (`SHT_RELA`).
  public static let relocationsWithAddends = ELFSectionType(rawValue: 4)
  /// Notes (`SHT_NOTE`).
  public static let note = ELFSectionType(rawValue: 7)
  /// Zeroed memory that takes no bytes in the file (`SHT_NOBITS`).
  public static let noBits = ELFSectionType(rawValue: 8)
  /// Relocations whose addends stand in the place itself (`SHT_REL`).
  public static let relocations = ELFSectionType(rawValue: 9)
}

/// A section header ("ELF-64 Object File Format", section 5).
public struct ELFSection: Sendable, Hashable {
  /// The length of a section header in bytes.
  static let headerSize = 64
  /// `SHF_COMPRESSED`: the section starts with a compression header.
  static let compressedFlag: UInt64 = 0x800

  /// The number of the section in its file.
  public let index: Int
  /// The name, such as `.nv_fatbin`.
  public let name: String
  /// What the section holds.
  public let type: ELFSectionType
  /// Its flags: 1 writable, 2 in memory, 4 code, and more.
  public let flags: UInt64
  /// The address in memory, 0 in an object for the linker.
  public let address: UInt64
  /// The place in the file in bytes.
  public let offset: UInt64
  /// The length in bytes; of a `noBits` section, that in memory.
  public let size: UInt64
  /// The alignment in bytes; 0 and 1 mean none.
  public let alignment: UInt64
  /// The number of a related section, such as the names of a symbol table.
  let link: UInt32
  /// More about the section; of relocations, the number of the section that they change.
  let info: UInt32
  /// The length of one entry, if it holds entries.
  let entrySize: UInt64

  /// The bytes that the section takes in the file.
  public var fileSize: UInt64 { type == .noBits || type == .null ? 0 : size }
}

/// A section header whose name is not looked up yet.
struct RawELFSection {
  let nameOffset: UInt32
  let type: ELFSectionType
  let flags: UInt64
  let address: UInt64
  let offset: UInt64
  let size: UInt64
  let link: UInt32
  let info: UInt32
  let alignment: UInt64
  let entrySize: UInt64

  init(_ reader: inout ByteReader) throws(BinaryFormatError) {
    nameOffset = try reader.read()
    type = ELFSectionType(rawValue: try reader.read())
    flags = try reader.read()
    address = try reader.read()
    offset = try reader.read()
    size = try reader.read()
    link = try reader.read()
    info = try reader.read()
    alignment = try reader.read()
    entrySize = try reader.read()
  }

  func named(_ name: String, index: Int) -> ELFSection {
    ELFSection(
      index: index,
      name: name,
      type: type,
      flags: flags,
      address: address,
      offset: offset,
      size: size,
      alignment: alignment,
      link: link,
      info: info,
      entrySize: entrySize
    )
  }
}
