/// Places inside one section that symbols and relocations of a relocatable object refer to.
///
/// When the content of the section moves, these have to follow.
struct ELFReferences {
  private let file: ELFFile
  private let target: ELFSection

  private static let symbolSize = 24
  private static let relocationSize = 24

  /// Prepares to look for references into `target`.
  init(into target: ELFSection, of file: ELFFile) {
    self.file = file
    self.target = target
  }

  /// The rewritten tables in which every reference follows `newPlaces`.
  ///
  /// - Parameter newPlaces: The new place of every old place that may be referred to.
  /// - Returns: The tables that have to change; none if all places stay.
  /// - Throws: ``BinaryFormatError`` when something refers to another place inside the section, or in a way that is
  ///   not understood.
  func edits(newPlaces: [UInt64: UInt64]) throws(BinaryFormatError) -> [ByteRope.Edit] {
    guard target.index < 0xFF00 else {
      throw file.bytes.error(
        .unsupported,
        "section '\(target.name)' must be one of the first 65,280 sections to be replaced"
      )
    }
    var edits: [ByteRope.Edit] = []
    for table in file.sections where table.type == .symbolTable {
      let symbols = try symbols(in: table)
      guard !symbols.isEmpty else { continue }
      if let edit = try move(symbols, in: table, newPlaces) { edits.append(edit) }
      for relocations in file.sections where relocations.link == UInt32(table.index) {
        if let edit = try move(relocations, to: symbols, newPlaces) { edits.append(edit) }
      }
    }
    return edits
  }

  /// The symbols that are defined in the target section: their numbers and values.
  private func symbols(in table: ELFSection) throws(BinaryFormatError) -> [UInt32: UInt64] {
    let content = try file.bytes(of: table)
    let size = Self.symbolSize
    guard content.count % size == 0 else {
      throw content.error(.invalid, "the symbol table must hold symbols of 24 bytes")
    }
    return content.withUnsafeBytes { bytes in
      var symbols: [UInt32: UInt64] = [:]
      for index in 0..<bytes.count / size {
        // The number of the section (st_shndx); 0xFF00 and more have other meanings.
        let section = bytes.loadUnaligned(fromByteOffset: index * size + 6, as: UInt16.self)
        guard section == target.index else { continue }
        symbols[UInt32(index)] = bytes.loadUnaligned(fromByteOffset: index * size + 8, as: UInt64.self)
      }
      return symbols
    }
  }

  private func move(
    _ symbols: [UInt32: UInt64],
    in table: ELFSection,
    _ newPlaces: [UInt64: UInt64]
  ) throws(BinaryFormatError) -> ByteRope.Edit? {
    let content = try file.bytes(of: table)
    var changed: [UInt8]?
    for (index, value) in symbols {
      let place = Int(index) * Self.symbolSize
      let new = try newPlace(of: value, newPlaces, content, at: place)
      if new != value {
        var bytes = changed ?? content.array()
        bytes.store(new, at: place + 8)
        changed = bytes
      }
    }
    return changed.map { edit(content, $0) }
  }

  private func move(
    _ table: ELFSection,
    to symbols: [UInt32: UInt64],
    _ newPlaces: [UInt64: UInt64]
  ) throws(BinaryFormatError) -> ByteRope.Edit? {
    guard table.type == .relocationsWithAddends || table.type == .relocations else { return nil }
    let content = try file.bytes(of: table)
    let size = table.type == .relocations ? 16 : Self.relocationSize
    guard content.count % size == 0 else {
      throw content.error(.invalid, "section '\(table.name)' must hold relocations of \(size) bytes")
    }
    // Most relocations of an object refer elsewhere: look only at the symbol number first.
    let found = content.withUnsafeBytes { bytes in
      (0..<bytes.count / size).filter {
        symbols[bytes.loadUnaligned(fromByteOffset: $0 * size + 12, as: UInt32.self)] != nil
      }
    }
    guard !found.isEmpty else { return nil }
    guard table.type == .relocationsWithAddends else {
      throw content.error(.unsupported, "section '\(table.name)' refers to '\(target.name)' without addends")
    }
    var changed: [UInt8]?
    for index in found {
      let place = index * size
      let value = symbols[content.load(place + 12, as: UInt32.self)] ?? 0
      let addend = content.load(place + 16, as: UInt64.self)
      let newValue = try newPlace(of: value, newPlaces, content, at: place)
      let new = try newPlace(of: value &+ addend, newPlaces, content, at: place) &- newValue
      if new != addend {
        var bytes = changed ?? content.array()
        bytes.store(new, at: place + 16)
        changed = bytes
      }
    }
    return changed.map { edit(content, $0) }
  }

  private func newPlace(
    of old: UInt64,
    _ newPlaces: [UInt64: UInt64],
    _ content: ByteSource,
    at place: Int
  ) throws(BinaryFormatError) -> UInt64 {
    // The section's own symbol has the value 0, also when nothing that may be referred to stands there.
    if let new = newPlaces[old] ?? (old == 0 ? 0 : nil) { return new }
    throw content.error(
      .unsupported,
      at: place,
      "a reference into section '\(target.name)' must be to the begin of a container; "
        + "this one is to byte \(hexadecimal(old)) of it"
    )
  }

  private func edit(_ content: ByteSource, _ new: [UInt8]) -> ByteRope.Edit {
    let start = content.offset - file.bytes.offset
    return ByteRope.Edit(
      range: start..<start + content.count,
      replacement: ByteRope(ByteSource(new, name: content.name, offset: content.offset))
    )
  }
}
