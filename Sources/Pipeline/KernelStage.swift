import Carving
import PackedKernels
import Planning
import ReleaseModel
import SystemPackage
import ToolExecution

/// Makes what a layout carries of the kernels: packed libraries for its wheels, plain slices for whatever else.
struct KernelStage: Sendable {
  let spec: ReleaseSpec
  let plan: ReleasePlan
  let maker: SliceMaker
  let listener: any ProgressListener

  /// What a layout carries.
  struct Products {
    /// For layouts `packed` and `thin`: the fat library, or one for each group.
    var packed: [PackStage.Product] = []
    var slices: [SliceStage.Product] = []
  }

  private var packing: PackStage { PackStage(maker: maker, listener: listener) }
  private var slicing: SliceStage {
    SliceStage(maker: maker, compression: spec.kernelCompression, listener: listener)
  }

  /// Makes all that a layout carries, or takes what is there.
  func products(for layout: Layout) async throws -> Products {
    var products = Products()
    let packed = packed(for: layout)
    if !packed.isEmpty {
      listener.began("pack \(packed.map(\.name).joined(separator: ", "))")
      products.packed = try await packing.products(of: packed)
      let (before, after) = products.packed.reduce((0, 0)) {
        ($0.0 + $1.written.librarySize, $0.1 + $1.written.size)
      }
      listener.ended(
        "\(ByteCount(Int64(before))) bytes packed to \(ByteCount(Int64(after))), proved by unpacking"
      )
    }
    let slices = slices(for: layout)
    listener.began("carve \(slices.map(\.name).joined(separator: ", "))")
    products.slices = try await slicing.products(of: slices)
    let total = products.slices.reduce(ByteCount.zero) { $0 + $1.contents.bytes }
    listener.ended(
      "\(slices.count) \(slices.count == 1 ? "slice" : "slices"), \(total) bytes, contents as promised"
    )
    return products
  }

  /// Makes all that a layout carries, but tells nothing about it.
  ///
  /// - Returns: the slices that were not there.
  func make(for layout: Layout) async throws -> [Slice] {
    for slice in packed(for: layout) { try await packing.make(slice) }
    return try await slicing.make(slices(for: layout))
  }

  /// The library of a slice.
  func library(of slice: Slice) -> FilePath { slicing.library(of: slice) }

  private func packed(for layout: Layout) -> [Slice] {
    switch layout {
    case .packed: [plan.fatSlice]
    case .thin: plan.groups.map { Slice(name: $0.name, architectures: $0.slices.flatMap(\.architectures)) }
    case .single, .split, .auto: []
    }
  }

  private func slices(for layout: Layout) -> [Slice] {
    if layout == .single { return [plan.fatSlice] }
    return spec.tarballs.isEmpty && layout != .split ? [] : plan.slices
  }
}
