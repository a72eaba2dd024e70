import Archives
import BinaryFormats
import Foundation
public import ReleaseModel
public import SystemPackage

/// Whether two releases are the same, archive by archive and file by file, and if not, why.
public struct ReleaseComparison: Sendable, Encodable {
  /// What one archive came to.
  public struct Artifact: Sendable, Encodable {
    /// The archive's name.
    public let file: String
    /// Whether both have the same bytes.
    public let isSame: Bool
    /// The files inside that differ.
    public let differences: [Difference]
  }

  /// A file inside that differs.
  public struct Difference: Sendable, Encodable {
    /// Its path in the archive; empty when the archives' frames differ and no file does.
    public let member: String
    /// How it differs: only in one, or in which sections of an ELF file.
    public let how: String
    /// Why, as far as it can be told.
    public let why: String?
  }

  /// The version of this structure.
  public let schemaVersion = 1
  /// The archives of either release, by name.
  public let artifacts: [Artifact]

  /// Whether everything is the same.
  public var isSame: Bool { artifacts.allSatisfy(\.isSame) }
  /// Whether all files with machine code are the same.
  public var binariesAreSame: Bool { artifacts.allSatisfy { $0.differences.allSatisfy { !$0.isBinary } } }

  /// Compares two folders that llcuda-build wrote.
  ///
  /// - Throws: ``VerificationError/unreadable(_:why:)`` when one is no release, `ArchiveError` for broken archives.
  public init(_ old: FilePath, _ new: FilePath) throws {
    let (first, second) = (try Self.manifest(of: old), try Self.manifest(of: new))
    let names = Set((first.artifacts + second.artifacts).map(\.file)).sorted()
    let cause = first.inputs.difference(from: second.inputs)
    artifacts = try names.map { name in
      try Self.compare(name, old.appending(name), new.appending(name), cause: cause)
    }
  }

  /// The manifest of a release.
  ///
  /// - Throws: ``VerificationError/unreadable(_:why:)`` when the folder holds none.
  public static func manifest(of folder: FilePath) throws -> ReleaseManifest {
    let data = FileManager.default.contents(atPath: folder.appending(ReleaseFolder.manifestName).string)
    guard let manifest = data.flatMap({ try? JSONDecoder().decode(ReleaseManifest.self, from: $0) }) else {
      throw VerificationError.unreadable(folder, why: "it holds no manifest.json of llcuda-build's")
    }
    return manifest
  }

  private static func compare(_ name: String, _ old: FilePath, _ new: FilePath, cause: String?)
    throws
    -> Artifact
  {
    let there = [old, new].map { FileManager.default.fileExists(atPath: $0.string) }
    guard there == [true, true] else {
      let how = there[0] ? "only in the first release" : "only in the second release"
      return Artifact(file: name, isSame: false, differences: [Difference(member: "", how: how, why: nil)])
    }
    if try SHA256Digest.ofFile(at: old) == SHA256Digest.ofFile(at: new) {
      return Artifact(file: name, isSame: true, differences: [])
    }
    let (first, second) = (try members(of: old), try members(of: new))
    var differences: [Difference] = []
    for member in Set(first.keys).union(second.keys).sorted() where first[member] != second[member] {
      guard first[member] != nil, second[member] != nil else {
        let how = first[member] != nil ? "only in the first" : "only in the second"
        differences.append(Difference(member: member, how: how, why: nil))
        continue
      }
      differences.append(try difference(member, old, new, cause: cause))
    }
    // A list of digests differs because what it lists does.
    let own = differences.filter { !$0.member.hasSuffix(".dist-info/RECORD") }
    if !own.isEmpty { differences = own }
    if differences.isEmpty {
      differences = [
        Difference(
          member: "",
          how: "the same files in another frame: order, times, modes or compression",
          why: nil
        )
      ]
    }
    return Artifact(file: name, isSame: false, differences: differences)
  }

  /// Digests of all regular files of an archive.
  private static func members(of path: FilePath) throws -> [String: SHA256Digest] {
    var found: [String: SHA256Digest] = [:]
    try ArchiveReader(path).members { member, pieces in
      guard member.kind == .file else { return }
      var digest = StreamDigest()
      try pieces { digest.add($0) }
      found[member.name] = digest.finish()
    }
    return found
  }

  private static func difference(_ member: String, _ old: FilePath, _ new: FilePath, cause: String?)
    throws
    -> Difference
  {
    let files = try [old, new].map { archive in
      let spill = try SpillFile()
      try ArchiveReader(archive).members { entry, pieces in
        if entry.name == member { try pieces { try spill.append($0) } }
      }
      return try spill.content(named: member)
    }
    guard let first = try? ELFFile(files[0]), let second = try? ELFFile(files[1]) else {
      return Difference(member: member, how: "other contents", why: nil)
    }
    let sections = changedSections(first, second)
    let how =
      sections.isEmpty
      ? "machine code outside of sections" : "machine code, in \(sections.prefix(6).joined(separator: ", "))"
    return Difference(member: member, how: how, why: cause)
  }

  private static func changedSections(_ first: ELFFile, _ second: ELFFile) -> [String] {
    func digests(_ file: ELFFile) -> [String: [SHA256Digest]] {
      var found: [String: [SHA256Digest]] = [:]
      for section in file.sections {
        guard let bytes = try? file.bytes(of: section) else { continue }
        var digest = StreamDigest()
        bytes.withUnsafeBytes { digest.add($0) }
        found[section.name, default: []].append(digest.finish())
      }
      return found
    }
    let (old, new) = (digests(first), digests(second))
    return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] && !$0.isEmpty }.sorted()
  }
}

extension ReleaseComparison.Difference {
  /// Whether the file holds machine code.
  var isBinary: Bool { how.hasPrefix("machine code") }
}
