import Planning
public import SystemPackage

/// The parts of one build, proved to belong together and to be complete.
public struct PartSet: Hashable, Sendable {
  /// A part that was read.
  public struct Part: Hashable, Sendable {
    /// Where it lies.
    public let folder: PartFolder
    /// What it says.
    public let manifest: PartManifest

    /// Makes the value.
    public init(folder: PartFolder, manifest: PartManifest) {
      self.folder = folder
      self.manifest = manifest
    }
  }

  /// The shares of the kernels, by index.
  public let kernels: [Part]
  /// The core, if a machine built it.
  public let core: Part?

  /// What all of them say about the build.
  public var identity: BuildIdentity { kernels[0].manifest.identity }
  /// The options that all of them were built with.
  public var request: BuildRequest { kernels[0].manifest.request }

  /// Puts parts together; nothing is read from disk here.
  ///
  /// - Throws: ``PartError`` naming what is foreign, twice or missing.
  public init(_ parts: [Part]) throws {
    guard let first = parts.first else { throw PartError.missing([]) }
    for part in parts.dropFirst() {
      if let difference = part.manifest.identity.difference(from: first.manifest.identity) {
        throw PartError.foreign(part.folder.path, of: first.folder.path, difference: difference)
      }
    }
    var shares: [(shard: Shard, part: Part)] = []
    var core: Part?
    for part in parts {
      switch part.manifest.shard {
      case .core:
        if let core { throw PartError.twice(.core, core.folder.path, part.folder.path) }
        core = part
      case .kernels(let shard): shares.append((shard, part))
      }
    }
    // The core by itself is not a build; how many shards there are, nobody knows yet.
    guard let one = shares.first else { throw PartError.missing(Shard.all(1)) }
    for (shard, part) in shares where shard.count != one.shard.count {
      throw PartError.differentCounts(part.folder.path, shard, one.part.folder.path, one.shard)
    }
    shares.sort { $0.shard < $1.shard }
    for (left, right) in zip(shares, shares.dropFirst()) where left.shard == right.shard {
      throw PartError.twice(.kernels(left.shard), left.part.folder.path, right.part.folder.path)
    }
    let missing = Set(Shard.all(one.shard.count)).subtracting(shares.map(\.shard))
    guard missing.isEmpty else { throw PartError.missing(missing.sorted()) }
    var owners: [String: FilePath] = [:]
    for (_, part) in shares {
      for file in part.manifest.files {
        if let owner = owners.updateValue(part.folder.path, forKey: file.name) {
          throw PartError.unitTwice(file.name, owner, part.folder.path)
        }
      }
    }
    kernels = shares.map(\.part)
    self.core = core
  }

  /// Which file of which part is an object of the build, for every object in order.
  ///
  /// - Parameter objects: the build's objects as its own tree names them.
  /// - Throws: ``PartError/unitMissing(_:)``, ``PartError/unitUnknown(_:_:)``.
  public func sources(of objects: [String]) throws -> [(file: PartManifest.File, path: FilePath)] {
    var files: [String: (file: PartManifest.File, path: FilePath)] = [:]
    let known = Set(objects)
    for part in kernels {
      for file in part.manifest.files {
        guard known.contains(file.name) else { throw PartError.unitUnknown(file.name, part.folder.path) }
        files[file.name] = (file, part.folder.file(file))
      }
    }
    return try objects.map { object in
      guard let found = files[object] else { throw PartError.unitMissing(object) }
      return found
    }
  }

  /// Compares the parts' build with the one that goes on here; a compiler cache makes no difference to linking.
  ///
  /// - Throws: ``PartError/foreignHere(_:difference:)``.
  public func check(against here: BuildIdentity) throws {
    var here = here
    here.objectNames = identity.objectNames
    if let difference = identity.difference(from: here) {
      throw PartError.foreignHere(kernels[0].folder.path, difference: difference)
    }
  }
}
