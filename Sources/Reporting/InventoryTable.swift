import Inventory
import ReleaseModel

/// An inventory for a terminal.
struct InventoryTable {
  private let inventory: Inventory
  private let limit: Int

  /// - Parameter limit: how many families, units, kernels and files of each artifact are listed.
  init(_ inventory: Inventory, limit: Int) {
    self.inventory = inventory
    self.limit = limit
  }

  var text: String {
    inventory.artifacts.map { lines(of: $0).joined(separator: "\n") + "\n" }.joined(separator: "\n")
  }

  private func lines(of artifact: Artifact) -> [String] {
    var lines = ["\(artifact.name.printable): \(artifact.kind.label), \(artifact.bytes) bytes"]
    if artifact.kind.isArchive {
      lines[0] += ", \(artifact.installedBytes) installed in \(artifact.files.count) files"
    }
    for (title, table) in InventoryTables(artifact, limit: limit, escape: { $0 }, short: 64).all {
      lines += ["", title] + table.lines(indent: 2)
    }
    if !artifact.findings.isEmpty {
      lines += [""] + artifact.findings.flatMap { Self.wrapped("\($0.severity.rawValue): \($0.message)") }
    }
    return lines
  }

  private static func wrapped(_ text: String, width: Int = 110) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.printable.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = "  "
      }
      line += (line.isEmpty || line == "  " ? "" : " ") + word
    }
    return lines + [line]
  }
}

/// The tables of an artifact, for a terminal and for Markdown.
struct InventoryTables {
  private let artifact: Artifact
  private let limit: Int
  private let escape: (String) -> String
  private let short: Int

  init(_ artifact: Artifact, limit: Int, escape: @escaping (String) -> String, short: Int) {
    self.artifact = artifact
    self.limit = limit
    self.escape = escape
    self.short = short
  }

  private var isArchive: Bool { artifact.kind.isArchive }

  /// Every table that has rows.
  var all: [(title: String, table: Table)] {
    [
      ("Where the bytes are", overview), ("Files", files), ("Kernels by family", families),
      ("Largest kernels", kernels), ("Translation units", units), ("GPUs", service),
      ("What would help", remedies),
    ].filter { !$0.1.rows.isEmpty }
  }

  private func columns(_ first: String...) -> [Table.Column] {
    first.map { Table.Column.text($0) }
      + (isArchive
        ? [.number("In the archive"), .number("%"), .number("Installed")] : [.number("Bytes"), .number("%")])
  }

  private func cells(_ weight: Weight) -> [String] {
    let share = weight.shipped.percentage(of: artifact.bytes).replacing(" %", with: "")
    return isArchive ? ["\(weight.shipped)", share, "\(weight.bytes)"] : ["\(weight.bytes)", share]
  }

  private func cut(_ text: String) -> String { escape(text.printable.cut(to: short)) }

  private func rest(_ count: Int, _ what: String, _ weight: Weight, filler: Int = 0) -> [String] {
    ["\(ByteCount(count)) other \(what)"] + Array(repeating: "", count: filler) + cells(weight)
  }

  private var overview: Table {
    let rows = InventoryRows(artifact)
    var table = Table(columns("What", "How"))
    for row in rows.rows { table.append([escape(row.name), escape(row.note)] + cells(row.weight)) }
    table.append(
      ["total", ""]
        + cells(
          Weight(bytes: artifact.installedBytes.bytes, archivedBytes: isArchive ? artifact.bytes.bytes : nil)
        )
    )
    return table
  }

  private var files: Table {
    var table = Table(columns("File", "Kind"))
    guard isArchive else { return table }
    for file in artifact.files.prefix(limit) {
      table.append(
        [cut(file.path), file.sameAs == nil ? file.kind.label : "\(file.kind.label), a copy"]
          + cells(file.weight)
      )
    }
    let others = artifact.files.dropFirst(limit)
    if !others.isEmpty {
      table.append(rest(others.count, "files", others.reduce(.zero) { $0 + $1.weight }, filler: 1))
    }
    return table
  }

  private var architectures: [String] {
    var names: [String] = []
    for image in artifact.images where image.kind == .real && !names.contains(image.architecture) {
      names.append(image.architecture)
    }
    return names
  }

  private func byArchitecture(_ cells: [KernelCell]) -> String {
    cells.count == 1
      ? cells[0].architecture
      : cells.map { "\($0.architecture): \($0.weight.shipped.short)" }.joined(separator: ", ")
  }

