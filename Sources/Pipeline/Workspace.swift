import Archives
import Foundation
public import SystemPackage

/// The build folder: what is kept between runs, and under which name.
public struct Workspace: Hashable, Sendable {
  /// The folder itself.
  public let root: FilePath

  /// Makes the workspace of a build folder.
  public init(root: FilePath) { self.root = root }

  /// The CMake tree of the compile set.
  public var kernels: FilePath { root.appending("kernels") }
  /// The CMake tree of the core.
  public var core: FilePath { root.appending("core") }
  /// ggml-cuda's units, for CMake: in which order, and which as one.
  var units: FilePath { root.appending("units.txt") }
  /// The core's units that are compiled as one, for CMake.
  var coreUnits: FilePath { root.appending("core-units.txt") }
  /// Carved objects, one folder per slice.
  public var carved: FilePath { root.appending("carved") }
  /// Linked slices with their indexes.
  public var slices: FilePath { root.appending("slices") }
  /// The core's files under the names they ship with.
  public var stage: FilePath { root.appending("stage") }
  /// One log per step.
  public var logs: FilePath { root.appending("logs") }
  /// What steps were last done with.
  var stamps: FilePath { root.appending("stamps") }
  /// The trial compilation of a toolkit.
  var probe: FilePath { root.appending("probe") }
  /// Slices' libraries as archives hold them, from the moment they are deflated until they are in archives.
  var deflated: FilePath { temporary.appending("deflated.zip") }
  /// Temporary files of children: nvcc's are too large for a small /tmp.
  var temporary: FilePath { root.appending("tmp") }

  /// Whether a step was last done with these inputs and its products are still there.
  func isCurrent(_ step: String, digest: String, products: [FilePath]) -> Bool {
    let stamp = try? String(contentsOfFile: stamps.appending(step).string, encoding: .utf8)
    return stamp == digest && products.allSatisfy { FileManager.default.fileExists(atPath: $0.string) }
  }

  /// Notes that a step was done.
  func markCurrent(_ step: String, digest: String) throws {
    try FileManager.default.createDirectory(atPath: stamps.string, withIntermediateDirectories: true)
    try digest.write(toFile: stamps.appending(step).string, atomically: true, encoding: .utf8)
  }

  /// Forgets a step, before its products are touched.
  func markStale(_ step: String) {
    try? FileManager.default.removeItem(atPath: stamps.appending(step).string)
  }
}

/// Gathers everything that a step's result depends on.
struct InputDigest {
  private var text = ""

  /// Adds a value by its description.
  mutating func add(_ name: String, _ value: some CustomStringConvertible) { text += "\(name)=\(value)\n" }

  /// Adds files by name, size and time of change: cheap enough for every run, and compilers always touch the time.
  mutating func add(files: [FilePath]) {
    for file in files {
      let attributes = try? FileManager.default.attributesOfItem(atPath: file.string)
      let size = (attributes?[.size] as? NSNumber)?.int64Value ?? -1
      let time = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
      text += "\(file) \(size) \(time)\n"
    }
  }

  /// The digest of everything added, in order.
  var hex: String { SHA256Digest.of(Array(text.utf8)).hex }
}
