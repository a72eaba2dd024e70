import Foundation
import Inventory
import ReleaseModel

/// A part of an artifact with its own parts, for the treemap: file, architecture, translation unit, kernel.
struct TreemapNode: Encodable {
  /// The name.
  var name: String
  /// The bytes in the file that is uploaded.
  var bytes: Int64
  /// What it is, for its color.
  var kind: String
  /// Its parts, which add up to it; `nil` for a leaf.
  var parts: [TreemapNode]?

  // One letter each: a report has thousands of nodes.
  enum CodingKeys: String, CodingKey {
    case name = "n"
    case bytes = "v"
    case kind = "k"
    case parts = "c"
  }

  /// Smaller parts are drawn together: nobody sees them, and a report has to stay small.
  private static let leaves: Int64 = 5000

  /// The tree of an artifact.
  init(_ artifact: Artifact) {
    let builder = Builder(artifact, smallest: artifact.bytes.bytes / Self.leaves)
    self = builder.root
  }

  private init(_ name: String, _ bytes: Int64, _ kind: String, _ parts: [TreemapNode]? = nil) {
    self.name = name
    self.bytes = bytes
    self.kind = kind
    self.parts = parts?.isEmpty == true ? nil : parts
  }

  private struct Builder {
    let artifact: Artifact
    let smallest: Int64
    let units: [String: [UnitRecord]]

    init(_ artifact: Artifact, smallest: Int64) {
      self.artifact = artifact
      self.smallest = smallest
      // A static library's units name the member behind the library's own path.
      units = Dictionary(grouping: artifact.units) { unit in
        unit.file.hasSuffix(")")
          ? String(unit.file[..<(unit.file.lastIndex(of: "(") ?? unit.file.endIndex)]) : unit.file
      }
    }

    var root: TreemapNode {
      let files = artifact.files.map(file)
      let structure = artifact.structure.map { TreemapNode("archive: \($0.name)", $0.bytes.bytes, "archive") }
      if !artifact.kind.isArchive, let only = files.first {
        return TreemapNode(artifact.name, artifact.bytes.bytes, only.kind, only.parts ?? [])
      }
      return TreemapNode(artifact.name, artifact.bytes.bytes, "other", folded(files + structure))
    }

    private func file(_ file: FileRecord) -> TreemapNode {
      let bytes = file.weight.shipped.bytes
      let units = units[file.path] ?? []
      let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
      guard file.kind != .other, file.kind != .link else { return TreemapNode(name, bytes, "content") }
      var parts = architectures(units)
      let device = parts.reduce(Int64(0)) { $0 + $1.bytes }
      var rest = bytes - device
      for section in file.sections where section.category != .fatbin && file.kind != .cubin {
        parts.append(TreemapNode(section.name, section.weight.shipped.bytes, section.category.rawValue))
        rest -= section.weight.shipped.bytes
      }
      if rest > 0 { parts.append(TreemapNode("fat binary containers", rest, "fatbin")) }
      return TreemapNode(name, bytes, parts.max { $0.bytes < $1.bytes }?.kind ?? "content", folded(parts))
    }

    private func architectures(_ units: [UnitRecord]) -> [TreemapNode] {
      struct Key: Hashable {
        let architecture: String
        let kind: ImageKind
      }
      var byKey: [Key: [TreemapNode]] = [:]
      for unit in units {
        for image in unit.images {
          let kind = Self.color(image.kind)
          byKey[Key(architecture: image.architecture, kind: image.kind), default: []].append(
            TreemapNode(Self.name(unit), image.weight.shipped.bytes, kind, kernels(of: image, kind))
          )
        }
      }
      return byKey.map { key, parts in
        let label = ComputeCapability(parsing: key.architecture)?.description ?? key.architecture
        let sum = parts.reduce(Int64(0)) { $0 + $1.bytes }
        return TreemapNode("\(key.kind.label) \(label)", sum, Self.color(key.kind), folded(parts))
      }
    }

    private func kernels(of image: UnitRecord.Image, _ kind: String) -> [TreemapNode] {
      var parts: [TreemapNode] = []
      var rest = image.weight.shipped.bytes
      for share in image.kernels {
        let bytes = share.weight.shipped.bytes
        guard bytes >= smallest, artifact.kernels.indices.contains(share.kernel) else { continue }
        // Every kernel returns nothing, and a cell has room for a few words.
        let name = artifact.kernels[share.kernel].name
        parts.append(TreemapNode(name.hasPrefix("void ") ? String(name.dropFirst(5)) : name, bytes, kind))
        rest -= bytes
      }
      if !parts.isEmpty, rest > 0 {
        parts.append(TreemapNode("smaller kernels, names, tables", rest, "other"))
      }
      return parts
    }

    private static func name(_ unit: UnitRecord) -> String {
      unit.evidence == .family ? "unit \(unit.index + 1): \(unit.name)" : unit.name
    }

    private static func color(_ kind: ImageKind) -> String {
      switch kind {
      case .real: "real"
      case .virtual: "virtual"
      case .intermediate, .group, .unknown: "other"
      }
    }

    /// Draws small parts together.
    private func folded(_ parts: [TreemapNode]) -> [TreemapNode] {
      let large = parts.filter { $0.bytes >= max(smallest, 1) }.sorted {
        ($1.bytes, $0.name) < ($0.bytes, $1.name)
      }
      let small = parts.filter { $0.bytes < max(smallest, 1) }
      let sum = small.reduce(Int64(0)) { $0 + $1.bytes }
      return sum > 0 ? large + [TreemapNode("\(small.count) smaller parts", sum, "other")] : large
    }
  }
}
