/// The section and program headers of a file, with every range checked.
struct ELFTables {
  let sections: [ELFSection]
  let programHeaders: [ELFProgramHeader]

  /// `SHN_XINDEX` and `PN_XNUM`: the number does not fit and stands in section header 0.
  private static let escape: UInt16 = 0xFFFF

  init(_ bytes: ByteSource, _ header: ELFHeader) throws(BinaryFormatError) {
    let raw = try Self.rawSections(bytes, header)
    sections = try Self.name(raw, bytes, header)
    programHeaders = try Self.programHeaders(bytes, header, first: raw.first)
  }

  private static func rawSections(
    _ bytes: ByteSource,
    _ header: ELFHeader
  ) throws(BinaryFormatError) -> [RawELFSection] {
    guard header.sectionHeaderOffset != 0 else { return [] }
    guard header.sectionHeaderSize == ELFSection.headerSize else {
      throw bytes.error(.invalid, at: 58, "a section header must be 64 bytes long")
    }
    let size = UInt64(ELFSection.headerSize)
    var count = UInt64(header.sectionHeaderCount)
    if count == 0 {
      // 65,280 sections and more: the number is the size of section 0. 0 there means that there are none.
      let first = try bytes.slice(from: header.sectionHeaderOffset, count: size, "the section header 0")
      count = first.load(32, as: UInt64.self)
    }
    let (length, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else {
      throw bytes.error(
        .invalid,
        at: 60,
        "the number of sections (\(count)) is larger than any file can hold"
      )
    }
    let table = try bytes.slice(from: header.sectionHeaderOffset, count: length, "the section header table")
    var reader = ByteReader(table)
    var sections: [RawELFSection] = []
    sections.reserveCapacity(table.count / ELFSection.headerSize)
    while reader.remaining > 0 { sections.append(try RawELFSection(&reader)) }
    return sections
  }

  private static func name(
    _ raw: [RawELFSection],
    _ bytes: ByteSource,
    _ header: ELFHeader
  ) throws(BinaryFormatError) -> [ELFSection] {
    guard let first = raw.first else { return [] }
    let index =
      header.sectionNameIndex == escape ? Int(first.link) : Int(header.sectionNameIndex)
    var names: ByteSource?
    if index != 0 {
      guard index < raw.count, raw[index].type == .stringTable else {
        throw bytes.error(.invalid, at: 62, "section \(index) must hold the names of the sections")
      }
      names = try bytes.slice(from: raw[index].offset, count: raw[index].size, "the section of section names")
    }
    var sections: [ELFSection] = []
    sections.reserveCapacity(raw.count)
    for (index, section) in raw.enumerated() {
      var name = ""
      if let names, section.type != .null {
        guard Int(section.nameOffset) < names.count else {
          throw bytes.error(
            .invalid,
            at: Int(header.sectionHeaderOffset) + index * ELFSection.headerSize,
            "the name of section \(index) lies outside of the section of section names"
          )
        }
        var reader = ByteReader(names)
        try reader.seek(to: Int(section.nameOffset))
        name = try reader.readText()
      }
      let named = section.named(name, index: index)
      if named.fileSize > 0 {
        _ = try bytes.slice(from: named.offset, count: named.size, "section '\(name)'")
      }
      sections.append(named)
    }
    return sections
  }

  private static func programHeaders(
    _ bytes: ByteSource,
    _ header: ELFHeader,
    first: RawELFSection?
  ) throws(BinaryFormatError) -> [ELFProgramHeader] {
    guard header.programHeaderOffset != 0, header.programHeaderCount != 0 else { return [] }
    guard header.programHeaderSize == ELFProgramHeader.headerSize else {
      throw bytes.error(.invalid, at: 54, "a program header must be 56 bytes long")
    }
    var count = UInt64(header.programHeaderCount)
    if header.programHeaderCount == escape, let first { count = UInt64(first.info) }
    let table = try bytes.slice(
      from: header.programHeaderOffset,
      count: count * UInt64(ELFProgramHeader.headerSize),
      "the program header table"
    )
    var reader = ByteReader(table)
    var headers: [ELFProgramHeader] = []
    headers.reserveCapacity(table.count / ELFProgramHeader.headerSize)
    while reader.remaining > 0 { headers.append(try ELFProgramHeader(&reader)) }
    return headers
  }
}
