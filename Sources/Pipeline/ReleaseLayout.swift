import Archives
import BinaryFormats
import Building
import Carving
import Foundation
import Packaging
import Planning
import ReleaseModel
import SystemPackage

/// Which file goes into which archive, and what the archives say about themselves.
struct ReleaseLayout: Sendable {
  let spec: ReleaseSpec
  let plan: ReleasePlan
  let project: ProjectIdentity
  let source: LlamaCppTree
  let folders: Folders
  let core: [CoreStage.File]
  let products: [SliceStage.Product]
  let packed: [String: FilePath]

  private var nvidia: NVIDIALibraries { NVIDIALibraries(toolkit: plan.toolkit.version) }
  private var timestamp: Int64 { ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { Int64($0) } ?? 315_532_800 }
  private var packageFolder: FilePath {
    spec.project.packageFolder.map { FilePath($0) } ?? folders.resources.appending("dist/python/llcuda")
  }
  private var packageName: String { packageFolder.lastComponent?.string ?? "llcuda" }
  private var binFolder: String { "\(packageName)/bin" }

  /// Writes every wheel and tarball of a layout.
  ///
  /// - Throws: `PackagingError`, `ArchiveError`, `BinaryFormatError` for a staged file that is no ELF file.
  func write(_ layout: Layout, groups: [SliceGroup], into folder: FilePath) async throws -> [ReleaseManifest.Artifact] {
    let coreFacts = try core.map { try BinaryFacts(of: $0.path, name: $0.name) }
    let sliceFacts = try products.map { try BinaryFacts(of: $0.library, name: $0.slice.libraryName) }
    try PlatformTag.checkLibraries(
      Dictionary(uniqueKeysWithValues: (coreFacts + sliceFacts).map { ($0.name, $0.needed) }),
      carried: Set(core.map(\.name)), provided: nvidia.libraries)

    var artifacts: [ReleaseManifest.Artifact] = []
    if layout == .single {
      let wheel = try coreWheel(project.name, facts: coreFacts + sliceFacts, products: products, requirements: nvidia.requirements, extras: [])
      artifacts.append(try await write(wheel, role: .core, group: nil, products: products, facts: coreFacts + sliceFacts, into: folder))
      artifacts += try tarballs("", files: coreMembers(in: "bin") + members(of: products, in: "bin"), role: .core, group: nil, products: products, facts: coreFacts + sliceFacts, into: folder)
      return artifacts
    }

    let version = project.version.text
    let wheels = try groups.map { try project.group($0.name, toolkit: plan.toolkit.version).normalized }
    let locked = wheels.map { "\($0)==\(version)" }
    var extras = zip(groups, locked).map { (name: $0.name, requirements: [$1]) }
    extras.append((name: "all", requirements: locked))
    let coreName = try project.core()
    let wheel = try coreWheel(coreName, facts: coreFacts, products: [], requirements: [], extras: extras)
    artifacts.append(try await write(wheel, role: .core, group: nil, products: [], facts: coreFacts, into: folder))
    for group in groups {
      let carried = products.filter { group.slices.contains($0.slice) }
      let facts = sliceFacts.filter { fact in carried.contains { $0.slice.libraryName == fact.name } }
      let wheel = try groupWheel(group, products: carried, facts: facts, core: coreName)
      artifacts.append(try await write(wheel, role: .group, group: group.name, products: carried, facts: facts, into: folder))
    }
    let meta = try metaWheel(requirements: ["\(coreName.normalized)==\(version)"] + locked)
    artifacts.append(try await write(meta, role: .meta, group: nil, products: [], facts: [], into: folder))

    artifacts += try tarballs("-core", files: coreMembers(in: "bin"), role: .core, group: nil, products: [], facts: coreFacts, into: folder)
    for group in groups {
      let carried = products.filter { group.slices.contains($0.slice) }
      let facts = sliceFacts.filter { fact in carried.contains { $0.slice.libraryName == fact.name } }
      artifacts += try tarballs(
        "-\(group.name)", files: members(of: carried, in: "bin"), role: .group, group: group.name, products: carried,
        facts: facts, into: folder)
    }
    return artifacts
  }

