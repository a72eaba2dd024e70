import Inventory
import ReleaseModel

/// The rows that all reports of an inventory show first: every byte of an artifact is in exactly one of them.
struct InventoryRows {
  /// One row.
  struct Row: Hashable {
    /// What it is.
    var name: String
    /// More about it.
    var note: String
    /// What it weighs.
    var weight: Weight
    /// Whether it is device code, for colors.
    var isDevice = false
  }

  /// The rows, largest first.
  let rows: [Row]
  /// Their sum, which is the artifact's size.
  let total: ByteCount

  init(_ artifact: Artifact) {
    var rows: [Row] = []
    var images = Weight.zero
    for image in artifact.images {
      images += image.weight
      rows.append(
        Row(
          name: Self.name(image),
          note: "\(image.count) \(image.count == 1 ? "image" : "images"), "
            + (image.compression == .none ? "not compressed" : image.compression.rawValue),
          weight: image.weight,
          isDevice: true
        )
      )
    }
    var categories: [SectionRow.Category: Weight] = [:]
    for section in artifact.files.flatMap(\.sections) {
      categories[section.category, default: .zero] += section.weight
    }
    // A cubin that is a file of its own has its sections as rows, and its image stands for them.
    let isCubin = artifact.kind == .cubin
    if isCubin { categories = [:] }
    if let fatbins = categories.removeValue(forKey: .fatbin), fatbins != images {
      rows.append(
        Row(
          name: "fat binary containers",
          note: "their headers, gaps, what can't be read",
          weight: fatbins - images
        )
      )
    }
    for (category, weight) in categories {
      rows.append(Row(name: Self.names[category] ?? category.rawValue, note: "", weight: weight))
    }
    // Files without a row of their own: links, empty ones with bytes in the archive.
    let unlisted = artifact.files.filter(\.sections.isEmpty).reduce(Weight.zero) { $0 + $1.weight }
    if unlisted != .zero, unlisted.shipped > .zero || unlisted.bytes > .zero {
      rows.append(Row(name: "links", note: "", weight: unlisted))
    }
    for part in artifact.structure {
      rows.append(
        Row(
          name: "archive: \(part.name)",
          note: "",
          weight: Weight(bytes: 0, archivedBytes: part.bytes.bytes)
        )
      )
    }
    self.rows = rows.sorted { ($1.weight.shipped, $0.name) < ($0.weight.shipped, $1.name) }
    total = rows.reduce(.zero) { $0.adding($1.weight.shipped) }
  }

  private static let names: [SectionRow.Category: String] = [
    .fatbin: "fat binaries", .code: "host code", .data: "host data", .linking: "dynamic linking",
    .symbols: "symbols", .debug: "debug sections", .headers: "headers of files", .padding: "between sections",
    .content: "other files",
  ]

  static func name(_ image: ImageRow) -> String {
    let architecture = image.capability?.description ?? image.architecture
    return image.kind == .group ? image.kind.label : "\(image.kind.label) \(architecture)"
  }
}

extension Weight {
  static func - (left: Weight, right: Weight) -> Weight {
    Weight(
      bytes: left.bytes.bytes - right.bytes.bytes,
      expandedBytes: left.expandedBytes.bytes - right.expandedBytes.bytes,
      archivedBytes: left.archivedBytes.map { $0.bytes - (right.archivedBytes?.bytes ?? 0) }
    )
  }
}
