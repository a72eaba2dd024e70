/// A file as the loader sees it: addresses in memory, found through the program headers.
struct ELFImage {
  let bytes: ByteSource
  let programHeaders: [ELFProgramHeader]

  /// The bytes in the file from an address to the end of the part that is loaded there.
  ///
  /// - Throws: ``BinaryFormatError`` when no loaded part holds the address, or it lies outside of the file.
  func bytes(from address: UInt64, _ what: String) throws(BinaryFormatError) -> ByteSource {
    for header in programHeaders where header.kind == .load {
      guard address >= header.address, address - header.address < header.fileSize else { continue }
      let distance = address - header.address
      let (offset, overflow) = header.offset.addingReportingOverflow(distance)
      guard !overflow else { break }
      return try bytes.slice(from: offset, count: header.fileSize - distance, what)
    }
    throw bytes.error(
      .invalid,
      "\(what) must lie in a part of the file that is loaded; address \(hexadecimal(address)) does not"
    )
  }

  /// The dynamic table, found the way that the loader does: by its address in memory.
  func dynamicTable(_ header: ELFProgramHeader) throws(BinaryFormatError) -> ByteSource {
    let what = "the dynamic table"
    guard let loaded = try? bytes(from: header.address, what), loaded.count >= header.fileSize else {
      return try bytes.slice(from: header.offset, count: header.fileSize, what)
    }
    return try loaded.slice(from: 0, count: header.fileSize, what)
  }

  /// The names that the dynamic table refers to.
  func strings(at address: UInt64?, count: UInt64?) throws(BinaryFormatError) -> ELFStrings {
    guard let address, let count else { return ELFStrings(bytes: bytes.unchecked(0..<0)) }
    let what = "the dynamic string table"
    return ELFStrings(bytes: try bytes(from: address, what).slice(from: 0, count: count, what))
  }
}

/// A table of NUL-terminated names.
struct ELFStrings {
  let bytes: ByteSource

  /// The name at an offset.
  ///
  /// - Throws: ``BinaryFormatError`` when the offset lies outside of the table or no NUL follows.
  func text(at offset: UInt64) throws(BinaryFormatError) -> String {
    guard offset < UInt64(bytes.count) else {
      throw bytes.error(.invalid, "offset \(hexadecimal(offset)) lies outside of the table of names")
    }
    var reader = ByteReader(bytes)
    try reader.seek(to: Int(offset))
    return try reader.readText()
  }
}