  // MARK: Members

  private func shipped(_ name: String, _ original: FilePath) -> FilePath { packed[name] ?? original }

  private func coreMembers(in bin: String) -> [ZipWriter.Member] {
    core.map { ZipWriter.Member(name: "\(bin)/\($0.name)", content: .file(shipped($0.name, $0.path)), isExecutable: $0.isProgram) }
  }

  private func members(of products: [SliceStage.Product], in bin: String) -> [ZipWriter.Member] {
    products.flatMap { product in
      [
        ZipWriter.Member(
          name: "\(bin)/cuda/\(product.slice.libraryName)", content: .file(shipped(product.slice.libraryName, product.library))),
        ZipWriter.Member(name: "\(bin)/cuda/\(product.slice.indexName)", content: .file(product.index)),
      ]
    }
  }

  private func pythonMembers() -> [ZipWriter.Member] {
    let package = FileTree.files(below: packageFolder).map {
      ZipWriter.Member(name: "\(packageName)/\($0.name)", content: .file($0.path))
    }
    let extra = spec.project.extraFiles.map { ZipWriter.Member(name: $0.key, content: .file(FilePath($0.value))) }
    return package + extra
  }

  private var licenses: [(name: String, content: ZipWriter.Member.Content)] {
    source.licenses.map { ($0.name, .file($0.file)) }
  }

  // MARK: Wheels

  private func metadata(_ name: ProjectName, products: [SliceStage.Product], summary: String? = nil) -> CoreMetadata {
    var metadata = CoreMetadata(name: name, version: project.version)
    metadata.summary = summary ?? spec.project.summary
    metadata.author = spec.project.author
    metadata.authorEmail = spec.project.authorEmail
    metadata.license = spec.project.license
    metadata.urls = spec.project.urls
    metadata.requiresPython = ">=3.9"
    metadata.classifiers = [
      "Environment :: GPU :: NVIDIA CUDA :: \(plan.toolkit.version.major)", "Operating System :: POSIX :: Linux",
      "Programming Language :: Python :: 3",
    ]
    return metadata
  }

  private func longDescription(_ name: ProjectName) -> String {
    let template = folders.resources.appending("dist/README-wheel.md").string
    let floor = DriverFloor(
      toolkit: plan.toolkit.version, compression: spec.kernelCompression,
      hasPTX: plan.compileSet.architectures.contains(where: \.virtual))
    let values = [
      "name": name.text, "version": project.version.text, "architectures": "\(plan.compileSet)",
      "llama_cpp_version": "\(source.version) (\(source.origin))", "toolkit": "\(plan.toolkit.version.release)",
      "driver_floor": floor.cubins.release,
    ]
    var text = (try? String(contentsOfFile: template, encoding: .utf8)) ?? ""
    for (key, value) in values { text = text.replacing("{{\(key)}}", with: value) }
    return text
  }

  private func coreWheel(
    _ name: ProjectName, facts: [BinaryFacts], products: [SliceStage.Product], requirements: [String],
    extras: [(name: String, requirements: [String])]
  ) throws -> Wheel {
    var metadata = metadata(name, products: products)
    metadata.requirements =
      requirements + extras.flatMap { extra in extra.requirements.map { "\($0) ; extra == '\(extra.name)'" } }
    metadata.extras = extras.map(\.name)
    metadata.description = longDescription(project.name)
    let bundled = spec.project.packageFolder == nil
    return Wheel(
      metadata: metadata, platform: try PlatformTag(for: facts.map(\.versions)).description,
      consoleScripts: bundled ? ["llcuda": "llcuda.cli:main", "llcuda-server": "llcuda.cli:server"] : [:],
      licenses: licenses, files: pythonMembers() + coreMembers(in: binFolder) + members(of: products, in: binFolder))
  }

