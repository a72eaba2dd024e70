import Inventory
import ReleaseModel

/// An inventory as one file for a browser: it loads nothing, and without JavaScript everything but the treemap is there.
struct InventoryHTML {
  private let inventory: Inventory
  private let limit: Int

  init(_ inventory: Inventory, limit: Int) {
    self.inventory = inventory
    self.limit = limit
  }

  func text() throws -> String {
    let title =
      inventory.artifacts.count == 1 ? inventory.artifacts[0].name : "\(inventory.artifacts.count) files"
    let sections = try inventory.artifacts.enumerated().map { try section($0.element, id: "a\($0.offset)") }
    return HTML.page(
      title: "\(title): where the bytes are",
      generator: inventory.generator,
      contents + sections.joined(separator: "\n")
    )
  }

  private var contents: String {
    guard inventory.artifacts.count > 1 else { return "" }
    let rows: [[HTML.Cell]] = inventory.artifacts.enumerated().map { index, artifact in
      [
        HTML.Cell(html: "<a class=\"name\" href=\"#a\(index)\">\(HTML.text(artifact.name))</a>"),
        .text(artifact.kind.label), .number(artifact.bytes.bytes, "\(artifact.bytes)"),
        .number(artifact.bytes.bytes, artifact.bytes.percentage(of: .pypiFileLimit)),
      ]
    }
    let total: [HTML.Cell] = [
      .text("all"), .text(""), .number(inventory.bytes.bytes, "\(inventory.bytes)"), .number(0, ""),
    ]
    return """
      <h1>\(inventory.artifacts.count) files</h1>
      <p class="sub">\(inventory.bytes) bytes</p>
      \(HTML.table(["File", "Kind", "Bytes", "of PyPI's 100 MiB"], rows + [total], totals: 1))

      """
  }

  private func section(_ artifact: Artifact, id: String) throws -> String {
    var subtitle = "\(artifact.kind.label), \(artifact.bytes) bytes (\(artifact.bytes.short))"
    if artifact.kind.isArchive {
      subtitle += ", \(artifact.installedBytes) installed in \(artifact.files.count) files"
    }
    let parts = [
      "<h1>\(HTML.text(artifact.name))</h1>", "<p class=\"sub\">\(HTML.text(subtitle))</p>",
      findings(artifact), bars(artifact), try map(artifact), overview(artifact), remedies(artifact),
      families(artifact),
      kernels(artifact), units(artifact), files(artifact), service(artifact),
    ]
    return
      "<section class=\"artifact\" id=\"\(id)\">\n\(parts.filter { !$0.isEmpty }.joined(separator: "\n"))\n</section>"
  }

  private func findings(_ artifact: Artifact) -> String {
    guard !artifact.findings.isEmpty else { return "" }
    let items = artifact.findings.map {
      "<li class=\"\($0.severity.rawValue)\"><b>\($0.severity.rawValue)</b> \(HTML.text($0.message))</li>"
    }
    return "<h2>What it means</h2>\n<ul class=\"findings\">\n\(items.joined(separator: "\n"))\n</ul>"
  }

