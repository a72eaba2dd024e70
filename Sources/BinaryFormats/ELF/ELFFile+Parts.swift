/// A part of an ELF file that is no section.
public struct ELFPart: Sendable, Hashable {
  /// What it is.
  public let name: String
  /// Its place in bytes.
  public let offset: UInt64
  /// Its length in bytes.
  public let count: UInt64
}

extension ELFFile {
  /// The header and the tables of headers.
  public var headerParts: [ELFPart] {
    [
      ELFPart(name: "ELF header", offset: 0, count: UInt64(ELFHeader.size)),
      ELFPart(
        name: "program headers",
        offset: header.programHeaderOffset,
        count: UInt64(programHeaders.count * ELFProgramHeader.headerSize)
      ),
      ELFPart(
        name: "section headers",
        offset: header.sectionHeaderOffset,
        count: UInt64(sections.count * ELFSection.headerSize)
      ),
    ].filter { $0.count > 0 }
  }

  /// The parts that are loaded; all there is to know about a file without section headers.
  public var loadedParts: [ELFPart] {
    programHeaders.enumerated().filter { $0.element.kind == .load }.map { index, header in
      ELFPart(name: "segment \(index)", offset: header.offset, count: header.fileSize)
    }
  }

  /// The source files of the fat binary containers, in their order, as the linker's symbols tell; empty if they don't.
  ///
  /// nvcc gives each translation unit a local symbol for the wrapper that points to its container, and the compiler puts
  /// the name of the source in front of a unit's local symbols. The linker takes wrappers and containers in one order.
  public func containerSources() -> [String] {
    guard let table = sections.first(where: { $0.type == .symbolTable }),
      Int(table.link) < sections.count,
      let symbols = try? bytes(of: table), let strings = try? bytes(of: sections[Int(table.link)])
    else { return [] }
    defer {
      symbols.release()
      strings.release()
    }
    let names = ELFStrings(bytes: strings)
    let wrapper = Array("_ZL15__fatDeviceText".utf8) + [0]
    var source = ""
    var found: [(address: UInt64, source: String)] = []
    for place in stride(from: 0, to: symbols.count / 24 * 24, by: 24) {
      // A library's symbols may be a third of it.
      if place % (24 << 15) == 0 {
        symbols.release()
        strings.release()
      }
      let name = UInt64(symbols.load(place, as: UInt32.self))
      let info = symbols.load(place + 4, as: UInt8.self)
      // The lower half is the type: 4 for a file; the upper half is 0 for a local symbol.
      if info == 4 { source = (try? names.text(at: name)) ?? "" }
      guard info >> 4 == 0, name <= UInt64(strings.count),
        strings.unchecked(Int(name)..<min(strings.count, Int(name) + wrapper.count)).withUnsafeBytes({
          $0.elementsEqual(wrapper)
        })
      else { continue }
      found.append((symbols.load(place + 8), source))
    }
    return found.sorted { $0.address < $1.address }.map(\.source)
  }
}
