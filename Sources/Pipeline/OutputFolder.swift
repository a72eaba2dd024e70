import Archives
import Foundation
public import ReleaseModel
public import SystemPackage

/// The folder a release is written to: assembled beside it, then put in its place in one step.
public struct OutputFolder: Sendable {
  /// The folder.
  public let path: FilePath

  /// Makes the value; nothing is touched yet.
  public init(_ path: FilePath) { self.path = path }

  /// The manifest's name.
  static let manifestName = "manifest.json"

  /// Makes sure that replacing the folder loses nothing: it is absent, empty, or holds an earlier release and no more.
  ///
  /// - Throws: ``OutputFolderError``.
  public func checkReplaceable() throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path.string, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else { throw OutputFolderError.notAFolder(path) }
    let names = try FileManager.default.contentsOfDirectory(atPath: path.string)
    guard !names.isEmpty else { return }
    let foreign = Set(names).subtracting(ReleaseManifest.companions).subtracting(
      manifest?.artifacts.map(\.file) ?? []
    )
    guard foreign.isEmpty else { throw OutputFolderError.foreignFiles(path, foreign.sorted()) }
  }

  /// The manifest of the release that lies in the folder, `nil` when there is none.
  public var manifest: ReleaseManifest? {
    guard let data = FileManager.default.contents(atPath: path.appending(Self.manifestName).string) else {
      return nil
    }
    return try? JSONDecoder().decode(ReleaseManifest.self, from: data)
  }

  /// Whether every artifact of a manifest lies here in its full size.
  func isComplete(_ manifest: ReleaseManifest) -> Bool {
    manifest.artifacts.allSatisfy { artifact in
      let attributes = try? FileManager.default.attributesOfItem(atPath: path.appending(artifact.file).string)
      return (attributes?[.size] as? NSNumber)?.int64Value == artifact.bytes.bytes
    }
  }

  /// The digest of the manifest that lies in the folder, `nil` when there is none.
  var manifestDigest: String? {
    try? SHA256Digest.ofFile(at: path.appending(Self.manifestName)).hex
  }

  /// Makes sure that the folder is neither the build folder nor around it, where every run would find foreign files.
  ///
  /// - Throws: ``OutputFolderError/holdsBuildFolder(_:build:)``.
  public func checkApart(from build: FilePath) throws {
    if build.starts(with: path) { throw OutputFolderError.holdsBuildFolder(path, build: build) }
  }

  /// Assembles a release in a new folder and puts that in this one's place.
  ///
  /// - Throws: what `assemble` throws; the folder is then as it was.
  func replace(_ assemble: (FilePath) async throws -> Void) async throws {
    try await AtomicFolder.replace(
      path,
      lastFile: Self.manifestName,
      check: checkReplaceable,
      assemble
    )
  }
}

/// An output folder that must not be replaced.
public enum OutputFolderError: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// There is something of that name that isn't a folder.
  case notAFolder(FilePath)
  /// It holds files that no release of ours wrote.
  case foreignFiles(FilePath, [String])
  /// It is the build folder, or the build folder lies in it.
  case holdsBuildFolder(FilePath, build: FilePath)

  /// The folder is in use; a wrong pair of options is wrong usage.
  public var exitStatus: ExitStatus {
    if case .holdsBuildFolder = self { .usage } else { .folderInUse }
  }

  /// The message.
  public var description: String {
    switch self {
    case .notAFolder(let path): "'\(path)' is not a folder; choose another with --out"
    case .holdsBuildFolder(let path, let build):
      "the build folder '\(build)' lies in the output folder '\(path)', which is replaced as a whole; name another with --out or --build"
    case .foreignFiles(let path, let names):
      "'\(path)' holds files that llcuda-build did not write (\(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : "")); move them away or choose another folder with --out"
    }
  }
}
