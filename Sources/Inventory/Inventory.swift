public import ReleaseModel

/// What was measured in some files: where every byte of them is.
///
/// Written as JSON by `llcuda-build inspect --format json` and as `inventory.json` of a release.
public struct Inventory: Hashable, Sendable, Codable {
  /// The version of this structure; a field that changes its meaning raises it.
  public var schemaVersion = 1
  /// The program that measured.
  public var generator = "llcuda-build \(LlcudaBuild.version)"
  /// The files, in the order they were named in.
  public var artifacts: [Artifact]

  /// Makes an inventory.
  public init(artifacts: [Artifact]) { self.artifacts = artifacts }

  /// The sizes of all artifacts together.
  public var bytes: ByteCount { artifacts.reduce(.zero) { $0.adding($1.bytes) } }
}

/// One file that was inspected: what is uploaded or attached as one.
public struct Artifact: Hashable, Sendable, Codable {
  /// The file's name, without the folders that lead to it; in a folder, the path from there.
  public var name: String
  /// What the file is.
  public var kind: FileKind
  /// The file's size.
  public var bytes: ByteCount
  /// What it unpacks to; for a file that is no archive, its own size.
  public var installedBytes: ByteCount
  /// The bytes of an archive that belong to no member; empty for other files.
  public var structure: [Row]
  /// The members, or the file itself; largest first.
  public var files: [FileRecord]
  /// The images in all fat binaries, by architecture, kind and compression.
  public var images: [ImageRow]
  /// The fat binary containers, one per translation unit, largest first.
  public var units: [UnitRecord]
  /// Kernels summed by the name in front of `<`, largest first.
  public var families: [FamilyRecord]
  /// Single kernels, largest first.
  public var kernels: [KernelRecord]
  /// How many kernels there are; small ones may be left out of `kernels`.
  public var kernelCount: Int
  /// What of the cubins belongs to no kernel: names, tables, symbols, shared constants.
  public var outsideKernels: [KernelCell]
  /// How each kind of GPU runs it; empty without device code.
  public var service: [ServiceRow]
  /// What it means.
  public var findings: [Finding]
  /// What would help, the largest gain first.
  public var remedies: [Remedy]

  /// Makes the record of a file that holds nothing known yet.
  public init(name: String, kind: FileKind, bytes: Int64) {
    self.name = name
    self.kind = kind
    self.bytes = ByteCount(bytes)
    installedBytes = ByteCount(bytes)
    structure = []
    files = []
    images = []
    units = []
    families = []
    kernels = []
    kernelCount = 0
    outsideKernels = []
    service = []
    findings = []
    remedies = []
  }
}

/// A part of a file with a name.
public struct Row: Hashable, Sendable, Codable {
  /// What it is.
  public var name: String
  /// What it weighs.
  public var bytes: ByteCount

  /// Makes a row.
  public init(_ name: String, _ bytes: Int64) {
    self.name = name
    self.bytes = ByteCount(bytes)
  }
}

/// What a file is, by its first bytes; only archives' names count too.
public enum FileKind: String, Hashable, Sendable, Codable, CaseIterable {
  /// A Python wheel.
  case wheel
  /// Another zip archive.
  case zip
  /// A tar archive, compressed or not.
  case tarball
  /// An ELF shared library.
  case library
  /// An ELF program.
  case program
  /// An ELF object for the linker.
  case object
  /// An `ar` archive of objects.
  case staticLibrary
  /// Machine code for a GPU, by itself.
  case cubin
  /// A fat binary, by itself.
  case fatbin
  /// A symbolic link.
  case link
  /// Anything else.
  case other

  /// Whether it holds other files.
  public var isArchive: Bool { self == .wheel || self == .zip || self == .tarball }
  /// The kind in words.
  public var label: String {
    switch self {
    case .wheel: "wheel"
    case .zip: "zip archive"
    case .tarball: "tarball"
    case .library: "shared library"
    case .program: "program"
    case .object: "object"
    case .staticLibrary: "static library"
    case .cubin: "cubin"
    case .fatbin: "fat binary"
    case .link: "symbolic link"
    case .other: "file"
    }
  }
}
