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

  /// Checks the cubins and PTX images of an object that are kept.
  static func check(_ carver: FatbinCarver, keeping keep: (FatbinEntry) -> Bool) throws {
    // Objects with several containers have been linked together; which kernel is in which isn't known.
    guard let containers = carver.fatbin?.containers, containers.count == 1 else { return }
    let registered = try carver.object.registeredKernels()
    guard !registered.isEmpty else { return }
    for entry in containers[0].entries where keep(entry) {
      guard let image = ObjectCarver.image(of: entry) else { continue }
      let missing = registered.subtracting(try entry.kernelNames())
      guard missing.isEmpty else {
        let object = FilePath(carver.object.bytes.name)
        throw MissingKernels(object: object, image: image, names: missing.sorted())
      }
    }
  }
}