  /// Architectures against the cap, without a script.
  private func bars(_ artifact: Artifact) -> String {
    let cap = ByteCount.pypiFileLimit.bytes
    var order: [String] = []
    var sums: [String: (real: Int64, virtual: Int64, other: Int64)] = [:]
    for image in artifact.images {
      let label = image.kind == .group ? "groups" : image.capability?.description ?? image.architecture
      if sums[label] == nil { order.append(label) }
      var sum = sums[label] ?? (0, 0, 0)
      switch image.kind {
      case .real: sum.real += image.weight.shipped.bytes
      case .virtual: sum.virtual += image.weight.shipped.bytes
      default: sum.other += image.weight.shipped.bytes
      }
      sums[label] = sum
    }
    guard !order.isEmpty else { return "" }
    // To the cap where the file comes near it, else to the whole: bars of a hair's width tell nothing.
    let hasCap = artifact.bytes.bytes > cap / 4
    let scale = Double(max(hasCap ? cap : 1, artifact.bytes.bytes))
    func part(_ bytes: Int64, _ kind: String) -> String {
      guard bytes > 0 else { return "" }
      let width = (Double(bytes) / scale * 100_000).rounded() / 1000
      return "<i class=\"k-\(kind)\" style=\"width:\(width)%\"></i>"
    }
    let mark =
      !hasCap
      ? "" : "<b class=\"cap\" style=\"left:\((Double(cap) / scale * 100_000).rounded() / 1000)%\"></b>"
    func row(_ name: String, _ parts: String, _ bytes: Int64) -> String {
      let count = ByteCount(bytes)
      let over = bytes > cap ? " over" : ""
      return "<span>\(HTML.text(name))</span><span class=\"track\">\(parts)\(mark)</span>"
        + "<span class=\"n\(over)\">\(count.short), \(count.percentage(of: .pypiFileLimit))</span>"
    }
    var rows = order.map { label in
      let sum = sums[label] ?? (0, 0, 0)
      return row(
        label,
        part(sum.real, "real") + part(sum.virtual, "virtual") + part(sum.other, "other"),
        sum.real + sum.virtual + sum.other
      )
    }
    let device = sums.values.reduce(Int64(0)) { $0 + $1.real + $1.virtual + $1.other }
    rows.append(
      row("everything else", part(artifact.bytes.bytes - device, "code"), artifact.bytes.bytes - device)
    )
    let all = sums.values.reduce((Int64(0), Int64(0), Int64(0))) {
      ($0.0 + $1.real, $0.1 + $1.virtual, $0.2 + $1.other)
    }
    rows.append(
      row(
        "the whole file",
        part(all.0, "real") + part(all.1, "virtual") + part(all.2, "other")
          + part(artifact.bytes.bytes - device, "code"),
        artifact.bytes.bytes
      )
    )
    let limitLegend = hasCap ? "<span><i style=\"background:var(--over);width:3px\"></i>100 MiB</span>" : ""
    return """
      <h2>Architectures against PyPI's 100 MiB</h2>
      <div class="bars">\(rows.joined(separator: "\n"))</div>
      <p class="legend"><span><i class="k-real"></i>cubins</span><span><i class="k-virtual"></i>PTX</span>\
      <span><i class="k-code"></i>everything else</span>\(limitLegend)</p>
      """
  }

  private func map(_ artifact: Artifact) throws -> String {
    let tree = TreemapNode(artifact)
    guard tree.parts?.isEmpty == false else { return "" }
    let kinds = [
      ("real", "cubins"), ("virtual", "PTX"), ("code", "host code"), ("data", "host data, linking"),
      ("symbols", "symbols"), ("debug", "debug sections"), ("content", "other files"),
      ("other", "small parts, headers"),
    ]
    let legend = kinds.map { "<span><i class=\"k-\($0.0)\"></i>\($0.1)</span>" }.joined()
    return """
      <h2>Map</h2>
      <noscript><p class="sub">The map needs JavaScript; the tables below hold the same figures.</p></noscript>
      <div class="crumbs"></div><div class="map" hidden></div>\
      <script type="application/json">\(try HTML.json(tree))</script>
      <p class="legend">\(legend)</p>
      """
  }

  // MARK: Tables

  private func weights(_ artifact: Artifact, _ first: String...) -> [String] {
    first + (artifact.kind.isArchive ? ["In the archive", "%", "Installed"] : ["Bytes", "%"])
  }

  private func cells(_ artifact: Artifact, _ weight: Weight) -> [HTML.Cell] {
    let shipped = weight.shipped
    let share = HTML.Cell.number(
      shipped.bytes,
      shipped.percentage(of: artifact.bytes).replacing(" %", with: "")
    )
    return [.number(shipped.bytes, "\(shipped)"), share]
      + (artifact.kind.isArchive ? [.number(weight.bytes.bytes, "\(weight.bytes)")] : [])
  }

  private func overview(_ artifact: Artifact) -> String {
    let rows = InventoryRows(artifact).rows.map {
      [HTML.Cell.text($0.name), .text($0.note)] + cells(artifact, $0.weight)
    }
    let whole = Weight(
      bytes: artifact.installedBytes.bytes,
      archivedBytes: artifact.kind.isArchive ? artifact.bytes.bytes : nil
    )
    let total = [[HTML.Cell.text("total"), .text("")] + cells(artifact, whole)]
    return "<h2>Where the bytes are</h2>\n"
      + HTML.table(weights(artifact, "What", "How"), rows + total, totals: 1)
  }

  private func remedies(_ artifact: Artifact) -> String {
    guard !artifact.remedies.isEmpty else { return "" }
    let rows: [[HTML.Cell]] = artifact.remedies.map { remedy in
      let mark = remedy.isEstimate ? "about " : ""
      let archived: [HTML.Cell] =
        artifact.kind.isArchive ? [.number(remedy.gain.bytes, "\(mark)\(remedy.gain)")] : []
      return [.text(remedy.action)] + archived
        + [.number(remedy.savedBytes.bytes, "\(mark)\(remedy.savedBytes)"), .text(remedy.price)]
    }
    let titles =
      ["What"] + (artifact.kind.isArchive ? ["Saved in the archive", "Installed"] : ["Saved"]) + ["Price"]
    return "<h2>What would help</h2>\n" + HTML.table(titles, rows)
  }

