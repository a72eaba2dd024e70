import ReleaseModel

/// The report for a terminal.
struct TableReport {
  let manifest: ReleaseManifest

  init(_ manifest: ReleaseManifest) { self.manifest = manifest }

  var text: String {
    let sections = [header, artifacts, slices, coverage, predictions, upx, diagnostics, budget]
    return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private var header: [String] {
    let width = manifest.facts.map(\.label.count).max() ?? 0
    return [manifest.title.printable]
      + manifest.facts.map { fact in
        let padding = String(repeating: " ", count: width - fact.label.count)
        return "  \(fact.label)\(padding)  \(fact.value.printable)"
      }
  }

  private var artifacts: [String] {
    var table = Table([
      .text("artifact"), .number("bytes"), .number("% of cap"), .text("architectures"), .text("driver floor"),
    ])
    for artifact in manifest.artifacts {
      table.append([
        artifact.file, "\(artifact.bytes)", manifest.share(of: artifact.bytes),
        ReleaseManifest.list(artifact.architectures), artifact.driverFloor?.description ?? "",
      ])
    }
    if manifest.artifacts.count > 1, let total = manifest.total { table.append(["all files", "\(total)"]) }
    return manifest.artifacts.isEmpty ? ["no artifacts"] : table.lines()
  }

  private var slices: [String] {
    guard !manifest.slices.isEmpty else { return [] }
    var table = Table([
      .text("slice"), .number("bytes"), .text("kernels for"), .text("kind"), .number("images"),
      .number("kernel bytes"),
    ])
    for slice in manifest.slices {
      // The slice's own cells stand only in its first row.
      var own = [slice.name, "\(slice.bytes)"]
      for kernels in slice.kernels {
        table.append(own + ["\(kernels.capability)", kernels.kind, "\(kernels.images)", "\(kernels.bytes)"])
        own = ["", ""]
      }
      if slice.kernels.isEmpty { table.append(own + ["none"]) }
    }
    return ["Slices, as read back from the finished libraries"] + table.lines(indent: 2)
  }

  private var coverage: [String] {
    guard !manifest.coverage.isEmpty else { return [] }
    var table = Table([.text("capability"), .text("GPUs"), .text("runs"), .text("slice")])
    for entry in manifest.coverage {
      table.append(["\(entry.capability)", entry.devices, entry.runs, entry.slice ?? ""])
    }
    return ["Which GPUs run it, and how"] + table.lines(indent: 2)
  }

  private var predictions: [String] {
    guard let table = manifest.predictions else { return [] }
    return ["What the plan said, and what it came to"] + table.lines(indent: 2)
  }

  private var upx: [String] {
    guard let records = manifest.upx else { return [] }
    guard !records.isEmpty else { return ["UPX: nothing to pack"] }
    var table = Table([
      .text("file"), .number("bytes"), .number("packed"), .number("in a wheel"), .number("packed"),
      .number("load time"), .text("outcome"),
    ])
    for record in records {
      table.append([
        record.file, "\(record.before)", "\(record.after)", "\(record.deflatedBefore)",
        "\(record.deflatedAfter)", record.loadTimes, record.outcome,
      ])
    }
    return ["UPX"] + table.lines(indent: 2)
  }

  private var diagnostics: [String] { manifest.diagnostics.map(\.description.printable) }

  private var budget: [String] {
    let over = manifest.overBudget
    guard !over.isEmpty else { return [] }
    var lines = over.map {
      "over the cap: '\($0.file.printable)' by \(manifest.excess(of: $0))"
    }
    let remedies = manifest.remedies.prefix(ReleaseManifest.remediesShown)
    if !remedies.isEmpty { lines.append("The cheapest ways to get under it:") }
    for (index, remedy) in remedies.enumerated() {
      let share = manifest.share(of: remedy.largestAfterwards)
      let fits = remedy.largestAfterwards > manifest.cap ? ", still over it" : ""
      lines.append("  \(index + 1). \(remedy.action.printable)")
      let bytes = remedy.largestAfterwards
      lines.append("     largest file afterwards: \(bytes) bytes (\(share) of the cap\(fits))")
      lines.append("     price: \(remedy.price.printable)")
    }
    return lines
  }
}
