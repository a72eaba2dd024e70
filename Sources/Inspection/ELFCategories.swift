import BinaryFormats
import Inventory

/// The sections that hold containers.
enum FatbinSections {
  static let names: Set<String> = [Fatbin.sectionName, Fatbin.relocatableSectionName]

  /// What holds containers in a binary of any kind, in order; nothing of what can't be read.
  static func contents(of bytes: ByteSource) -> [ByteSource] {
    switch BinaryScanner.sniff(bytes) {
    case .fatbin: return [bytes]
    case .staticLibrary:
      let members = (try? StaticArchive(bytes).members) ?? []
      return members.filter { $0.name != nil && BinaryScanner.sniff($0.bytes) == .elf }
        .flatMap { contents(of: $0.bytes) }
    case .elf:
      guard let file = try? ELFFile(bytes, machines: BinaryScanner.anyMachine(bytes)) else { return [] }
      // In the order of the file, which need not be that of the headers.
      return file.sections.filter { names.contains($0.name) && $0.fileSize > 0 && $0.flags & 0x800 == 0 }
        .sorted { $0.offset < $1.offset }.compactMap { try? file.bytes(of: $0) }
    case .cubin, .other: return []
    }
  }
}

/// What sections are for.
enum ELFCategories {
  private static let linking: Set<String> = [
    ".interp", ".dynamic", ".dynsym", ".dynstr", ".hash", ".gnu.hash", ".gnu.version", ".gnu.version_r",
    ".gnu.version_d", ".got", ".got.plt", ".plt", ".plt.got", ".plt.sec",
  ]

  static func category(_ section: ELFSection) -> SectionRow.Category {
    let name = section.name
    let isLoaded = section.flags & 2 != 0
    switch section.type {
    case .symbolTable: return .symbols
    case .stringTable where !isLoaded: return name == ".shstrtab" ? .headers : .symbols
    case .relocations, .relocationsWithAddends: return .linking
    default: break
    }
    if name.hasPrefix(".debug_") || name.hasPrefix(".zdebug_") { return .debug }
    if linking.contains(name) || name.hasPrefix(".relr") { return .linking }
    if section.flags & 4 != 0 { return .code }
    return .data
  }

  /// The name of a section, without what compilers append to it for each function.
  ///
  /// An object has a section for each inline function, a cubin several for each kernel.
  static func name(_ section: ELFSection, of file: ELFFile) -> String {
    let name = section.name
    if name.isEmpty { return "section without a name" }
    guard file.isRelocatable || file.header.machine == .cuda else { return KernelTable.short(name) }
    let prefixes = [
      ".nv.info", ".nv.constant0", ".nv.shared", ".rela.text", ".rel.text", ".rela.rodata", ".rela.data",
      ".rela.gcc_except_table", ".text", ".rodata", ".data.rel.ro", ".data", ".bss", ".gcc_except_table",
      ".group",
    ]
    for prefix in prefixes where name.hasPrefix(prefix + ".") { return prefix + ".*" }
    return KernelTable.short(name)
  }
}

extension BinaryFacts {
  /// Reads what an ELF file needs and offers.
  init(_ file: ELFFile) {
    self.init()
    neededLibraries = file.dynamic?.neededLibraries ?? []
    soname = file.dynamic?.soname
    searchPath = file.dynamic?.runpath ?? file.dynamic?.rpath
    isStripped = file.isStripped
    hasDebugSections = file.hasDebugSections
    for version in (file.dynamic?.versionRequirements ?? [:]).values.joined() {
      guard let match = version.wholeMatch(of: #/(GLIBC|GLIBCXX|CXXABI|GCC)_([0-9]+(?:\.[0-9]+)*)/#) else {
        continue
      }
      let (set, number) = (String(match.1), String(match.2))
      if let known = versionFloors[set], !Self.isNewer(number, than: known) { continue }
      versionFloors[set] = number
    }
  }

  /// Compares versions number by number: 2.34 is newer than 2.9.
  static func isNewer(_ left: String, than right: String) -> Bool {
    let (left, right) = (
      left.split(separator: ".").map { Int($0) ?? 0 }, right.split(separator: ".").map { Int($0) ?? 0 }
    )
    return right.lexicographicallyPrecedes(left)
  }
}