  private func groupWheel(
    _ group: SliceGroup, products: [SliceStage.Product], facts: [BinaryFacts], core: ProjectName
  ) throws -> Wheel {
    let name = try project.group(group.name, toolkit: plan.toolkit.version)
    let architectures = products.flatMap(\.contents.architectures).map(\.description).joined(separator: ", ")
    var metadata = metadata(
      name, products: products, summary: "CUDA kernels of \(project.name) for compute capability \(architectures)")
    metadata.requirements = ["\(core.normalized)==\(project.version)"] + nvidia.requirements
    metadata.description = "GPU code of `\(project.name)` for compute capability \(architectures). Install `\(project.name)`, which brings it along.\n"
    return Wheel(
      metadata: metadata, platform: try PlatformTag(for: facts.map(\.versions)).description, licenses: licenses,
      files: members(of: products, in: binFolder))
  }

  private func metaWheel(requirements: [String]) throws -> Wheel {
    var metadata = metadata(project.name, products: [])
    metadata.requirements = requirements
    metadata.description = longDescription(project.name)
    return Wheel(metadata: metadata, platform: "any")
  }

  private func write(
    _ wheel: Wheel, role: ReleaseManifest.Artifact.Role, group: String?, products: [SliceStage.Product],
    facts: [BinaryFacts], into folder: FilePath
  ) async throws -> ReleaseManifest.Artifact {
    let writer = WheelWriter(generator: "llcuda-build \(LlcudaBuild.version)", timestamp: timestamp)
    let written = try await writer.write(wheel, into: folder)
    return artifact(written, kind: "wheel", role: role, group: group, products: products, facts: facts)
  }

  // MARK: Tarballs

  /// One top folder for all tarballs of a release, so that core and groups unpacked in one place fit together.
  private func tarballs(
    _ suffix: String, files: [ZipWriter.Member], role: ReleaseManifest.Artifact.Role, group: String?,
    products: [SliceStage.Product], facts: [BinaryFacts], into folder: FilePath
  ) throws -> [ReleaseManifest.Artifact] {
    let top = "\(project.name.normalized)-\(project.version)"
    var members = files.map { ZipWriter.Member(name: "\(top)/\($0.name)", content: $0.content, isExecutable: $0.isExecutable) }
    members += licenses.map { ZipWriter.Member(name: "\(top)/licenses/\($0.name)", content: $0.content) }
    return try spec.tarballs.map { format in
      let name = "\(top)\(suffix)-linux-x86_64-cuda\(plan.toolkit.version.major).tar.\(format.rawValue)"
      let path = folder.appending(name)
      let compression: TarballWriter.Compression =
        switch format {
        case .gzip: .gzip
        case .xz: .xz
        case .zstd: .zstd
        }
      try TarballWriter(compression: compression, timestamp: timestamp).write(members, to: path)
      let installed = try members.reduce(Int64(0)) { try $0 + $1.content.byteCount() }
      return artifact(
        try WrittenArchive(at: path, installed: installed), kind: "tarball", role: role, group: group,
        products: products, facts: facts)
    }
  }

  private func artifact(
    _ written: WrittenArchive, kind: String, role: ReleaseManifest.Artifact.Role, group: String?,
    products: [SliceStage.Product], facts: [BinaryFacts]
  ) -> ReleaseManifest.Artifact {
    let carried = Set(core.map(\.name))
    let needed = Set(facts.flatMap(\.needed)).subtracting(role == .core ? carried : [])
    return ReleaseManifest.Artifact(
      file: written.file, kind: kind, role: role, group: group, bytes: ByteCount(written.byteCount),
      installedBytes: ByteCount(written.installedByteCount), sha256: written.sha256.hex,
      architectures: Array(Set(products.flatMap(\.contents.architectures))).sorted(),
      driverFloor: products.isEmpty
        ? nil
        : DriverFloor(
          toolkit: plan.toolkit.version, compression: spec.kernelCompression,
          hasPTX: products.contains { $0.floor.ptx != nil }),
      neededLibraries: needed.sorted())
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
