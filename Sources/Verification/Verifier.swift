import Archives
import BinaryFormats
import Foundation
public import ReleaseModel
public import SystemPackage

/// Applies every rule to files and releases, and tells all findings at once.
///
/// It changes and sends nothing.
public struct Verifier: Sendable {
  /// What the caller knows that files don't say.
  public struct Options: Sendable {
    /// The most bytes of a file.
    public var cap = ByteCount.pypiFileLimit
    /// The bytes that each project has on the index already.
    public var uploaded = ByteCount.zero
    /// What libraries with GPU code have to hold, for files without an index or a manifest.
    public var architectures: [Architecture]?
    /// Libraries that are found at run time: names, or beginnings with `*`.
    public var allowedLibraries: [String] = []
    /// Folders of the building machine that binaries must not name.
    public var buildFolders: [String] = []
    /// Ids of rules that are not asked.
    public var skipped: Set<String> = []

    /// Makes PyPI's defaults.
    public init() {}
  }

  /// What the caller knows that files don't say.
  public var options: Options

  /// Makes a verifier.
  public init(_ options: Options = Options()) { self.options = options }

  /// Verifies files, and folders with what is in them.
  ///
  /// - Throws: ``VerificationError``; what is wrong with a file is in the report. `CancellationError`.
  public func verify(_ paths: [FilePath]) async throws -> VerificationReport {
    guard !paths.isEmpty else { throw VerificationError.nothingGiven("no file was named") }
    var files: [FilePath] = []
    var releases: [FilePath] = []
    for path in paths {
      guard Self.isFolder(path) else {
        files.append(path)
        continue
      }
      let inside = try Self.archives(in: path)
      let isRelease = FileManager.default.fileExists(
        atPath: path.appending(ReleaseFolder.manifestName).string
      )
      guard !inside.isEmpty || isRelease else {
        throw VerificationError.nothingGiven("'\(path)' holds no wheel, sdist or tarball")
      }
      files += inside
      if isRelease { releases.append(path) }
    }
    let promises = Dictionary(
      releases.flatMap { ReleaseFolder($0).promises },
      uniquingKeysWith: { first, _ in first }
    )
    let subjects = try await read(files, promises: promises)
    var findings = subjects.flatMap(\.findings)
    // A release is installed as a whole, so its files may bring each other's libraries.
    let carried = subjects.compactMap(\.binaries).reduce(into: Set<String>()) {
      $0.formUnion($1.contents.carriedLibraries)
    }
    for var check in subjects.compactMap(\.binaries) {
      check.provided.names.formUnion(carried)
      findings += check.findings
    }
    let cross = CrossCheck(subjects: subjects, options: options)
    findings += cross.findings
    for release in releases { findings += ReleaseFolder(release).findings(subjects) }
    let kept = findings.filter { !options.skipped.contains($0.rule.id) }
    return VerificationReport(files: subjects.map(\.summary), findings: kept)
  }

  /// Reads a few files at once: each is read by one thread, and a release has few large ones.
  private func read(_ files: [FilePath], promises: [FilePath: [Architecture]]) async throws -> [Subject] {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    return try await files.map(atOnce: max(1, min(4, cores))) { path in
      try subject(path, promised: promises[path] ?? options.architectures)
    }
  }

  private static func isFolder(_ path: FilePath) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path.string, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// The archives of a folder, not of those below it.
  static func archives(in folder: FilePath) throws -> [FilePath] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder.string) } catch {
      throw VerificationError.unreadable(folder, why: error.localizedDescription)
    }
    return names.sorted().filter { Subject.Kind(fileName: $0) != .unknown && !$0.hasPrefix(".") }.map {
      folder.appending($0)
    }
  }
}
