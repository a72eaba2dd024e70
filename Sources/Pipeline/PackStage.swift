import Archives
import BinaryFormats
import Building
import Carving
import Foundation
import PackedKernels
import Planning
import ReleaseModel
import SystemPackage
import Timeline
import ToolExecution

/// Links libraries of uncompressed kernels, packs them, and proves that unpacking gives them back.
struct PackStage: Sendable {
  let maker: SliceMaker
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

  /// How many folders deeper than plain ones unpacked libraries lie.
  private static let depth = 1

  private var workspace: Workspace { maker.workspace }
  private var folder: FilePath { workspace.root.appending("packed") }

  /// Packs slices, or takes what an earlier run packed of the same inputs.
  ///
  /// - Throws: what linking and reading back throw; `BinaryFormatError` when unpacking gives anything else.
  func products(of slices: [Slice]) async throws -> [Product] {
    var products: [Product] = []
    for slice in slices {
      try await make(slice)
      let (library, packed, note) = files(of: slice)
      let data = try Data(contentsOf: URL(fileURLWithPath: note.string))
      products.append(
        Product(
          slice: try maker.product(slice, library: library, index: packed, compression: .none),
          file: packed,
          written: try JSONDecoder().decode(PackedWriter.Written.self, from: data)
        )
      )
    }
    return products
  }

  /// Packs a slice that an earlier run with the same inputs did not pack.
  ///
  /// - Throws: as ``products(of:)``.
  func make(_ slice: Slice) async throws {
    let (library, packed, note) = files(of: slice)
    var digest = maker.inputs(of: slice, depth: Self.depth)
    digest.add("format", PackedIndex.currentFormat)
    let step = "packed-\(slice.name)"
    guard !workspace.isCurrent(step, digest: digest.hex, products: [library, packed, note]) else { return }
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    workspace.markStale(step)
    // Uncompressed entries: likeness is found in plain code only.
    let order = SliceMaker.Order(
      slice: slice,
      library: library,
      ptx: .canonical,
      method: FatbinCompressionMethod.none,
      depth: Self.depth,
      step: step
    )
    try await maker.make(order, of: maker.objects)
    let written = try await Span.measure(.pack, slice.name) {
      try await pack(slice, library: library, to: packed)
    }
    try JSONEncoder().encode(written).write(to: URL(fileURLWithPath: note.string))
    try workspace.markCurrent(step, digest: digest.hex)
  }

  /// The library that is packed, what it is packed into, and what was noted of it.
  private func files(of slice: Slice) -> (library: FilePath, packed: FilePath, note: FilePath) {
    (
      folder.appending(slice.libraryName), folder.appending("\(slice.name).packed"),
      folder.appending("\(slice.name).json")
    )
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
