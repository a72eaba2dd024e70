/// Finds the build id among the notes of a file.
enum ELFNotes {
  /// The build id (note type 3 of owner `GNU`) as hexadecimal digits.
  ///
  /// A broken note is no reason to refuse a file, so it counts as no build id.
  static func buildID(_ bytes: ByteSource, _ tables: ELFTables) -> String? {
    let loaded = tables.programHeaders.filter { $0.kind == .note }.map { ($0.offset, $0.fileSize) }
    let sections = tables.sections.filter { $0.type == .note }.map { ($0.offset, $0.size) }
    for (offset, size) in loaded + sections {
      guard let notes = try? bytes.slice(from: offset, count: size, "the notes") else { continue }
      if let id = try? buildID(in: notes) { return id }
    }
    return nil
  }

  private static func buildID(in notes: ByteSource) throws(BinaryFormatError) -> String? {
    var reader = ByteReader(notes)
    while reader.remaining >= 12 {
      let ownerSize = Int(try reader.read(UInt32.self))
      let size = Int(try reader.read(UInt32.self))
      let type: UInt32 = try reader.read()
      let owner = try reader.take(ownerSize)
      try reader.seek(to: roundUp(reader.position, to: 4))
      let content = try reader.take(size)
      if type == 3, owner.array() == Array("GNU\0".utf8) {
        return content.array().map { byte in
          let digits = String(byte, radix: 16)
          return digits.count == 1 ? "0" + digits : digits
        }.joined()
      }
      try reader.seek(to: min(roundUp(reader.position, to: 4), notes.count))
    }
    return nil
  }
}

/// The next multiple of `alignment`; the callers' numbers are far from overflowing.
func roundUp(_ value: Int, to alignment: Int) -> Int {
  (value + alignment - 1) / alignment * alignment
}
