import Archives
import BinaryFormats
import Building
import Carving
import Foundation
import PackedKernels
import Planning
import ReleaseModel
import SystemPackage
import ToolExecution

/// Links libraries of uncompressed kernels, packs them, and proves that unpacking gives them back.
struct PackStage: Sendable {
  let workspace: Workspace
  let plan: ReleasePlan
  let recipe: KernelsRecipe
  let runner: ToolRunner
  let listener: any ProgressListener

  /// A packed slice.
  struct Product: Sendable {
    /// The slice as it is when everything is unpacked.
    let slice: SliceStage.Product
    /// The packed file.
    let file: FilePath
    let written: PackedWriter.Written

    var name: String { slice.slice.name }

    /// The text that goes beside the packed file, or in its place when that is fetched.
    func descriptor(url: String? = nil, file: String? = nil) -> PackedDescriptor {
      PackedDescriptor(
        sliceIndex: slice.sliceIndex.text,
        identity: written.identity,
        file: file ?? self.file.lastComponent?.string ?? name,
        size: written.size,
        sha256: written.sha256,
        librarySize: written.librarySize,
        ptxFloor: slice.floor.ptx,
        url: url
      )
    }
  }

  private var folder: FilePath { workspace.root.appending("packed") }

  /// Packs slices, or takes what an earlier run packed of the same inputs.
  ///
  /// - Throws: what linking and reading back throw; `BinaryFormatError` when unpacking gives anything else.
  func products(of slices: [Slice]) async throws -> [Product] {
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    var products: [Product] = []
    for slice in slices { products.append(try await product(of: slice)) }
    return products
  }

  private func product(of slice: Slice) async throws -> Product {
    let library = folder.appending(slice.libraryName)
    let packed = folder.appending("\(slice.name).packed")
    let note = folder.appending("\(slice.name).json")
    var digest = InputDigest()
    digest.add("format", PackedIndex.currentFormat)
    digest.add("version", LlcudaBuild.version)
    digest.add("slice", slice.architectures)
    digest.add("link", recipe.linkFlags + recipe.libraries)
    digest.add("toolkit", plan.toolkit.version)
    digest.add("set", plan.compileSet)
    digest.add(files: recipe.objects.map { FilePath($0) })
    let step = "packed-\(slice.name)"
    if !workspace.isCurrent(step, digest: digest.hex, products: [library, packed, note]) {
      workspace.markStale(step)
      try await link(slice, to: library)
      let written = try await pack(slice, library: library, to: packed)
      try JSONEncoder().encode(written).write(to: URL(fileURLWithPath: note.string))
      try workspace.markCurrent(step, digest: digest.hex)
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: note.string))
    let contents = try SliceContents(of: library)
    let floor = DriverFloor(
      toolkit: plan.toolkit.version,
      compression: .none,
      hasPTX: contents.architectures.contains(where: \.virtual)
    )
    return Product(
      slice: SliceStage.Product(
        slice: slice,
        library: library,
        index: packed,
        sliceIndex: SliceIndex(
          slice: slice.name,
          toolkit: plan.toolkit.version,
          floor: floor,
          compileSet: plan.compileSet.architectures.map(\.capability),
          architectures: contents.architectures
        ),
        contents: contents,
        floor: floor
      ),
      file: packed,
      written: try JSONDecoder().decode(PackedWriter.Written.self, from: data)
    )
  }

  /// Links a library whose entries are stored as the compiler made them: likeness is found in plain code only.
  private func link(_ slice: Slice, to library: FilePath) async throws {
    let place = workspace.carved.appending("packed-\(slice.name)")
    defer { try? FileManager.default.removeItem(atPath: place.string) }
    let carver = ObjectCarver(objects: recipe.objects.map { FilePath($0) }, workers: Machine.cores)
    let carved = try await carver.carve(
      keeping: slice.architectures,
      recompressing: FatbinCompressionMethod.none,
      into: place
    )
    let linker = SliceLinker(
      linker: recipe.linker,
      flags: recipe.linkFlags,
      libraries: recipe.libraries + recipe.linkItems
    )
    try await linker.link(
      carved.objects,
      toolkit: plan.toolkit.version,
      // Unpacked libraries lie one folder deeper.
      runPath: SliceLinker.runPath(toolkit: plan.toolkit.version, depth: 1),
      to: library,
      runner: runner,
      log: workspace.logs.appending("5-link-packed-\(slice.name).log")
    )
    try SliceContents(of: library).verify(slice, carved: carved.images, library: library)
  }

  private func pack(_ slice: Slice, library: FilePath, to packed: FilePath) async throws
    -> PackedWriter.Written
  {
    let parts = try PackedLibrary(ELFFile(library), slice: slice.name)
    // Half of what is free: compressing should not push everything else out.
    let writer = PackedWriter(cores: Machine.cores, memory: Machine.availableMemory.map { Int($0 / 2) })
    let listener = listener
    let written = try await writer.write(parts, to: packed) { share in
      listener.moved(BuildProgress(step: "pack \(slice.name)", done: Int(share * 100), total: 100))
    }
    // The promise is proved on the written file before anybody can take it for finished.
    try PackedFile(packed).verify(against: parts)
    return written
  }
}
