import ReleaseModel

/// A file as it is installed: a member of an archive, or the inspected file itself.
public struct FileRecord: Hashable, Sendable, Codable {
  /// Its path in the archive, or its name.
  public var path: String
  /// What it is.
  public var kind: FileKind
  /// What it weighs.
  public var weight: Weight
  /// Where all its bytes are; the rows add up to its size.
  public var sections: [SectionRow]
  /// What the dynamic linker and a person want to know; `nil` for what isn't ELF.
  public var binary: BinaryFacts?
  /// The path of another file with the same content; `nil` for the first of them and for what has no double.
  public var sameAs: String?
  /// Where a symbolic link leads.
  public var target: String?

  /// Makes a record.
  public init(path: String, kind: FileKind, weight: Weight) {
    self.path = path
    self.kind = kind
    self.weight = weight
    sections = []
  }
}

/// A part of a file: an ELF section, the headers, what lies between.
public struct SectionRow: Hashable, Sendable, Codable {
  /// What a part is for.
  public enum Category: String, Hashable, Sendable, Codable, CaseIterable {
    /// Containers with device code.
    case fatbin
    /// Host machine code.
    case code
    /// Host data that programs use.
    case data
    /// What the dynamic linker reads.
    case linking
    /// What `strip` removes: symbols.
    case symbols
    /// What `strip` removes: tables for debuggers.
    case debug
    /// Headers and tables of the file's own format.
    case headers
    /// Bytes between the parts.
    case padding
    /// Members of a static library that aren't ELF, and files that aren't looked into.
    case content
  }

  /// The section's name, or a description.
  public var name: String
  /// What it is for.
  public var category: Category
  /// What it weighs; `expandedBytes` counts its fat binaries decompressed.
  public var weight: Weight

  /// Makes a row.
  public init(name: String, category: Category, weight: Weight) {
    self.name = name
    self.category = category
    self.weight = weight
  }
}

/// What an ELF file needs and offers.
public struct BinaryFacts: Hashable, Sendable, Codable {
  /// The libraries it loads.
  public var neededLibraries: [String] = []
  /// The name under which others load it.
  public var soname: String?
  /// Where it looks for libraries: `DT_RUNPATH`, else `DT_RPATH`.
  public var searchPath: String?
  /// The newest version needed of each set of symbols: `GLIBC` to `2.34`.
  public var versionFloors: [String: String] = [:]
  /// Whether the linker's symbols are gone.
  public var isStripped = true
  /// Whether there are tables for debuggers.
  public var hasDebugSections = false

  /// Makes facts that say nothing.
  public init() {}
}
