public import SystemPackage

/// A 64-bit little-endian ELF file: object, shared library or program.
///
/// Everything that is reported was checked to lie inside of the file. A file without section headers (packed by UPX)
/// is read through its program headers.
public struct ELFFile: Sendable {
  /// All bytes of the file.
  public let bytes: ByteSource
  /// The file header.
  public let header: ELFHeader
  /// The sections in the order of the file, the empty first one included; empty if there are no section headers.
  public let sections: [ELFSection]
  /// The program headers in the order of the file; an object for the linker has none.
  public let programHeaders: [ELFProgramHeader]
  /// What the dynamic linker needs to know; nil if the file has no dynamic table.
  public let dynamic: ELFDynamic?
  /// The build id as hexadecimal digits, if the linker wrote one.
  public let buildID: String?

  /// Maps and reads the file at `path`.
  ///
  /// - Throws: ``BinaryFormatError`` when the file cannot be mapped or is broken.
  public init(_ path: FilePath, machines: Set<ELFMachine> = [.x86_64]) throws(BinaryFormatError) {
    try self.init(ByteSource(mapping: path), machines: machines)
  }

  /// Reads the ELF file that `bytes` are.
  ///
  /// - Parameters:
  ///   - bytes: All bytes of the file.
  ///   - machines: The machines to accept.
  /// - Throws: ``BinaryFormatError`` when the bytes are no such file or break a rule of the format.
  public init(_ bytes: ByteSource, machines: Set<ELFMachine> = [.x86_64]) throws(BinaryFormatError) {
    let header = try ELFHeader(bytes)
    guard machines.contains(header.machine) else {
      throw bytes.error(
        .unsupported,
        at: 18,
        "the machine must be one of \(machines.map(\.rawValue).sorted()); it is \(header.machine.rawValue)"
      )
    }
    let tables = try ELFTables(bytes, header)
    self.bytes = bytes
    self.header = header
    sections = tables.sections
    programHeaders = tables.programHeaders
    do {
      dynamic = try ELFDynamic(bytes, programHeaders: tables.programHeaders)
    } catch {
      // A packer that removed the section headers may have packed what the table refers to as well.
      guard tables.sections.isEmpty else { throw error }
      dynamic = nil
    }
    buildID = ELFNotes.buildID(bytes, tables)
  }

  /// The first section of this name.
  public func section(named name: String) -> ELFSection? {
    sections.first { $0.name == name }
  }

  /// The bytes that a section takes in the file; none for a `noBits` section.
  ///
  /// - Throws: ``BinaryFormatError`` when the section is not one of this file and lies outside of it.
  public func bytes(of section: ELFSection) throws(BinaryFormatError) -> ByteSource {
    guard section.fileSize > 0 else { return bytes.unchecked(0..<0) }
    return try bytes.slice(from: section.offset, count: section.size, "section '\(section.name)'")
  }

  /// Whether the file is an object for the linker (`.o`).
  public var isRelocatable: Bool { header.type == .relocatable }

  /// Whether the file is a program.
  ///
  /// A position-independent program has the same type as a shared library: it differs by the linker's PIE mark, or by
  /// naming a loader without having a library name, or (packed by UPX) by having no dynamic table.
  public var isExecutable: Bool {
    if header.type == .executable { return true }
    guard header.type == .dynamic else { return false }
    guard let dynamic else { return true }
    let hasInterpreter = programHeaders.contains { $0.kind == .interpreter }
    return dynamic.isPositionIndependentExecutable || (hasInterpreter && dynamic.soname == nil)
  }

  /// Whether the file is a shared library (`.so`).
  public var isSharedObject: Bool { header.type == .dynamic && !isExecutable }

  /// Whether the linker's symbols are gone, as after `strip`.
  public var isStripped: Bool { !sections.contains { $0.type == .symbolTable } }

  /// Whether there are sections for debuggers.
  public var hasDebugSections: Bool {
    sections.contains { $0.name.hasPrefix(".debug_") || $0.name.hasPrefix(".zdebug_") }
  }
}
