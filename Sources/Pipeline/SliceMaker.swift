import BinaryFormats
import Building
import Carving
import Foundation
import Planning
import ReleaseModel
import SystemPackage
import Timeline
import ToolExecution

/// Carves slices out of a build's objects, links them, and proves what came out: the same for libraries that are
/// shipped as they are and for those that are packed.
struct SliceMaker: Sendable {
  let workspace: Workspace
  let plan: ReleasePlan
  let recipe: KernelsRecipe
  /// What slices are linked with, the core's libraries among it.
  let libraries: [String]
  let runner: ToolRunner
  /// Objects that are read and written side by side.
  var workers = Machine.cores

  /// How a slice is made, and where it goes.
  struct Order {
    let slice: Slice
    let library: FilePath
    /// How PTX is written.
    var ptx = ObjectCarver.PTXForm.compiled
    /// How entries are stored; `nil` leaves them as they are in the objects.
    var method: FatbinCompressionMethod?
    /// How many folders deeper than `cuda` the library will lie.
    var depth = 0
    /// The step's name in folders and logs.
    let step: String
  }

  /// The build's own objects.
  var objects: [FilePath] { recipe.objects.map { FilePath($0) } }

  /// The digest of what every slice is made from; a stage adds what is its own.
  func inputs(of slice: Slice, depth: Int = 0) -> InputDigest {
    var digest = InputDigest()
    digest.add("slice", slice.architectures)
    digest.add("program", LlcudaBuild.version)
    digest.add("link", [recipe.linker] + recipe.linkFlags + libraries + recipe.linkItems)
    digest.add("run path", SliceLinker.runPath(toolkit: plan.toolkit.version, depth: depth))
    digest.add("toolkit", plan.toolkit.version)
    digest.add("set", plan.compileSet)
    digest.add(files: objects + libraries.map { FilePath($0) })
    return digest
  }

  /// Makes a slice's library.
  ///
  /// - Throws: `BinaryFormatError`, ``ToolExecution/ToolError`` of the linker, ``Carving/SliceMismatch``.
  func make(_ order: Order, of objects: [FilePath]) async throws {
    let folder = workspace.carved.appending(order.step)
    defer { try? FileManager.default.removeItem(atPath: folder.string) }
    let carver = ObjectCarver(objects: objects, workers: workers)
    let carved = try await Span.measure(.carve, order.slice.name) {
      try await carver.carve(
        keeping: order.slice.architectures,
        ptx: order.ptx,
        recompressing: order.method,
        into: folder
      )
    }
    let linker = SliceLinker(
      linker: recipe.linker,
      flags: recipe.linkFlags,
      libraries: libraries + recipe.linkItems
    )
    try await linker.link(
      carved.objects,
      toolkit: plan.toolkit.version,
      runPath: SliceLinker.runPath(toolkit: plan.toolkit.version, depth: order.depth),
      to: order.library,
      runner: runner,
      log: workspace.logs.appending("3-link-\(order.step).log")
    )
    // The promise is proved on the linked file before anybody can take it for finished.
    try SliceContents(of: order.library).verify(order.slice, carved: carved.images, library: order.library)
  }

  /// Reads a finished library back, and says what it is.
  ///
  /// - Parameters:
  ///   - index: the file that describes it, or that it was packed into.
  ///   - compression: how its entries are stored.
  func product(_ slice: Slice, library: FilePath, index: FilePath, compression: KernelCompression) throws
    -> SliceStage.Product
  {
    let contents = try SliceContents(of: library)
    let floor = DriverFloor(
      toolkit: plan.toolkit.version,
      compression: compression,
      hasPTX: contents.architectures.contains(where: \.virtual)
    )
    return SliceStage.Product(
      slice: slice,
      library: library,
      index: index,
      sliceIndex: SliceIndex(
        slice: slice.name,
        toolkit: plan.toolkit.version,
        floor: floor,
        compileSet: plan.compileSet.architectures.map(\.capability),
        architectures: contents.architectures
      ),
      contents: contents,
      floor: floor
    )
  }
}
