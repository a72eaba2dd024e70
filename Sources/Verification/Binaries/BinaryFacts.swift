import BinaryFormats
import ReleaseModel

/// What the rules ask about an ELF file.
struct BinaryFacts: Sendable, Hashable {
  let isProgram: Bool
  let isLibrary: Bool
  let isX86: Bool
  let isStripped: Bool
  let hasDebugSections: Bool
  /// Whether it has no sections to look into, as UPX leaves it.
  let hidesItsSections: Bool
  let hasTextRelocations: Bool
  let soname: String?
  let needed: [String]
  /// The folders of RPATH and RUNPATH.
  let runPaths: [String]
  let versions: [String: [String]]
  /// Segments whose place in the file and in memory don't go together.
  let badSegments: [String]
  let buildPaths: [BuildPaths.Hit]
  /// The architectures in its fat binaries; nil when it has none.
  let kernels: [Architecture]?
  /// Why the fat binaries can't be read.
  let kernelProblem: String?

  /// Reads an ELF file.
  ///
  /// - Throws: `BinaryFormatError`; of kind `unsupported` for machines and classes that are none of ours.
  init(_ bytes: ByteSource, buildFolders: [String]) throws(BinaryFormatError) {
    let file = try ELFFile(bytes, machines: [.x86_64, .aarch64])
    isProgram = file.isExecutable
    isLibrary = file.isSharedObject
    isX86 = file.header.machine == .x86_64
    isStripped = file.isStripped
    hasDebugSections = file.hasDebugSections
    hidesItsSections = file.sections.isEmpty
    hasTextRelocations = file.dynamic?.hasTextRelocations ?? false
    soname = file.dynamic?.soname
    needed = file.dynamic?.neededLibraries ?? []
    runPaths = [file.dynamic?.rpath, file.dynamic?.runpath].compactMap(\.self).flatMap {
      $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
    versions = file.dynamic?.versionRequirements ?? [:]
    badSegments = file.programHeaders.enumerated().compactMap { Self.problem(of: $1, number: $0) }
    buildPaths = BuildPaths(folders: buildFolders).hits(in: bytes)
    do {
      let inventory = try FatbinInventory(of: file)
      kernels = inventory.containerCount == 0 ? nil : Self.architectures(of: inventory)
      kernelProblem = nil
    } catch {
      kernels = nil
      kernelProblem = "\(error)"
    }
  }

  /// The gABI's rule: p_vaddr and p_offset are congruent modulo p_align, or the loader refuses the file.
  private static func problem(of header: ELFProgramHeader, number: Int) -> String? {
    guard header.kind == .load else { return nil }
    let alignment = header.alignment
    guard alignment > 1 else { return nil }
    guard alignment & (alignment - 1) == 0 else { return "segment \(number): alignment \(alignment)" }
    guard header.address % alignment != header.offset % alignment else { return nil }
    let (address, offset) = (String(header.address, radix: 16), String(header.offset, radix: 16))
    return "segment \(number): address 0x\(address), place in the file 0x\(offset), alignment \(alignment)"
  }

  private static func architectures(of inventory: FatbinInventory) -> [Architecture] {
    var found: [ComputeCapability: Architecture] = [:]
    for row in inventory.rows where row.form != .other {
      let variant: ComputeCapability.Variant =
        row.architecture.isFamilySpecific
        ? .family : row.architecture.isArchitectureSpecific ? .architecture : .base
      let capability = ComputeCapability(number: row.architecture.number, variant: variant)
      var architecture = found[capability] ?? Architecture(capability, real: false, virtual: false)
      if row.form == .real { architecture.real = true } else { architecture.virtual = true }
      found[capability] = architecture
    }
    return found.values.sorted()
  }
}
