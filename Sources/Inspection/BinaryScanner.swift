import Archives
import BinaryFormats
import Inventory
import ReleaseModel

/// Looks through one binary: an ELF file, a static library, a cubin or a fat binary.
struct BinaryScanner {
  /// Its path, in the archive or on disk.
  let path: String
  /// Where its bytes lie in the compressed archive; `nil` for a file that comes in none.
  let map: CompressionMap?
  /// All its bytes.
  let bytes: ByteSource
  /// Expansions at once.
  let workers: Int

  /// What a range of the file weighs.
  func weight(_ range: Range<Int>, expanded: Int64? = nil) -> Weight {
    Weight(bytes: Int64(range.count), expandedBytes: expanded, archivedBytes: map?.compressed(range))
  }

  /// Looks through the file and adds what is found.
  ///
  /// A file that breaks the rules of its format becomes one row and a finding.
  func scan(into collector: inout ArtifactCollector) async throws -> FileRecord {
    var record = FileRecord(path: path, kind: .other, weight: weight(0..<bytes.count))
    do throws(BinaryFormatError) {
      switch Self.sniff(bytes) {
      case .fatbin:
        record.kind = .fatbin
        let expanded = await scanFatbin(bytes, source: nil, into: &collector)
        record.sections = [row("fat binary", .fatbin, 0..<bytes.count, expanded)]
      case .cubin:
        record.kind = .cubin
        try scanCubin(into: &collector)
        let file = try ELFFile(bytes, machines: [.cuda])
        record.sections = await sections(of: file, at: 0, into: &collector)
      case .staticLibrary:
        record.kind = .staticLibrary
        record.sections = await scanStaticLibrary(try StaticArchive(bytes), into: &collector)
      case .elf:
        let file = try ELFFile(bytes, machines: Self.anyMachine(bytes))
        record.kind = file.isRelocatable ? .object : file.isSharedObject ? .library : .program
        record.sections = await sections(of: file, at: 0, into: &collector)
        record.binary = BinaryFacts(file)
      case .other:
        record.sections = [row("content", .content, 0..<bytes.count)]
      }
    } catch {
      collector.tell("broken", .error, "\(error)")
      record.sections = [row("content that cannot be read", .content, 0..<bytes.count)]
    }
    record.sections = Self.merged(record.sections)
    record.weight.expandedBytes = record.sections.reduce(.zero) { $0.adding($1.weight.expandedBytes) }
    bytes.release()
    try Task.checkCancellation()
    return record
  }

  // MARK: Kinds

  /// What the first bytes say.
  enum Kind { case elf, cubin, fatbin, staticLibrary, other }

  /// How many bytes ``sniff(_:)-swift.type.method`` looks at.
  static let sniffCount = 64

  /// Tells a kind by its magic number.
  static func sniff(_ bytes: ByteSource) -> Kind {
    bytes.withUnsafeBytes { sniff($0.prefix(sniffCount)) }
  }

