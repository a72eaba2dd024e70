import ReleaseModel

/// The report for a CI job's summary; what matters most stands first, since the end may be cut.
struct MarkdownReport {
  let manifest: ReleaseManifest

  init(_ manifest: ReleaseManifest) { self.manifest = manifest }

  var lines: [String] {
    ["## \(Markdown.text(manifest.title))", ""] + budget + artifacts + facts + diagnostics + coverage + slices
      + predictions + upx
      + checksums
  }

  private var budget: [String] {
    let over = manifest.overBudget
    guard !over.isEmpty else { return [] }
    var lines = over.map {
      "- **Over the cap:** \(Markdown.code($0.file)) by \(manifest.excess(of: $0))"
    }
    let remedies = manifest.remedies.prefix(ReleaseManifest.remediesShown)
    guard !remedies.isEmpty else { return lines + [""] }
    var table = Table([
      .text("Cheapest ways to get under it"), .number("Largest file afterwards"), .number("% of cap"),
      .text("Price"),
    ])
    for remedy in remedies {
      table.append([
        Markdown.code(remedy.action), "\(remedy.largestAfterwards)",
        manifest.share(of: remedy.largestAfterwards), Markdown.text(remedy.price),
      ])
    }
    lines += [""] + table.markdownLines() + [""]
    return lines
  }

  private var artifacts: [String] {
    guard !manifest.artifacts.isEmpty else { return ["No artifacts.", ""] }
    var table = Table([
      .text("Artifact"), .number("Bytes"), .number("% of cap"), .text("Architectures"), .text("Driver floor"),
    ])
    for artifact in manifest.artifacts {
      table.append([
        Markdown.code(artifact.file), "\(artifact.bytes)", manifest.share(of: artifact.bytes),
        ReleaseManifest.list(artifact.architectures), Markdown.text(artifact.driverFloor?.description ?? ""),
      ])
    }
    if manifest.artifacts.count > 1, let total = manifest.total { table.append(["all files", "\(total)"]) }
    return table.markdownLines() + [""]
  }

  private var facts: [String] {
    manifest.facts.map { "- \(Markdown.text($0.label)): \(Markdown.text($0.value))" } + [""]
  }

  private var diagnostics: [String] {
    let lines = manifest.diagnostics.map { "- **\($0.severity.rawValue):** \(Markdown.text($0.message))" }
    return lines.isEmpty ? [] : lines + [""]
  }

  private var coverage: [String] {
    guard !manifest.coverage.isEmpty else { return [] }
    var table = Table([.text("Capability"), .text("GPUs"), .text("Runs"), .text("Slice")])
    for entry in manifest.coverage {
      table.append([
        "\(entry.capability)", Markdown.text(entry.devices), Markdown.text(entry.runs),
        Markdown.code(entry.slice ?? ""),
      ])
    }
    return folded("Which GPUs run it, and how", table)
  }

  private var slices: [String] {
    guard !manifest.slices.isEmpty else { return [] }
    var table = Table([
      .text("Slice"), .number("Bytes"), .text("Kernels for"), .text("Kind"), .number("Images"),
      .number("Kernel bytes"),
    ])
    for slice in manifest.slices {
      var own = [Markdown.code(slice.name), "\(slice.bytes)"]
      for kernels in slice.kernels {
        let kind = Markdown.text(kernels.kind)
        table.append(own + ["\(kernels.capability)", kind, "\(kernels.images)", "\(kernels.bytes)"])
        own = ["", ""]
      }
      if slice.kernels.isEmpty { table.append(own + ["none"]) }
    }
    return folded("Slices, as read back from the finished libraries", table)
  }

  private var predictions: [String] {
    guard let table = manifest.predictions else { return [] }
    var escaped = Table(table.columns)
    for row in table.rows { escaped.append([Markdown.code(row[0])] + row.dropFirst().map(Markdown.text)) }
    return folded("What the plan said, and what it came to", escaped)
  }

  private var upx: [String] {
    guard let records = manifest.upx, !records.isEmpty else { return [] }
    var table = Table([
      .text("File"), .number("Bytes"), .number("Packed"), .number("In a wheel"), .number("Packed"),
      .number("Load time"), .text("Outcome"),
    ])
    for record in records {
      table.append([
        Markdown.code(record.file), "\(record.before)", "\(record.after)", "\(record.deflatedBefore)",
        "\(record.deflatedAfter)", Markdown.text(record.loadTimes), Markdown.text(record.outcome),
      ])
    }
    return folded("UPX", table)
  }

  private var checksums: [String] {
    guard !manifest.artifacts.isEmpty else { return [] }
    var table = Table([.text("Artifact"), .text("SHA-256"), .number("Bytes unpacked")])
    for artifact in manifest.artifacts {
      table.append([
        Markdown.code(artifact.file), Markdown.code(artifact.sha256), "\(artifact.installedBytes)",
      ])
    }
    return folded("Checksums", table)
  }

  /// A table that a reader opens; the blank line lets GitHub see the table inside the HTML.
  private func folded(_ title: String, _ table: Table) -> [String] {
    ["<details><summary>\(Markdown.text(title))</summary>", ""] + table.markdownLines() + [
      "", "</details>", "",
    ]
  }
}
