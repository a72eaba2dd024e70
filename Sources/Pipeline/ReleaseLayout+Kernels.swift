import Archives
import Foundation
import Packaging
import PackedKernels
import Planning
import ReleaseModel
import SystemPackage

// Packed kernels: in the wheel of layout `packed`, beside it in layout `thin`.

extension ReleaseLayout {
  /// Whether packed kernels are fetched and not carried.
  private var isFetched: Bool { layout == .thin }

  /// The name of an asset of layout `thin`.
  private func assetName(of product: PackStage.Product) -> String {
    "\(project.name.normalized)-\(project.version)-\(product.name)-cuda\(plan.toolkit.version.major).packed"
  }

  /// The packed kernels of a parcel below a folder of an archive.
  ///
  /// The packed file does not get smaller by deflate and is stored, so PyPI's limit on the ratio of sizes sees it as it is.
  func packedMembers(of parcel: Parcel, in bin: String) -> [ZipWriter.Member] {
    parcel.kernels.flatMap { product in
      let text: String
      if isFetched {
        let name = assetName(of: product)
        text = product.descriptor(url: assetURL(name), file: name).text
      } else {
        text = product.descriptor().text
      }
      let descriptor = ZipWriter.Member(
        name: "\(bin)/cuda/\(product.name).kernels",
        content: .bytes(Array(text.utf8))
      )
      if isFetched { return [descriptor] }
      let file = ZipWriter.Member(name: "\(bin)/cuda/\(product.name).packed", content: .file(product.file))
      return [descriptor, file]
    }
  }

  private func assetURL(_ name: String) -> String {
    let base = spec.project.assetURL ?? ""
    return base.replacing("{version}", with: project.version.text) + (base.hasSuffix("/") ? "" : "/") + name
  }

  /// Puts the assets of layout `thin` into the release.
  func copyAssets(into folder: FilePath) throws -> [ReleaseManifest.Artifact] {
    try kernels.map { product in
      let path = folder.appending(assetName(of: product))
      try FileManager.default.copyItem(atPath: product.file.string, toPath: path.string)
      let written = try WrittenArchive(at: path, installed: Int64(product.written.librarySize))
      let parcel = Parcel(
        role: .group,
        group: plan.groups.first { $0.name == product.name },
        core: [],
        products: [],
        kernels: [product],
        facts: [try BinaryFacts(of: product.slice.library, name: product.slice.slice.libraryName)]
      )
      return artifact(written, kind: "kernels", of: parcel)
    }
  }
}