  private func families(_ artifact: Artifact) -> String {
    guard !artifact.families.isEmpty else { return "" }
    let names = artifact.images.filter { $0.kind == .real }.map(\.architecture)
    let architectures = names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let columns = architectures.count <= 10 ? architectures : []
    func row(_ name: HTML.Cell, _ count: Int?, _ list: [KernelCell]) -> [HTML.Cell] {
      let sum = list.reduce(Weight.zero) { $0 + $1.weight }
      let single = columns.map { architecture in
        let bytes = list.first { $0.architecture == architecture }?.weight.shipped ?? .zero
        return HTML.Cell.number(bytes.bytes, bytes == .zero ? "" : bytes.short)
      }
      return [name, .number(Int64(count ?? 0), count.map { "\(ByteCount($0))" } ?? "")] + cells(artifact, sum)
        + single
    }
    var rows = artifact.families.prefix(limit).map { row(.name($0.name), $0.kernelCount, $0.cells) }
    let others = artifact.families.dropFirst(limit)
    if !others.isEmpty {
      let count = others.reduce(0) { $0 + $1.kernelCount }
      rows.append(
        row(.text("\(ByteCount(others.count)) other families"), count, others.flatMap(\.cells).summed)
      )
    }
    rows.append(row(.text("no kernel: names, tables, constants"), nil, artifact.outsideKernels))
    let labels = columns.map { ComputeCapability(parsing: $0)?.description ?? $0 }
    return "<h2>Kernels by family</h2>\n" + HTML.table(weights(artifact, "Family", "Kernels") + labels, rows)
  }

  private func kernels(_ artifact: Artifact) -> String {
    guard !artifact.kernels.isEmpty else { return "" }
    let rows = artifact.kernels.prefix(limit).map {
      [HTML.Cell.name($0.name), .text($0.cells.map(\.architecture).joined(separator: ", "))]
        + cells(artifact, $0.weight)
    }
    return
      "<h2>Largest kernels</h2>\n<p class=\"sub\">\(rows.count) of \(ByteCount(artifact.kernelCount))</p>\n"
      + HTML.table(weights(artifact, "Kernel", "Architectures"), rows)
  }

  private func units(_ artifact: Artifact) -> String {
    guard artifact.units.count > 1 else { return "" }
    let rows = artifact.units.prefix(limit).map { unit in
      let name = unit.evidence == .family ? "unit \(unit.index + 1), mostly \(unit.name)" : unit.name
      return [HTML.Cell.name(name), .text(unit.evidence.rawValue), .name(unit.file)]
        + cells(artifact, unit.weight)
    }
    return
      "<h2>Translation units</h2>\n<p class=\"sub\">\(rows.count) of \(ByteCount(artifact.units.count))</p>\n"
      + HTML.table(weights(artifact, "Unit", "Known by", "File"), rows)
  }

  private func files(_ artifact: Artifact) -> String {
    guard artifact.kind.isArchive else { return "" }
    let rows = artifact.files.prefix(limit).map { file in
      [HTML.Cell.name(file.path), .text(file.sameAs.map { "a copy of \($0)" } ?? file.kind.label)]
        + cells(artifact, file.weight)
    }
    return "<h2>Files</h2>\n<p class=\"sub\">\(rows.count) of \(ByteCount(artifact.files.count))</p>\n"
      + HTML.table(weights(artifact, "File", "Kind"), rows)
  }

  private func service(_ artifact: Artifact) -> String {
    guard !artifact.service.isEmpty else { return "" }
    let rows: [[HTML.Cell]] = artifact.service.map {
      [.text("\($0.capability)"), .text($0.devices), .text($0.wording)]
    }
    return "<h2>GPUs</h2>\n" + HTML.table(["Capability", "GPUs", "How it runs"], rows)
  }
}

extension [KernelCell] {
  /// The cells of several rows, one for each architecture.
  var summed: [KernelCell] {
    var sums: [String: Weight] = [:]
    for cell in self { sums[cell.architecture, default: .zero] += cell.weight }
    return sums.sorted { $0.key < $1.key }.map { KernelCell(architecture: $0.key, weight: $0.value) }
  }
}