  static func sniff(_ bytes: some RandomAccessCollection<UInt8>) -> Kind {
    let start = Array(bytes.prefix(20))
    if start.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
      return start.count == 20 && start[18] == 190 && start[19] == 0 ? .cubin : .elf
    }
    if start.starts(with: [0x50, 0xED, 0x55, 0xBA]) { return .fatbin }
    return start.starts(with: StaticArchive.magic) ? .staticLibrary : .other
  }

  /// The machine that an ELF file names: any can be measured.
  static func anyMachine(_ bytes: ByteSource) -> Set<ELFMachine> {
    let number = bytes.withUnsafeBytes { bytes in
      bytes.count < 20 ? 0 : UInt16(bytes[18]) | UInt16(bytes[19]) << 8
    }
    return [ELFMachine(rawValue: number)]
  }

  // MARK: Parts

  /// A row for a range of this file.
  func row(
    _ name: String,
    _ category: SectionRow.Category,
    _ range: Range<Int>,
    _ expanded: Int64? = nil
  ) -> SectionRow {
    SectionRow(name: name, category: category, weight: weight(range, expanded: expanded))
  }

  private func scanStaticLibrary(_ library: StaticArchive, into collector: inout ArtifactCollector) async
    -> [SectionRow]
  {
    if let problem = library.problem { collector.tell("broken", .error, "\(problem)") }
    var claims = Claims<Int>(count: bytes.count)
    var rows: [SectionRow] = []
    for (index, member) in library.members.enumerated() {
      let start = member.bytes.offset - bytes.offset
      claims.claim(start..<start + member.bytes.count, index)
      let range = start..<start + member.bytes.count
      guard let name = member.name else {
        rows.append(row("index of the library", .headers, range))
        continue
      }
      let part = BinaryScanner(path: "\(path)(\(name))", map: map, bytes: member.bytes, workers: workers)
      switch Self.sniff(member.bytes) {
      case .elf:
        do {
          let file = try ELFFile(member.bytes, machines: Self.anyMachine(member.bytes))
          rows += await part.sections(of: file, at: start, base: self, into: &collector)
        } catch {
          collector.tell("broken", .error, "\(error)")
          rows.append(row("content that cannot be read", .content, range))
        }
      default: rows.append(row("members that are no objects", .content, range))
      }
      member.bytes.release()
    }
    for piece in claims.pieces().pieces where piece.owner == nil {
      let isRest = library.unreadBytes > 0 && piece.range.upperBound == bytes.count
      rows.append(row(isRest ? "content that cannot be read" : "headers of members", .headers, piece.range))
    }
    return rows
  }

  /// Looks through an ELF file that lies at `place` of the file whose rows are made.
  private func sections(
    of file: ELFFile,
    at place: Int,
    base: BinaryScanner? = nil,
    into collector: inout ArtifactCollector
  ) async -> [SectionRow] {
    let base = base ?? self
    enum Part {
      case named(String, SectionRow.Category)
      case device(ELFSection)
    }
    var claims = Claims<Part>(count: bytes.count)
    for part in file.headerParts {
      claims.claim(from: part.offset, count: part.count, .named(part.name, .headers))
    }
    for section in file.sections where section.fileSize > 0 {
      let isDevice = FatbinSections.names.contains(section.name) && file.header.machine != .cuda
      claims.claim(
        from: section.offset,
        count: section.fileSize,
        isDevice
          ? .device(section) : .named(ELFCategories.name(section, of: file), ELFCategories.category(section))
      )
    }
    if file.sections.isEmpty {
      for part in file.loadedParts {
        claims.claim(from: part.offset, count: part.count, .named("\(part.name) (no section headers)", .data))
      }
    }
    let (pieces, overlap) = claims.pieces()
    if overlap > 0 {
      collector.tell("overlap", .warning, "'\(path)': sections share \(overlap) bytes; the first has them")
    }
    var rows: [SectionRow] = []
    let hasDeviceCode = file.sections.contains { FatbinSections.names.contains($0.name) }
    var sources = (hasDeviceCode ? file.containerSources() : [])[...]
    let firstUnit = collector.units.count
    for piece in pieces {
      let range = place + piece.range.lowerBound..<place + piece.range.upperBound
      switch piece.owner {
      case .named(let name, let category)?: rows.append(base.row(name, category, range))
      case .device(let section)?:
        let source =
          file.isRelocatable ? (UnitNames.source(ofObject: memberName), UnitRecord.Evidence.object) : nil
        let content = bytes.part(piece.range)
        let isPlain = section.flags & 0x800 == 0  // SHF_COMPRESSED
        let expanded =
          isPlain ? await base.scanFatbin(content, source: source, file: path, into: &collector) : nil
        rows.append(base.row(section.name, .fatbin, range, expanded))
      case nil:
        let isZero = bytes.part(piece.range).isZero
        rows.append(base.row(isZero ? "padding" : "between sections", .padding, range))
      }
    }
    // The wrappers tell only when there is one for each container.
    if sources.count == collector.units.count - firstUnit {
      for unit in firstUnit..<collector.units.count {
        guard let symbol = sources.popFirst(), let name = UnitNames.source(ofSymbol: symbol) else { continue }
        if collector.units[unit].source == nil { collector.nameUnit(unit, name, .symbols) }
      }
    }
    return rows
  }

  /// The name of the object: of a member of a static library, without the library's.
  private var memberName: String {
    guard path.hasSuffix(")"), let open = path.lastIndex(of: "(") else { return path }
    return String(path[path.index(after: open)...].dropLast())
  }

  /// Adds up rows of the same name, largest first.
  static func merged(_ rows: [SectionRow]) -> [SectionRow] {
    struct Key: Hashable {
      let name: String
      let category: SectionRow.Category
    }
    var sums: [Key: Weight] = [:]
    for row in rows { sums[Key(name: row.name, category: row.category), default: .zero] += row.weight }
    return sums.map { SectionRow(name: $0.key.name, category: $0.key.category, weight: $0.value) }
      .sorted { ($1.weight.bytes, $0.name) < ($0.weight.bytes, $1.name) }
  }
}

extension ByteSource {
  /// A part that is known to lie inside.
  func part(_ range: Range<Int>) -> ByteSource {
    (try? slice(range.clamped(to: 0..<count))) ?? self
  }

  /// Whether all bytes are zero.
  var isZero: Bool { withUnsafeBytes { $0.allSatisfy { $0 == 0 } } }
}
