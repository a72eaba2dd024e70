/// A program header: a part of the file that the loader uses ("ELF-64 Object File Format", section 8).
public struct ELFProgramHeader: Sendable, Hashable {
  /// The length of a program header in bytes.
  static let headerSize = 56

  /// What the loader does with the part (`p_type`).
  public struct Kind: RawRepresentable, Hashable, Sendable {
    /// The number in the program header.
    public let rawValue: UInt32
    /// Names the kind with this number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Mapped into memory (`PT_LOAD`).
    public static let load = Kind(rawValue: 1)
    /// The dynamic table (`PT_DYNAMIC`).
    public static let dynamic = Kind(rawValue: 2)
    /// The path of the program's loader (`PT_INTERP`).
    public static let interpreter = Kind(rawValue: 3)
    /// Notes (`PT_NOTE`).
    public static let note = Kind(rawValue: 4)
  }

  /// What the loader does with the part.
  public let kind: Kind
  /// Its flags: 1 executable, 2 writable, 4 readable.
  public let flags: UInt32
  /// The place in the file in bytes.
  public let offset: UInt64
  /// The address in memory.
  public let address: UInt64
  /// The length in the file in bytes.
  public let fileSize: UInt64
  /// The length in memory in bytes.
  public let memorySize: UInt64
  /// The alignment in bytes.
  public let alignment: UInt64

  init(_ reader: inout ByteReader) throws(BinaryFormatError) {
    kind = Kind(rawValue: try reader.read())
    flags = try reader.read()
    offset = try reader.read()
    address = try reader.read()
    _ = try reader.read(UInt64.self)  // p_paddr, which no system of ours uses
    fileSize = try reader.read()
    memorySize = try reader.read()
    alignment = try reader.read()
  }
}
