import BinaryFormats
public import ReleaseModel
public import SystemPackage

/// Host code launches kernels that an image beside it doesn't hold.
///
/// nvcc compiles a unit once for the host and once for each architecture, and what the passes are told differs
/// (cmake/llcuda-unit.h). Host code registers the names that the last of them gave; if a name depended on what a pass was
/// told, the library would load, and fail at the first launch on all other architectures.
public struct MissingKernels: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// The object.
  public let object: FilePath
  /// The image that lacks them.
  public let image: ObjectCarver.Image
  /// Their mangled names, sorted.
  public let names: [String]

  /// Not what was promised.
  public var exitStatus: ExitStatus { .verificationFailed }

  /// The message.
  public var description: String {
    let more = names.count > 1 ? " and \(names.count - 1) more" : ""
    return """
      '\(object)': its host code launches kernel \(names.first ?? "")\(more), which the code for \(image) does not hold; \
      compile with -D LLCUDA_LIST_PER_PASS=OFF, and please report the file
      """
  }

  /// Checks every cubin and PTX image of an object.
  static func check(_ registered: Set<String>, in containers: [FatbinContainer], of object: FilePath) throws {
    guard !registered.isEmpty else { return }
    // Objects with several containers have been linked together; which kernel is in which isn't known.
    guard containers.count == 1, let container = containers.first else { return }
    for entry in container.entries {
      guard let image = ObjectCarver.image(of: entry) else { continue }
      let missing = registered.subtracting(try entry.kernelNames())
      guard missing.isEmpty else {
        throw MissingKernels(object: object, image: image, names: missing.sorted())
      }
    }
  }
}
