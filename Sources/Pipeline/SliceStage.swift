import Building
import Carving
import Foundation
import Planning
import ReleaseModel
import SystemPackage
import Timeline
import ToolExecution

/// Carves, links and proves the slices of a release.
struct SliceStage: Sendable {
  let maker: SliceMaker
  let compression: KernelCompression
  let listener: any ProgressListener

  private var workspace: Workspace { maker.workspace }

  /// A finished slice.
  struct Product: Sendable {
    let slice: Slice
    let library: FilePath
    let index: FilePath
    let sliceIndex: SliceIndex
    let contents: SliceContents
    let floor: DriverFloor
  }

  /// The library of a slice.
  func library(of slice: Slice) -> FilePath { workspace.slices.appending(slice.libraryName) }

  /// Makes slices, or takes those of an earlier run with the same inputs.
  ///
  /// - Throws: `BinaryFormatError`, ``ToolExecution/ToolError`` of the linker, ``Carving/SliceMismatch``.
  func products(of slices: [Slice]) async throws -> [Product] {
    _ = try await make(slices)
    return try slices.map { try finish($0, library: library(of: $0)) }
  }

  /// Makes the libraries of slices that an earlier run with the same inputs did not make.
  ///
  /// - Returns: the slices that were made.
  /// - Throws: as ``products(of:)``.
  func make(_ slices: [Slice]) async throws -> [Slice] {
    try FileManager.default.createDirectory(
      atPath: workspace.slices.string,
      withIntermediateDirectories: true
    )
    var made: [Slice] = []
    for slice in slices {
      var digest = maker.inputs(of: slice)
      digest.add("compression", compression.rawValue)
      let library = library(of: slice)
      let step = "slice-\(slice.name)"
      guard !workspace.isCurrent(step, digest: digest.hex, products: [library]) else { continue }
      workspace.markStale(step)
      let order = SliceMaker.Order(slice: slice, library: library, step: slice.name)
      try await maker.make(order, of: try await objects())
      try workspace.markCurrent(step, digest: digest.hex)
      made.append(slice)
    }
    try? FileManager.default.removeItem(atPath: workspace.carved.string)
    return made
  }

  /// The objects to carve: the build's own, or copies of them with recompressed kernels.
  ///
  /// Recompressing is the slow part and the same for every slice and layout, so the copies are kept.
  private func objects() async throws -> [FilePath] {
    let built = ObjectCarver(objects: maker.objects, workers: maker.workers)
    guard let method = compression.method else { return built.objects }
    let folder = workspace.root.appending("recompressed")
    let copies = built.targets(in: folder)
    var digest = InputDigest()
    digest.add("compression", compression.rawValue)
    digest.add(files: built.objects)
    guard !workspace.isCurrent("recompressed", digest: digest.hex, products: copies) else { return copies }
    workspace.markStale("recompressed")
    listener.told("recompressing kernels with \(compression.rawValue)")
    _ = try await Span.measure(.recompress, compression.rawValue) {
      try await built.carve(keeping: nil, recompressing: method, into: folder)
    }
    try workspace.markCurrent("recompressed", digest: digest.hex)
    return copies
  }

  private func finish(_ slice: Slice, library: FilePath) throws -> Product {
    let path = workspace.slices.appending(slice.indexName)
    let product = try maker.product(slice, library: library, index: path, compression: compression)
    try product.sliceIndex.text.write(toFile: path.string, atomically: true, encoding: .utf8)
    return product
  }
}
