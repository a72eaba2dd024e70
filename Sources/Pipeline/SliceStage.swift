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
  let workspace: Workspace
  let plan: ReleasePlan
  let recipe: KernelsRecipe
  let compression: KernelCompression
  let workers: Int
  let runner: ToolRunner
  let listener: any ProgressListener

  /// A finished slice.
  struct Product: Sendable {
    let slice: Slice
    let library: FilePath
    let index: FilePath
    let sliceIndex: SliceIndex
    let contents: SliceContents
    let floor: DriverFloor
  }

  private func library(of slice: Slice) -> FilePath { workspace.slices.appending(slice.libraryName) }

  /// Makes slices, or takes those of an earlier run with the same inputs.
  ///
  /// - Throws: `BinaryFormatError`, ``ToolExecution/ToolError`` of the linker, ``Carving/SliceMismatch``.
  func products(of slices: [Slice]) async throws -> [Product] {
    try FileManager.default.createDirectory(
      atPath: workspace.slices.string,
      withIntermediateDirectories: true
    )
    var products: [Product] = []
    for slice in slices {
      var digest = InputDigest()
      digest.add("slice", slice.architectures)
      digest.add("compression", compression.rawValue)
      digest.add("program", LlcudaBuild.version)
      digest.add("link", [recipe.linker] + recipe.linkFlags + recipe.libraries + recipe.linkItems)
      digest.add("run path", SliceLinker.runPath(toolkit: plan.toolkit.version))
      digest.add("toolkit", plan.toolkit.version)
      digest.add("set", plan.compileSet)
      digest.add(files: recipe.objects.map { FilePath($0) })
      let library = library(of: slice)
      let step = "slice-\(slice.name)"
      if !workspace.isCurrent(step, digest: digest.hex, products: [library]) {
        workspace.markStale(step)
        try await make(slice, of: try await objects(), to: library)
        try workspace.markCurrent(step, digest: digest.hex)
      }
      products.append(try finish(slice, library: library))
    }
    try? FileManager.default.removeItem(atPath: workspace.carved.string)
    return products
  }

  /// The objects to carve: the build's own, or copies of them with recompressed kernels.
  ///
  /// Recompressing is the slow part and the same for every slice and layout, so the copies are kept.
  private func objects() async throws -> [FilePath] {
    let built = ObjectCarver(objects: recipe.objects.map { FilePath($0) }, workers: workers)
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

  private func make(_ slice: Slice, of objects: [FilePath], to library: FilePath) async throws {
    let folder = workspace.carved.appending(slice.name)
    defer { try? FileManager.default.removeItem(atPath: folder.string) }
    let carver = ObjectCarver(objects: objects, workers: workers)
    let carved = try await Span.measure(.carve, slice.name) {
      try await carver.carve(keeping: slice.architectures, into: folder)
    }
    let linker = SliceLinker(
      linker: recipe.linker,
      flags: recipe.linkFlags,
      libraries: recipe.libraries + recipe.linkItems
    )
    try await linker.link(
      carved.objects,
      toolkit: plan.toolkit.version,
      to: library,
      runner: runner,
      log: workspace.logs.appending("3-link-\(slice.name).log")
    )
    // The promise is proved on the linked file before anybody can take it for finished.
    try SliceContents(of: library).verify(slice, carved: carved.images, library: library)
  }

  private func finish(_ slice: Slice, library: FilePath) throws -> Product {
    let contents = try SliceContents(of: library)
    let floor = DriverFloor(
      toolkit: plan.toolkit.version,
      compression: compression,
      hasPTX: contents.architectures.contains(where: \.virtual)
    )
    let index = SliceIndex(
      slice: slice.name,
      toolkit: plan.toolkit.version,
      floor: floor,
      compileSet: plan.compileSet.architectures.map(\.capability),
      architectures: contents.architectures
    )
    let path = workspace.slices.appending(slice.indexName)
    try index.text.write(toFile: path.string, atomically: true, encoding: .utf8)
    return Product(
      slice: slice,
      library: library,
      index: path,
      sliceIndex: index,
      contents: contents,
      floor: floor
    )
  }
}
