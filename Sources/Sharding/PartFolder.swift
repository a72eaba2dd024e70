import Archives
import Foundation
import Planning
import ReleaseModel
public import SystemPackage

/// A part on disk: `part.json`, and its files named by their SHA-256.
public struct PartFolder: Hashable, Sendable {
  /// The folder.
  public let path: FilePath

  /// Makes the value; nothing is touched yet.
  public init(_ path: FilePath) { self.path = path }

  /// The manifest's name.
  public static let manifestName = "part.json"
  /// The folder of files.
  static let filesName = "files"
  /// A manifest is some 100 bytes a unit; whatever is larger by far is not one.
  private static let mostManifestBytes = 16 << 20

  /// Where a file of the part lies.
  public func file(_ file: PartManifest.File) -> FilePath {
    path.appending(Self.filesName).appending(file.sha256)
  }

  // MARK: Writing

  /// Makes sure that replacing the folder loses nothing: it is absent, empty, or a part.
  ///
  /// - Throws: ``PartError/folderInUse(_:names:)``.
  public func checkReplaceable() throws {
    guard FileManager.default.fileExists(atPath: path.string) else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? ["a file of that name"]
    let foreign = Set(names).subtracting([Self.manifestName, Self.filesName])
    let isPart = names.isEmpty || names.contains(Self.manifestName)
    guard foreign.isEmpty, isPart else {
      throw PartError.folderInUse(path, names: (foreign.isEmpty ? Set(names) : foreign).sorted())
    }
  }

  /// Digests a file for a manifest.
  ///
  /// - Throws: `ArchiveError` when it can't be read.
  public static func describe(
    _ source: FilePath,
    name: String,
    role: PartManifest.File.Role,
    seconds: Double? = nil
  ) throws -> PartManifest.File {
    let bytes = try FileManager.default.attributesOfItem(atPath: source.string)[.size] as? NSNumber
    return PartManifest.File(
      name: name,
      role: role,
      sha256: try SHA256Digest.ofFile(at: source).hex,
      bytes: .init(bytes?.int64Value ?? 0),
      seconds: seconds
    )
  }

  /// Writes a part; the folder appears with everything in it, or stays as it was.
  ///
  /// - Parameter sources: where the manifest's files are now, in its order.
  /// - Throws: ``PartError/folderInUse(_:names:)``, Foundation's errors.
  public func write(_ manifest: PartManifest, from sources: [FilePath]) async throws {
    try await AtomicFolder.replace(path, lastFile: Self.manifestName, check: checkReplaceable) { folder in
      let files = folder.appending(Self.filesName)
      try FileManager.default.createDirectory(atPath: files.string, withIntermediateDirectories: true)
      for (file, source) in zip(manifest.files, sources) {
        try Task.checkCancellation()
        let target = files.appending(file.sha256).string
        // Two files with the same bytes are one here.
        guard !FileManager.default.fileExists(atPath: target) else { continue }
        let real = URL(fileURLWithPath: source.string).resolvingSymlinksInPath().path
        try FileManager.default.copyItem(atPath: real, toPath: target)
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let text = String(decoding: try encoder.encode(manifest), as: UTF8.self) + "\n"
      try text.write(toFile: folder.appending(Self.manifestName).string, atomically: true, encoding: .utf8)
    }
  }

  // MARK: Reading

  /// The parts that folders name: each is a part itself, or holds parts, as CI systems unpack several artifacts.
  ///
  /// - Throws: ``PartError/notAPart(_:)``.
  public static func find(in folders: [FilePath]) throws -> [PartFolder] {
    func isPart(_ folder: FilePath) -> Bool {
      FileManager.default.fileExists(atPath: folder.appending(manifestName).string)
    }
    return try folders.flatMap { folder -> [PartFolder] in
      if isPart(folder) { return [PartFolder(folder)] }
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
      let inside = names.sorted().map { folder.appending($0) }.filter(isPart)
      guard !inside.isEmpty else { throw PartError.notAPart(folder) }
      return inside.map(PartFolder.init)
    }
  }

  /// Reads the manifest and checks that it makes sense; its files are looked at by ``verify(_:)``.
  ///
  /// - Throws: ``PartError/notAPart(_:)``, ``PartError/unreadable(_:why:)``.
  public func manifest() throws -> PartManifest {
    let file = path.appending(Self.manifestName)
    guard let handle = FileHandle(forReadingAtPath: file.string) else { throw PartError.notAPart(path) }
    defer { try? handle.close() }
    let data = (try? handle.read(upToCount: Self.mostManifestBytes + 1)) ?? Data()
    guard data.count <= Self.mostManifestBytes else {
      throw PartError.unreadable(path, why: "its \(Self.manifestName) is too large")
    }
    struct Schema: Decodable { let schema: Int }
    if let found = try? JSONDecoder().decode(Schema.self, from: data),
      found.schema > PartManifest.currentSchema
    {
      throw PartError.unreadable(path, why: "it was written by a newer llcuda-build (format \(found.schema))")
    }
    guard let manifest = try? JSONDecoder().decode(PartManifest.self, from: data) else {
      throw PartError.unreadable(path, why: "its \(Self.manifestName) is broken")
    }
    guard manifest.planDigest == manifest.identity.digest else {
      throw PartError.unreadable(path, why: "its plan digest does not fit what it says")
    }
    for file in manifest.files {
      guard file.sha256.wholeMatch(of: #/[0-9a-f]{64}/#) != nil, file.bytes.bytes >= 0 else {
        throw PartError.unreadable(path, why: "'\(file.name)' has no SHA-256")
      }
      let isSafe =
        manifest.shard == .core
        ? file.role != .object && file.name.wholeMatch(of: #/[A-Za-z0-9_][A-Za-z0-9._+-]*/#) != nil
        : file.role == .object
      guard isSafe else { throw PartError.unreadable(path, why: "'\(file.name)' cannot be a file of it") }
    }
    return manifest
  }

  /// Reads every file of a part and compares size and digest.
  ///
  /// - Throws: ``PartError/damaged(_:file:why:)``, `CancellationError`.
  public func verify(_ manifest: PartManifest) throws {
    for file in manifest.files {
      try Task.checkCancellation()
      let path = self.file(file)
      let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
      guard let size = (attributes?[.size] as? NSNumber)?.int64Value else {
        throw PartError.damaged(self.path, file: file.name, why: "is not there")
      }
      guard size == file.bytes.bytes else {
        throw PartError.damaged(
          self.path,
          file: file.name,
          why: "has \(size) bytes instead of \(file.bytes.bytes)"
        )
      }
      guard try SHA256Digest.ofFile(at: path).hex == file.sha256 else {
        throw PartError.damaged(self.path, file: file.name, why: "has another SHA-256 than its manifest says")
      }
    }
  }
}
