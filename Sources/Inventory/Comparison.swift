public import ReleaseModel

/// What changed in size between two inventories.
public struct Comparison: Hashable, Sendable, Codable {
  /// The version of this structure; a field that changes its meaning raises it.
  public var schemaVersion = 1
  /// The artifacts of both, by what they are the same by.
  public var artifacts: [ArtifactChange]
  /// Budgets that were asked for and what came of each; empty when none was.
  public var verdicts: [BudgetVerdict]

  /// Whether any budget is broken.
  public var isOverBudget: Bool { verdicts.contains { !$0.isKept } }

  /// Compares two inventories and holds the new one against budgets.
  public init(old: Inventory, new: Inventory, budget: SizeBudget = SizeBudget()) {
    artifacts = Self.pairs(old.artifacts, new.artifacts).map { ArtifactChange(old: $0, new: $1) }
    verdicts = []
    verdicts = budget.verdicts(on: self)
  }

  /// Puts together what is the same artifact: one of each, or those whose names agree up to the version.
  private static func pairs(_ old: [Artifact], _ new: [Artifact]) -> [(Artifact?, Artifact?)] {
    if old.count == 1, new.count == 1 { return [(old.first, new.first)] }
    var left = old
    var pairs: [(Artifact?, Artifact?)] = []
    for artifact in new {
      let match =
        left.firstIndex { $0.name == artifact.name }
        ?? left.firstIndex { ArtifactName.stem($0.name) == ArtifactName.stem(artifact.name) }
      pairs.append((match.map { left.remove(at: $0) }, artifact))
    }
    return pairs + left.map { ($0, nil) }
  }
}

/// The part of a file's name that two versions share.
public enum ArtifactName {
  /// The name without its version and what stands behind it, but with the kind: `llcuda_core` of
  /// `llcuda_core-0.1.0-py3-none-any.whl`; of a path, the folders too.
  public static func stem(_ name: String) -> String {
    let folder = name.lastIndex(of: "/").map { String(name[...$0]) } ?? ""
    let file = name.dropFirst(folder.count)
    let ending = file.lastIndex(of: ".").map { String(file[$0...]) } ?? ""
    var parts: [Substring] = []
    // A wheel's version is its second part; a tarball's comes there too, before the platform.
    for part in file.split(separator: "-", omittingEmptySubsequences: false) {
      if let first = part.first, first.isNumber, part.contains(".") { continue }
      parts.append(part)
    }
    let stem = parts.joined(separator: "-")
    guard ending == ".whl" else { return folder + stem }
    return folder + (parts.first.map(String.init) ?? "") + ending
  }
}

/// One artifact, before and after.
public struct ArtifactChange: Hashable, Sendable, Codable {
  /// Its name afterwards, or before if it is gone.
  public var name: String
  /// Its size; the difference to a file that isn't there is all of it.
  public var bytes: Change
  /// What it unpacks to.
  public var installedBytes: Change
  /// Device code by architecture and kind.
  public var images: [RowChange]
  /// Everything else, by what it is for.
  public var rest: [RowChange]
  /// Files that changed.
  public var files: [RowChange]
  /// Kernel families that changed, the largest growth first.
  public var families: [RowChange]
  /// Kernels that changed, the largest growth first.
  public var kernels: [RowChange]

  init(old: Artifact?, new: Artifact?) {
    name = new?.name ?? old?.name ?? ""
    func change(_ value: (Artifact) -> ByteCount) -> Change {
      Change(old: old.map(value) ?? .zero, new: new.map(value) ?? .zero)
    }
    bytes = change(\.bytes)
    installedBytes = change(\.installedBytes)
    func rows(_ weights: (Artifact) -> [(String, Weight)], onlyChanged: Bool = true) -> [RowChange] {
      RowChange.rows(old.map(weights) ?? [], new.map(weights) ?? [], onlyChanged: onlyChanged)
    }
    images = rows(
      { $0.images.map { ("\($0.kind.label) \($0.architecture)", $0.weight) } },
      onlyChanged: false
    )
    rest = rows { artifact in
      artifact.files.flatMap(\.sections).filter { $0.category != .fatbin }.map {
        ($0.category.rawValue, $0.weight)
      }
        + artifact.structure.map { ("archive", Weight(bytes: 0, archivedBytes: $0.bytes.bytes)) }
    }
    files = rows { $0.kind.isArchive ? $0.files.map { (Self.versionless($0.path), $0.weight) } : [] }
    families = rows { $0.families.map { ($0.name, $0.weight) } }
    kernels = rows { $0.kernels.map { ($0.name, $0.weight) } }
  }

  /// A path in a wheel without the version in the name of its metadata folder.
  private static func versionless(_ path: String) -> String {
    guard let slash = path.firstIndex(of: "/"), path[..<slash].hasSuffix(".dist-info") else { return path }
    return "*.dist-info" + path[slash...]
  }
}

/// A number of bytes, before and after.
public struct Change: Hashable, Sendable, Codable {
  /// Before.
  public var old: ByteCount
  /// After.
  public var new: ByteCount

  /// Makes a change.
  public init(old: ByteCount, new: ByteCount) {
    self.old = old
    self.new = new
  }

  /// The growth; negative when it shrank.
  public var difference: ByteCount {
    let (difference, overflow) = new.bytes.subtractingReportingOverflow(old.bytes)
    return ByteCount(overflow ? Int64.max : difference)
  }
}

/// A row, before and after.
public struct RowChange: Hashable, Sendable, Codable {
  /// What it is.
  public var name: String
  /// Its bytes in the file that is uploaded.
  public var bytes: Change
  /// Its bytes as installed.
  public var installedBytes: Change

  /// Puts rows of the same name together, the largest growth first, the largest loss last.
  static func rows(_ old: [(String, Weight)], _ new: [(String, Weight)], onlyChanged: Bool) -> [RowChange] {
    var sums: [String: (old: Weight, new: Weight)] = [:]
    for (name, weight) in old { sums[name, default: (.zero, .zero)].old += weight }
    for (name, weight) in new { sums[name, default: (.zero, .zero)].new += weight }
    return sums.map { name, weights in
      RowChange(
        name: name,
        bytes: Change(old: weights.old.shipped, new: weights.new.shipped),
        installedBytes: Change(old: weights.old.bytes, new: weights.new.bytes)
      )
    }
    .filter { !onlyChanged || $0.bytes.difference != .zero || $0.installedBytes.difference != .zero }
    .sorted { ($1.bytes.difference, $0.name) < ($0.bytes.difference, $1.name) }
  }
}
