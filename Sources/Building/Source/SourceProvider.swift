import Archives
import Foundation
public import ReleaseModel
public import SystemPackage
public import ToolExecution

/// Brings llama.cpp's source to disk, whatever form it has.
public struct SourceProvider: Sendable {
  /// The default source: an sdist that carries llama.cpp, because a package index is always within a release's reach.
  public enum Pinned {
    /// The project on the package index.
    public static let project = "llama-cpp-python"
    /// Its version.
    public static let version = "0.3.36"
    /// The SHA-256 of its sdist.
    public static let sha256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
    /// The folder of the sdist that is unpacked.
    static let subfolder = "vendor/llama.cpp"
  }

  let folders: Folders
  let runner: ToolRunner
  let locator: ToolLocator
  let log: FilePath

  /// Makes a provider.
  ///
  /// - Parameter log: the log file of pip or git.
  public init(folders: Folders, runner: ToolRunner, locator: ToolLocator, log: FilePath) {
    self.folders = folders
    self.runner = runner
    self.locator = locator
    self.log = log
  }

  /// Where sources that were fetched are kept.
  var store: FilePath { folders.cache.appending("sources") }

  /// Gives the tree of a source, fetching and unpacking it when needed.
  ///
  /// - Throws: ``BuildError``, ``ToolExecution/ToolError`` of pip or git, `ArchiveError` for a broken tarball.
  public func source(_ source: LlamaCppSource) async throws -> SourceInUse {
    switch source {
    case .pinned: SourceInUse(tree: try await pinned())
    case .folder(let name): SourceInUse(tree: try await folder(FilePath(name)))
    case .tarball(let name): SourceInUse(tree: try tarball(FilePath(name)))
    case .git(let url, let reference): try await git(url: url, reference: reference)
    }
  }

  private func pinned() async throws -> LlamaCppTree {
    let name = "llama_cpp_python-\(Pinned.version)"
    let target = store.appending(name)
    let origin = "\(Pinned.project) \(Pinned.version) (sdist)"
    if !exists(target) {
      let download = store.appending("download-\(UUID().uuidString.prefix(8))")
      defer { remove(download) }
      try makeFolder(download)
      // pip runs the build backend of an sdist to learn its name, so the digest has to be checked before, by pip.
      let requirement = download.appending("requirement.txt")
      try "\(Pinned.project)==\(Pinned.version) --hash=sha256:\(Pinned.sha256)\n".write(
        toFile: requirement.string,
        atomically: true,
        encoding: .utf8
      )
      try await runner.run(
        Invocation(
          try python().string,
          [
            "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary",
            ":all:",
            "--no-build-isolation", "--require-hashes", "--dest", download.string, "--requirement",
            requirement.string,
          ]
        ),
        log: log
      )
      let archive = download.appending("\(name).tar.gz")
      let found = try SHA256Digest.ofFile(at: archive).hex
      guard found == Pinned.sha256 else {
        throw BuildError.wrongDigest(name: "\(name).tar.gz", expected: Pinned.sha256, found: found)
      }
      try unpack(archive, to: target, strippingComponents: 1) {
        $0.hasPrefix("\(name)/\(Pinned.subfolder)/")
      }
    }
    return try LlamaCppTree(
      folder: target.appending(Pinned.subfolder),
      origin: origin,
      digest: "sha256:\(Pinned.sha256)"
    )
  }

  private func tarball(_ file: FilePath) throws -> LlamaCppTree {
    let file = Folders.absolute(file)
    guard exists(file) else { throw BuildError.sourceMissing(file.string) }
    let digest = try SHA256Digest.ofFile(at: file).hex
    let target = store.appending("tarball-\(digest.prefix(12))")
    if !exists(target) {
      // Most archives have one top folder, whose name carries a version that paths are better off without.
      let hasTop = try ArchiveReader(file).commonFolder() != nil
      try unpack(file, to: target, strippingComponents: hasTop ? 1 : 0)
    }
    return try LlamaCppTree(
      folder: llamaCpp(in: target),
      origin: file.lastComponent?.string ?? file.string,
      digest: "sha256:\(digest)"
    )
  }

  /// An address as it may stand in a manifest: without the password or token that some carry.
  static func withoutSecrets(_ text: String) -> String {
    text.replacing(#/(https?:\/\/)[^\/@\s]+@/#) { "\($0.1)" }
      .replacing(#/:\/\/([^\/@\s:]*):[^\/@\s]*@/#) { "://\($0.1)@" }
  }

  private func folder(_ name: FilePath) async throws -> LlamaCppTree {
    let folder = Folders.absolute(name)
    guard exists(folder) else { throw BuildError.sourceMissing(folder.string) }
    let tree = llamaCpp(in: folder)
    let origin = "folder \(folder.lastComponent?.string ?? folder.string)"
    _ = try LlamaCppTree(folder: tree, origin: origin, digest: "")
    return try LlamaCppTree(
      folder: tree,
      origin: origin,
      digest: "tree:\(try SHA256Digest.ofTree(at: tree).hex)"
    )
  }

  /// The llama.cpp inside an unpacked source: the folder itself, its only subfolder, or `vendor/llama.cpp` in either.
  func llamaCpp(in folder: FilePath) -> FilePath {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    let only = names.count == 1 ? [folder.appending(names[0])] : []
    let candidates = ([folder] + only).flatMap { [$0, $0.appending(Pinned.subfolder)] }
    return candidates.first { exists($0.appending("ggml/src/ggml-cuda/CMakeLists.txt")) } ?? only.first
      ?? folder
  }

  private func unpack(
    _ archive: FilePath,
    to target: FilePath,
    strippingComponents count: Int,
    where wanted: @escaping (String) -> Bool = { _ in true }
  ) throws {
    do {
      try ArchiveReader(archive).extract(to: target, strippingComponents: count, where: wanted)
    } catch {
      // Another run that unpacked the same archive meanwhile has done our work.
      if !exists(target) { throw error }
    }
  }

  private func python() throws -> FilePath {
    let venv = folders.cache.appending("venv/bin/python").string
    if let found = locator.find(venv) { return found }
    return try locator.require(
      "python3",
      "python",
      hint: "install Python 3 with pip, or give llama.cpp with --llama-cpp"
    )
  }

  func exists(_ path: FilePath) -> Bool { FileManager.default.fileExists(atPath: path.string) }
  func remove(_ path: FilePath) { try? FileManager.default.removeItem(atPath: path.string) }
  func makeFolder(_ path: FilePath) throws {
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
  }
}

/// A source that stays as it is for as long as this value is kept.
public struct SourceInUse: Sendable {
  /// The source.
  public let tree: LlamaCppTree
  /// Keeps other runs from checking something else out there; `nil` for what is never changed.
  let hold: FolderLock?

  init(tree: LlamaCppTree, hold: FolderLock? = nil) {
    self.tree = tree
    self.hold = hold
  }
}
