extension ELFFile {
  /// The kernels that an object's host code makes known to the CUDA runtime, by the names under which it looks for them
  /// in whichever image the driver takes; empty for an object without any.
  ///
  /// nvcc writes a call of `__cudaRegisterFunction` for each, which takes the address of a string literal with the name
  /// shortly before (`lea`, whose displacement ends the instruction: hence the addend -4). A call for which there is none
  /// is passed over, since other host compilers may pass it another way.
  ///
  /// - Throws: ``BinaryFormatError`` when tables of the object are broken.
  public func registeredKernels() throws(BinaryFormatError) -> Set<String> {
    var names: Set<String> = []
    for table in sections where table.type == .symbolTable {
      let symbols = try ELFSymbols(table, of: self)
      guard let register = symbols.index(of: "__cudaRegisterFunction") else { continue }
      for relocations in sections
      where relocations.type == .relocationsWithAddends && relocations.link == UInt32(table.index) {
        names.formUnion(try registered(in: relocations, symbols, register: register))
      }
    }
    return names
  }

  private func registered(
    in table: ELFSection,
    _ symbols: ELFSymbols,
    register: UInt32
  ) throws(BinaryFormatError) -> Set<String> {
    // Assemblers write them in the order of the code.
    let content = try bytes(of: table)
    let size = 24
    var names: Set<String> = []
    var latest: (section: ELFSection, place: Int64)?
    for index in 0..<content.count / size {
      let symbol = content.load(index * size + 12, as: UInt32.self)
      if symbol == register {
        if let latest, let name = try text(at: latest.place, in: latest.section) { names.insert(name) }
        latest = nil
      } else if content.load(index * size + 8, as: UInt32.self) == 2,  // R_X86_64_PC32
        let target = symbols[symbol], target.section < sections.count, sections[target.section].holdsText
      {
        let addend = content.load(index * size + 16, as: Int64.self)
        latest = (sections[target.section], Int64(truncatingIfNeeded: target.value) &+ addend &+ 4)
      }
    }
    return names
  }

  private func text(at place: Int64, in section: ELFSection) throws(BinaryFormatError) -> String? {
    let content = try bytes(of: section)
    guard place >= 0, place < content.count else { return nil }
    var reader = ByteReader(content)
    try reader.seek(to: Int(place))
    return try reader.readText()
  }
}

extension ELFSection {
  /// Whether string literals may lie in it: read-only data, but not pieces of another kind that the linker merges
  /// (`SHF_ALLOC` alone, or with both of `SHF_MERGE` and `SHF_STRINGS`).
  fileprivate var holdsText: Bool { type == .programBits && [0x2, 0x32].contains(flags & 0x37) }
}

/// The symbols of an object, as far as relocations need them.
private struct ELFSymbols {
  private let content: ByteSource
  private let names: ByteSource
  private static let size = 24

  init(_ table: ELFSection, of file: ELFFile) throws(BinaryFormatError) {
    content = try file.bytes(of: table)
    guard Int(table.link) < file.sections.count else {
      throw content.error(.invalid, "the symbol table must name the section of its names")
    }
    names = try file.bytes(of: file.sections[Int(table.link)])
  }

  /// Where a symbol lies: its section's number and its value.
  subscript(index: UInt32) -> (section: Int, value: UInt64)? {
    guard Int(index) < content.count / Self.size else { return nil }
    let place = Int(index) * Self.size
    let section = content.load(place + 6, as: UInt16.self)
    // 0 is undefined, 0xFF00 and more have other meanings.
    guard section != 0, section < 0xFF00 else { return nil }
    return (Int(section), content.load(place + 8, as: UInt64.self))
  }

  func index(of name: String) -> UInt32? {
    let wanted = Array(name.utf8) + [0]
    return content.withUnsafeBytes { symbols in
      names.withUnsafeBytes { names in
        for index in 0..<symbols.count / Self.size {
          let place = Int(symbols.loadUnaligned(fromByteOffset: index * Self.size, as: UInt32.self))
          guard place + wanted.count <= names.count,
            names[place..<place + wanted.count].elementsEqual(wanted)
          else { continue }
          return UInt32(index)
        }
        return nil
      }
    }
  }
}

extension FatbinEntry {
  /// The names of the kernels in a cubin or PTX text, other functions of a cubin included; empty for other kinds.
  ///
  /// - Throws: ``BinaryFormatError`` when the payload can't be decompressed or is broken.
  public func kernelNames() throws(BinaryFormatError) -> Set<String> {
    switch kind {
    case .elf:
      let prefix = ".text."
      let cubin = try ELFFile(decompressedPayload(), machines: [.cuda])
      return Set(
        cubin.sections.lazy.map(\.name).filter { $0.hasPrefix(prefix) }.map {
          String($0.dropFirst(prefix.count))
        }
      )
    case .ptx:
      return try decompressedPayload().withUnsafeBytes { Self.entries(ofPTX: $0) }
    default: return []
    }
  }

  /// What stands behind each `.entry` (PTX ISA, "Kernel and Function Directives").
  private static func entries(ofPTX text: UnsafeRawBufferPointer) -> Set<String> {
    let directive = Array(".entry".utf8)
    let ends = Set(" \t\r\n(".utf8)
    var names: Set<String> = []
    var place = 0
    while place + directive.count < text.count {
      guard let dot = text[place...].firstIndex(of: directive[0]) else { break }
      place = dot + 1
      guard dot + directive.count < text.count, text[dot..<dot + directive.count].elementsEqual(directive)
      else {
        continue
      }
      let begin = text[(dot + directive.count)...].firstIndex { !ends.contains($0) } ?? text.count
      guard begin > dot + directive.count else { continue }
      let end = text[begin...].firstIndex { ends.contains($0) || $0 == 0 } ?? text.count
      names.insert(String(decoding: text[begin..<end], as: UTF8.self))
      place = end
    }
    return names
  }
}
