public import Planning
public import ReleaseModel
public import SystemPackage

/// What can be wrong with the parts of a build.
public enum PartError: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// A folder is no part and holds none.
  case notAPart(FilePath)
  /// A part's manifest can't be used.
  case unreadable(FilePath, why: String)
  /// A part's file is not what its manifest says.
  case damaged(FilePath, file: String, why: String)
  /// Two parts are of different builds.
  case foreign(FilePath, of: FilePath, difference: String)
  /// A part is of another build than the one that goes on here.
  case foreignHere(FilePath, difference: String)
  /// Two parts split the build differently.
  case differentCounts(FilePath, Shard, FilePath, Shard)
  /// Two parts are the same share.
  case twice(ShardSelection, FilePath, FilePath)
  /// A unit is in two parts.
  case unitTwice(String, FilePath, FilePath)
  /// Shares are not there.
  case missing([Shard])
  /// A unit of the build is in no part.
  case unitMissing(String)
  /// A part has a unit that the build doesn't know.
  case unitUnknown(String, FilePath)
  /// The folder that a part is to be written to holds something else.
  case folderInUse(FilePath, names: [String])

  /// All but a folder that is in use are broken inputs.
  public var exitStatus: ExitStatus {
    if case .folderInUse = self { .folderInUse } else { .badInput }
  }

  /// The message: what is wrong and the way out, in one line.
  public var description: String {
    switch self {
    case .notAPart(let folder):
      "'\(folder)' is no part: it has no \(PartFolder.manifestName), and no folder in it has; give folders that --shard wrote"
    case .unreadable(let folder, let why):
      "'\(folder)' cannot be used as a part: \(why); copy it again, or build that shard again"
    case .damaged(let folder, let file, let why):
      "part '\(folder)' is damaged: \(file) \(why); copy it again, or build that shard again"
    case .foreign(let folder, let other, let difference):
      "part '\(folder)' is of another build than '\(other)': \(difference); build both with the same options"
    case .foreignHere(let folder, let difference):
      "part '\(folder)' is of another build than the one asked for here: \(difference)"
    case .differentCounts(let folder, let shard, let other, let otherShard):
      "part '\(folder)' is \(shard) and part '\(other)' is \(otherShard); shards of one build have the same number behind the slash"
    case .twice(let selection, let folder, let other):
      "shard \(selection) is there twice: '\(folder)' and '\(other)'; leave one out"
    case .unitTwice(let unit, let folder, let other): "'\(unit)' is in two parts: '\(folder)' and '\(other)'"
    case .missing(let shards):
      "\(shards.count == 1 ? "shard" : "shards") \(shards.map(\.description).joined(separator: ", ")) \(shards.count == 1 ? "is" : "are") missing; build \(shards.count == 1 ? "it" : "them") with \(shards.map { "--shard \($0)" }.joined(separator: ", "))"
    case .unitMissing(let unit): "'\(unit)' is in no part, though no shard is missing; build the shards again"
    case .unitUnknown(let unit, let folder): "part '\(folder)' has '\(unit)', which this build does not have"
    case .folderInUse(let folder, let names):
      "'\(folder)' holds something else than a part (\(names.prefix(5).joined(separator: ", "))); choose another folder with --out"
    }
  }
}
