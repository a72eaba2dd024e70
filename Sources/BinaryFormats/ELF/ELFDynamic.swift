/// What the dynamic linker reads from a library or program: the dynamic table and the symbol versions that are needed.
public struct ELFDynamic: Sendable, Hashable {
  /// The libraries to load (`DT_NEEDED`), in their order.
  public let neededLibraries: [String]
  /// The name under which other files need this library (`DT_SONAME`).
  public let soname: String?
  /// Where to look for libraries, the old form (`DT_RPATH`); several folders are separated by colons.
  public let rpath: String?
  /// Where to look for libraries (`DT_RUNPATH`); several folders are separated by colons.
  public let runpath: String?
  /// Whether there is a function to run at loading (`DT_INIT`), without which UPX cannot pack a library.
  public let hasInit: Bool
  /// Whether code itself is changed at loading (`DT_TEXTREL`).
  public let hasTextRelocations: Bool
  /// Whether the linker made this file as a position-independent program (`DF_1_PIE`).
  public let isPositionIndependentExecutable: Bool
  /// The symbol versions needed of each library, sorted: `libc.so.6` to `GLIBC_2.2.5`, `GLIBC_2.34`.
  public let versionRequirements: [String: [String]]

  private enum Tag {
    static let null: UInt64 = 0
    static let needed: UInt64 = 1
    static let stringTable: UInt64 = 5
    static let stringTableSize: UInt64 = 10
    static let initialization: UInt64 = 12
    static let soname: UInt64 = 14
    static let rpath: UInt64 = 15
    static let textRelocations: UInt64 = 22
    static let runpath: UInt64 = 29
    static let flags: UInt64 = 30
    static let flags1: UInt64 = 0x6FFF_FFFB
    static let versionNeeded: UInt64 = 0x6FFF_FFFE
  }

  /// Reads the dynamic table; nil if the program headers name none.
  ///
  /// - Throws: ``BinaryFormatError`` when the table or what it refers to lies outside of the file.
  init?(_ bytes: ByteSource, programHeaders: [ELFProgramHeader]) throws(BinaryFormatError) {
    guard let header = programHeaders.first(where: { $0.kind == .dynamic }), header.fileSize > 0 else {
      return nil
    }
    let image = ELFImage(bytes: bytes, programHeaders: programHeaders)
    let table = try image.dynamicTable(header)

    var values: [UInt64: UInt64] = [:]
    var needed: [UInt64] = []
    var reader = ByteReader(table)
    while reader.remaining >= 16 {
      let tag: UInt64 = try reader.read()
      let value: UInt64 = try reader.read()
      if tag == Tag.null { break }
      if tag == Tag.needed { needed.append(value) } else { values[tag] = value }
    }

    let names = try image.strings(at: values[Tag.stringTable], count: values[Tag.stringTableSize])
    func text(_ offset: UInt64?) throws(BinaryFormatError) -> String? {
      guard let offset else { return nil }
      return try names.text(at: offset)
    }
    var libraries: [String] = []
    for offset in needed { libraries.append(try names.text(at: offset)) }
    neededLibraries = libraries
    soname = try text(values[Tag.soname])
    rpath = try text(values[Tag.rpath])
    runpath = try text(values[Tag.runpath])
    hasInit = values[Tag.initialization] != nil
    // DT_TEXTREL, or DF_TEXTREL in DT_FLAGS.
    hasTextRelocations = values[Tag.textRelocations] != nil || (values[Tag.flags] ?? 0) & 0x4 != 0
    isPositionIndependentExecutable = (values[Tag.flags1] ?? 0) & 0x0800_0000 != 0
    versionRequirements = try ELFVersions.requirements(in: image, at: values[Tag.versionNeeded], names)
  }
}