  private var families: Table {
    // One column is too narrow for more.
    let isFew = architectures.count <= 5
    func list(_ cells: [KernelCell]) -> [String] { isFew ? [byArchitecture(cells)] : [] }
    var table = Table(
      [.text("Family"), .number("Kernels")] + columns() + (isFew ? [.text("By architecture")] : [])
    )
    for family in artifact.families.prefix(limit) {
      table.append(
        [cut(family.name), "\(ByteCount(family.kernelCount))"] + cells(family.weight) + list(family.cells)
      )
    }
    let others = artifact.families.dropFirst(limit)
    if !others.isEmpty {
      let count = others.reduce(0) { $0 + $1.kernelCount }
      table.append(
        ["\(ByteCount(others.count)) other families", "\(ByteCount(count))"]
          + cells(others.reduce(.zero) { $0 + $1.weight })
      )
    }
    if !artifact.outsideKernels.isEmpty, !artifact.families.isEmpty {
      let sum = artifact.outsideKernels.reduce(Weight.zero) { $0 + $1.weight }
      table.append(["no kernel: names, tables, constants", ""] + cells(sum) + list(artifact.outsideKernels))
    }
    return table
  }

  private var kernels: Table {
    var table = Table(columns("Kernel"))
    for kernel in artifact.kernels.prefix(limit) { table.append([cut(kernel.name)] + cells(kernel.weight)) }
    return table
  }

  private var units: Table {
    var table = Table(columns("Unit", "Known by"))
    guard artifact.units.count > 1 else { return table }
    for unit in artifact.units.prefix(limit) {
      let name = unit.evidence == .family ? "unit \(unit.index + 1), mostly \(unit.name)" : unit.name
      table.append([cut(name), unit.evidence.rawValue] + cells(unit.weight))
    }
    let others = artifact.units.dropFirst(limit)
    if !others.isEmpty {
      table.append(rest(others.count, "units", others.reduce(.zero) { $0 + $1.weight }, filler: 1))
    }
    return table
  }

  private var service: Table {
    var table = Table([.text("How"), .text("GPUs of compute capability")])
    for way in [ServiceRow.Way.native, .jit, .none] {
      let rows = artifact.service.filter { $0.way == way }
      guard !rows.isEmpty else { continue }
      let names = rows.map { row in
        row.architecture == row.capability.label ? "\(row.capability)" : "\(row.capability)\(row.source)"
      }
      table.append([Self.ways[way] ?? "", escape(names.joined(separator: ", "))])
    }
    return table
  }

  private static let ways: [ServiceRow.Way: String] = [
    .native: "from a cubin, at once", .jit: "from PTX, compiled at the first run", .none: "not at all",
  ]

  private var remedies: Table {
    var table = Table(
      [.text("What would help")] + (isArchive ? [.number("Saved in the archive")] : []) + [
        .number(isArchive ? "Installed" : "Saved"), .text("Price"),
      ]
    )
    for remedy in artifact.remedies.prefix(max(limit, 3)) {
      let mark = remedy.isEstimate ? "about " : ""
      let archived = isArchive ? ["\(mark)\(remedy.gain)"] : []
      table.append(
        [escape(remedy.action)] + archived + ["\(mark)\(remedy.savedBytes)", escape(remedy.price)]
      )
    }
    return table
  }
}

extension ServiceRow {
  /// The architecture whose code another one takes, in parentheses.
  fileprivate var source: String {
    architecture.map { " (\(ComputeCapability(parsing: $0)?.description ?? $0))" } ?? ""
  }

  /// How GPUs run it, in words.
  var wording: String {
    let name = architecture.flatMap { ComputeCapability(parsing: $0)?.description } ?? ""
    return switch way {
    case .native: "cubin \(name)"
    case .jit: "PTX \(name), compiled at first run"
    case .none: "not at all"
    }
  }
}

extension ByteCount {
  /// The size with the unit that fits, for places where only its order counts.
  var short: String {
    let value = Double(bytes)
    return switch bytes.magnitude {
    case ..<1024: "\(bytes) B"
    case ..<1_048_576: "\((value / 1024 * 10).rounded() / 10) KiB"
    case ..<1_073_741_824: "\((value / 1_048_576 * 10).rounded() / 10) MiB"
    default: "\((value / 1_073_741_824 * 100).rounded() / 100) GiB"
    }
  }
}
