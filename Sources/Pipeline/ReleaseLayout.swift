import Archives
import BinaryFormats
import Building
import Carving
import Foundation
import Packaging
import Planning
import ReleaseModel
import SystemPackage

/// Which file goes into which archive.
struct ReleaseLayout: Sendable {
  let layout: Layout
  let spec: ReleaseSpec
  let plan: ReleasePlan
  let project: ProjectIdentity
  let source: LlamaCppTree
  let folders: Folders
  let core: [CoreStage.File]
  let products: [SliceStage.Product]
  /// What is packed for layouts `packed` and `thin`.
  let kernels: [PackStage.Product]
  /// The host compiler's version line, for bills of materials.
  let hostCompiler: String
  /// Files that UPX packed, by name; they ship in place of the originals.
  let packed: [String: FilePath]
  /// Files that are deflated already, by path.
  let deflated: [FilePath: DeflatedFile]

  /// What one wheel and one tarball carry.
  struct Parcel: Sendable {
    let role: ReleaseManifest.Artifact.Role
    let group: SliceGroup?
    /// The core's files; empty for a group.
    let core: [CoreStage.File]
    /// The slices; empty for the core of layout `split`.
    let products: [SliceStage.Product]
    /// The packed kernels that it carries or fetches.
    var kernels: [PackStage.Product] = []
    /// What the binaries inside need.
    let facts: [BinaryFacts]
  }

  var nvidia: NVIDIALibraries { NVIDIALibraries(toolkit: plan.toolkit.version) }

  /// The time of every file in every archive: `SOURCE_DATE_EPOCH`, or the zip format's first day.
  var timestamp: Int64 {
    ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { Int64($0) } ?? 315_532_800
  }

  /// Writes every wheel and tarball of the layout.
  ///
  /// - Parameter limit: a wheel over it ends the work, because the caller will choose another layout.
  /// - Throws: `PackagingError`, `ArchiveError`, `BinaryFormatError` for a staged file that is no ELF file.
  func write(
    groups: [SliceGroup],
    into folder: FilePath,
    givingUpOver limit: ByteCount? = nil
  ) async throws -> [ReleaseManifest
    .Artifact]
  {
    let coreFacts = try core.map { try BinaryFacts(of: $0.path, name: $0.name) }
    let sliceFacts = try products.map { try BinaryFacts(of: $0.library, name: $0.slice.libraryName) }
    try PlatformTag.checkLibraries(
      Dictionary(uniqueKeysWithValues: (coreFacts + sliceFacts).map { ($0.name, $0.needed) }),
      carried: Set(core.map(\.name)),
      provided: nvidia.libraries
    )

    var split: [Parcel] {
      let core = Parcel(role: .core, group: nil, core: core, products: [], facts: coreFacts)
      return [core]
        + groups.map { group in
          let carried = products.filter { group.slices.contains($0.slice) }
          let names = Set(carried.map(\.slice.libraryName))
          return Parcel(
            role: .group,
            group: group,
            core: [],
            products: carried,
            facts: sliceFacts.filter { names.contains($0.name) }
          )
        }
    }
    let forWheels: [Parcel]
    let forTarballs: [Parcel]
    switch layout {
    case .single:
      let all = Parcel(role: .core, group: nil, core: core, products: products, facts: coreFacts + sliceFacts)
      (forWheels, forTarballs) = ([all], [all])
    case .packed, .thin:
      let packedFacts = try kernels.map {
        try BinaryFacts(of: $0.slice.library, name: $0.slice.slice.libraryName)
      }
      let all = Parcel(
        role: .core,
        group: nil,
        core: core,
        products: [],
        kernels: kernels,
        facts: coreFacts + packedFacts
      )
      // A tarball has no Python to unpack with, so it gets plain slices, one file for each group.
      (forWheels, forTarballs) = ([all], split)
    case .split, .auto: (forWheels, forTarballs) = (split, split)
    }
    var (wheels, deflated) = try await writeWheels(forWheels, into: folder)
    // A layout that is given up needs no tarballs.
    if let limit, wheels.contains(where: { $0.bytes > limit }) { return wheels }
    if layout == .thin { wheels += try copyAssets(into: folder) }
    return try await wheels + writeTarballs(forTarballs, reusing: deflated, into: folder)
  }

  /// The native files of a parcel below a folder of an archive.
  func members(of parcel: Parcel, in bin: String) -> [ZipWriter.Member] {
    func shipped(_ name: String, _ original: FilePath) -> ZipWriter.Member.Content {
      .file(packed[name] ?? original)
    }
    let tools = parcel.core.map { file in
      ZipWriter.Member(
        name: "\(bin)/\(file.name)",
        content: shipped(file.name, file.path),
        isExecutable: file.isProgram
      )
    }
    let slices = parcel.products.flatMap { product in
      let name = product.slice.libraryName
      return [
        ZipWriter.Member(name: "\(bin)/cuda/\(name)", content: shipped(name, product.library)),
        ZipWriter.Member(name: "\(bin)/cuda/\(product.slice.indexName)", content: .file(product.index)),
      ]
    }
    return tools + slices + packedMembers(of: parcel, in: bin)
  }

  var licenses: [(name: String, content: ZipWriter.Member.Content)] {
    source.licenses.map { ($0.name, .file($0.file)) }
  }

  /// The record of a file that was written.
  func artifact(_ written: WrittenArchive, kind: String, of parcel: Parcel) -> ReleaseManifest.Artifact {
    let carried = Set(parcel.core.map(\.name))
    let carriedSlices = parcel.products + parcel.kernels.map(\.slice)
    let compression = parcel.kernels.isEmpty ? spec.kernelCompression : .none
    let hasPTX = carriedSlices.contains { $0.floor.ptx != nil }
    return ReleaseManifest.Artifact(
      file: written.file,
      kind: kind,
      role: parcel.role,
      group: parcel.group?.name,
      bytes: ByteCount(written.byteCount),
      installedBytes: ByteCount(written.installedByteCount),
      sha256: written.sha256.hex,
      architectures: Array(Set(carriedSlices.flatMap(\.contents.architectures))).sorted(),
      driverFloor: carriedSlices.isEmpty
        ? nil
        : DriverFloor(toolkit: plan.toolkit.version, compression: compression, hasPTX: hasPTX),
      neededLibraries: Set(parcel.facts.flatMap(\.needed)).subtracting(carried).sorted()
    )
  }
}

/// What a binary needs of the system it is installed on.
struct BinaryFacts: Sendable {
  let name: String
  let needed: [String]
  let versions: [String: [String]]

  init(of path: FilePath, name: String) throws {
    let dynamic = try ELFFile(path).dynamic
    self.name = name
    needed = dynamic?.neededLibraries ?? []
    versions = dynamic?.versionRequirements ?? [:]
  }
}

extension ZipWriter.Member.Content {
  /// The size of the content.
  func byteCount() throws -> Int64 {
    switch self {
    case .bytes(let bytes): return Int64(bytes.count)
    case .file(let path):
      let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
      return (attributes[.size] as? NSNumber)?.int64Value ?? 0
    }
  }
}
