import BinaryFormats
import PackedKernels
import ReleaseModel

/// The architectures that a packed file's index names: kernels of a library that is put together at first use.
enum PackedContents {
  /// The end of a packed file's name.
  static let suffix = ".packed"
  /// The end of the name of the text that says where a packed file is: beside it, or to be fetched.
  static let descriptorSuffix = ".kernels"

  /// Reads an index.
  ///
  /// - Throws: `BinaryFormatError` when the file is cut off, of another version, or contradicts itself.
  static func architectures(of bytes: ByteSource) throws(BinaryFormatError) -> [Architecture] {
    var found: [ComputeCapability: Architecture] = [:]
    for image in try PackedFile(bytes).index.images {
      guard let capability = ComputeCapability(parsing: image.architecture) else { continue }
      var architecture = found[capability] ?? Architecture(capability, real: false, virtual: false)
      if image.kind == "real" { architecture.real = true } else { architecture.virtual = true }
      found[capability] = architecture
    }
    return found.values.sorted()
  }
}
