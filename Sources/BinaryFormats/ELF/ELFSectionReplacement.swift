extension ELFFile {
  /// A relocatable object like this one in which one section has other content.
  ///
  /// Everything else keeps its bytes. Sections and the section header table behind the section move by one distance,
  /// a multiple of the largest alignment among them; the section header of the replaced one gets the exact new size.
  ///
  /// - Parameters:
  ///   - section: A section of this file that takes bytes in it.
  ///   - content: The new content, of any length.
  ///   - otherEdits: More places to rewrite, of unchanged length, outside of the section and the headers.
  /// - Throws: ``BinaryFormatError`` when the file is no relocatable object, or the section shares bytes with another
  ///   part of the file.
  func replacing(
    _ section: ELFSection,
    with content: ByteRope,
    otherEdits: [ByteRope.Edit] = []
  ) throws(BinaryFormatError) -> ByteRope {
    guard isRelocatable, programHeaders.isEmpty else {
      throw bytes.error(
        .unsupported,
        at: 16,
        "section '\(section.name)' can be replaced only in an object for the linker (.o)"
      )
    }
    let old = try self.bytes(of: section)
    let start = old.count == 0 ? Int(clamping: section.offset) : old.offset - bytes.offset
    let end = start + old.count
    guard section.type == .programBits, end <= bytes.count else {
      throw bytes.error(
        .invalid,
        at: min(start, bytes.count),
        "section '\(section.name)' must hold bytes of the program"
      )
    }
    let tableStart = Int(header.sectionHeaderOffset)
    let tableEnd = tableStart + sections.count * ELFSection.headerSize
    let alignment = try checkNeighbours(of: section, start..<end, table: tableStart..<tableEnd)

    let growth = content.count - old.count
    // Rounds up also when the section shrinks; the gap lies behind the section and belongs to none.
    let distance = growth >= 0 ? roundUp(growth, to: alignment) : -(-growth / alignment * alignment)
    func moved(_ offset: UInt64) -> UInt64 {
      offset >= UInt64(end) && offset > UInt64(start) ? offset &+ UInt64(bitPattern: Int64(distance)) : offset
    }

    var table = try bytes.slice(tableStart..<tableEnd, "the section header table").array()
    for other in sections where other.index != 0 {
      let place = other.index * ELFSection.headerSize
      let offset = other.index == section.index ? other.offset : moved(other.offset)
      table.store(offset, at: place + 24)
      if other.index == section.index { table.store(UInt64(content.count), at: place + 32) }
    }
    var fileHeader = try bytes.slice(0..<ELFHeader.size, "the ELF header").array()
    fileHeader.store(moved(header.sectionHeaderOffset), at: 40)

    var replacement = content
    replacement.append(zeros: distance - growth)
    return try ByteRope(
      bytes,
      edits: otherEdits + [
        ByteRope.Edit(range: 0..<ELFHeader.size, replacement: Self.rope(fileHeader, bytes.name)),
        ByteRope.Edit(range: start..<end, replacement: replacement),
        ByteRope.Edit(range: tableStart..<tableEnd, replacement: Self.rope(table, bytes.name)),
      ]
    )
  }

  /// Checks that nothing shares bytes with the section, and returns the alignment that everything behind it needs.
  private func checkNeighbours(
    of section: ELFSection,
    _ range: Range<Int>,
    table: Range<Int>
  ) throws(BinaryFormatError) -> Int {
    func overlap(_ what: String) -> BinaryFormatError {
      bytes.error(.unsupported, at: range.lowerBound, "section '\(section.name)' shares bytes with \(what)")
    }
    guard !range.overlaps(table) else { throw overlap("the section header table") }
    guard !range.overlaps(0..<ELFHeader.size) else { throw overlap("the ELF header") }
    var alignment: UInt64 = 8  // of the section header table
    for other in sections where other.index != section.index && other.type != .null {
      if other.fileSize > 0, range.overlaps(Int(other.offset)..<Int(other.offset + other.fileSize)) {
        throw overlap("section '\(other.name)'")
      }
      if other.offset >= UInt64(range.upperBound) { alignment = max(alignment, other.alignment) }
    }
    guard alignment <= 1 << 20, alignment.nonzeroBitCount == 1 else {
      throw bytes.error(
        .unsupported,
        "the alignment of every section must be a power of two up to 1 MiB; one has \(alignment)"
      )
    }
    return Int(alignment)
  }

  private static func rope(_ content: [UInt8], _ name: String) -> ByteRope {
    ByteRope(ByteSource(content, name: name))
  }
}
