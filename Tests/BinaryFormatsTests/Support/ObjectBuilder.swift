import BinaryFormats

/// Builds a small relocatable object with fat binaries, the way that nvcc and `ld -r` lay them out.
struct ObjectBuilder {
  /// The containers that are put into `.nv_fatbin`, one after the other.
  var containers: [[UInt8]]
  /// The alignment of the section behind `.nv_fatbin`.
  var nextAlignment = 16
  /// Whether the section header table stands before the sections, which no compiler of today does.
  var tableFirst = false

  private static let names = [
    "", ".nv_fatbin", ".data", ".nvFatBinSegment", ".rela.nvFatBinSegment", ".symtab", ".strtab", ".shstrtab",
  ]

  /// The bytes of the section behind `.nv_fatbin`.
  static let data: [UInt8] = (0..<40).map { $0 &* 7 }

  var fatbin: [UInt8] { containers.flatMap { $0 } }

  var bytes: [UInt8] {
    var text: [UInt8] = []
    var nameOffsets: [UInt32] = []
    for name in Self.names {
      nameOffsets.append(UInt32(text.count))
      text += Array(name.utf8) + [0]
    }

    var symbols = [UInt8](repeating: 0, count: 24)
    symbols.append(number: UInt32(0))
    symbols += [3, 0]  // section symbol, local
    symbols.append(number: UInt16(1))
    symbols += [UInt8](repeating: 0, count: 16)
    var relocations: [UInt8] = []
    var place = 0
    for (index, container) in containers.enumerated() {
      relocations.append(number: UInt64(index * 24 + 8))
      relocations.append(number: UInt64(1) << 32 | 1)
      relocations.append(number: UInt64(place))
      // A named symbol for each container, besides that of the section.
      symbols.append(number: UInt32(0))
      symbols += [0, 0]
      symbols.append(number: UInt16(1))
      symbols.append(number: UInt64(place))
      symbols.append(number: UInt64(0))
      place += container.count
    }

    // type, flags, alignment, entry size, link, info, content
    let sections: [(UInt32, UInt64, Int, UInt64, UInt32, UInt32, [UInt8])] = [
      (1, 2, 8, 0, 0, 0, fatbin),
      (1, 3, nextAlignment, 0, 0, 0, Self.data),
      (1, 3, 8, 0, 0, 0, [UInt8](repeating: 0x17, count: containers.count * 24)),
      (4, 0x40, 8, 24, 5, 3, relocations),
      (2, 0, 8, 24, 6, UInt32(symbols.count / 24), symbols),
      (3, 0, 1, 0, 0, 0, [0]),
      (3, 0, 1, 0, 0, 0, text),
    ]
    let tableSize = Self.names.count * 64
    var body: [UInt8] = []
    var table = [UInt8](repeating: 0, count: 64)
    let start = tableFirst ? 64 + tableSize : 64
    for (index, section) in sections.enumerated() {
      while (start + body.count) % section.2 != 0 { body.append(0) }
      table.append(number: nameOffsets[index + 1])
      table.append(number: section.0)
      table.append(number: section.1)
      table.append(number: UInt64(0))
      table.append(number: UInt64(start + body.count))
      table.append(number: UInt64(section.6.count))
      table.append(number: section.4)
      table.append(number: section.5)
      table.append(number: UInt64(section.2))
      table.append(number: section.3)
      body += section.6
    }
    while body.count % 8 != 0 { body.append(0) }
    var header: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    header.append(number: UInt16(1))
    header.append(number: UInt16(62))
    header.append(number: UInt32(1))
    header += [UInt8](repeating: 0, count: 16)
    header.append(number: UInt64(tableFirst ? 64 : 64 + body.count))
    header.append(number: UInt32(0))
    for field in [64, 0, 0, 64, Self.names.count, 7] { header.append(number: UInt16(field)) }
    return header + (tableFirst ? table + body : body + table)
  }

  func parsed() throws -> ELFFile {
    try ELFFile(ByteSource(bytes, name: "test.o"))
  }
}
