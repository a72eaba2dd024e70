import Archives
internal import CRename
import Foundation
public import ReleaseModel
public import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// The folder a release is written to: assembled beside it, then put in its place in one step.
public struct OutputFolder: Sendable {
  /// The folder.
  public let path: FilePath

  /// Makes the value; nothing is touched yet.
  public init(_ path: FilePath) { self.path = path }

  /// Files that every release has beside its artifacts.
  static let ownFiles: Set<String> = [manifestName, "SHA256SUMS", "report.md"]
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
    let foreign = Set(names).subtracting(Self.ownFiles).subtracting(manifest?.artifacts.map(\.file) ?? [])
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
  /// The two folders change places in one step where the file system can do that (renameat2(2), `RENAME_EXCHANGE`). A
  /// folder that is a mount point has to stay; its files are replaced one by one, the manifest last.
  ///
  /// - Throws: what `assemble` throws; the folder is then as it was.
  func replace(_ assemble: (FilePath) async throws -> Void) async throws {
    removeRemains()
    let files = FileManager.default
    let partial = sibling("partial", of: getpid())
    try files.createDirectory(atPath: partial.string, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: partial.string) }
    try await assemble(partial)
    // Asked again: a build takes long, and somebody may have put a file here meanwhile.
    try checkReplaceable()
    guard files.fileExists(atPath: path.string) else {
      return try files.moveItem(atPath: partial.string, toPath: path.string)
    }
    let exchange: UInt32 = 2  // RENAME_EXCHANGE, linux/fs.h
    if renameat2(AT_FDCWD, partial.string, AT_FDCWD, path.string, exchange) == 0 { return }
    let refusal = Errno(rawValue: errno)
    guard [.resourceBusy, .improperLink, .invalidArgument, .noFunction].contains(refusal) else {
      throw refusal
    }
    try refill(from: partial)
  }

  private func refill(from partial: FilePath) throws {
    let files = FileManager.default
    let own = Self.ownFiles.union(manifest?.artifacts.map(\.file) ?? [])
    // Without its manifest the folder is no release, so a run that is stopped here never passes for a finished one.
    for name in [Self.manifestName] + own.sorted() {
      let old = path.appending(name).string
      if files.fileExists(atPath: old) { try files.removeItem(atPath: old) }
    }
    let names = try files.contentsOfDirectory(atPath: partial.string).filter { $0 != Self.manifestName }
    for name in names.sorted() + [Self.manifestName] {
      try files.moveItem(atPath: partial.appending(name).string, toPath: path.appending(name).string)
    }
  }

  private func sibling(_ kind: String, of process: Int32) -> FilePath {
    path.removingLastComponent().appending(".\(path.lastComponent?.string ?? "out").\(kind)-\(process)")
  }

  /// Removes what runs that were killed while they assembled a release left beside the folder.
  private func removeRemains() {
    let parent = path.removingLastComponent()
    let prefix = ".\(path.lastComponent?.string ?? "out").partial-"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.string)) ?? [] {
      guard name.hasPrefix(prefix), let process = Int32(name.dropFirst(prefix.count)) else { continue }
      if kill(process, 0) != 0, errno == ESRCH {
        try? FileManager.default.removeItem(atPath: parent.appending(name).string)
      }
    }
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
