import Inventory
import ReleaseModel

/// An inventory for a CI job's summary; what matters most stands first, since the end may be cut.
struct InventoryMarkdown {
  private let inventory: Inventory
  private let limit: Int

  init(_ inventory: Inventory, limit: Int) {
    self.inventory = inventory
    self.limit = limit
  }

  var lines: [String] {
    var lines = ["## Where the bytes are", ""]
    if inventory.artifacts.count > 1 {
      var table = Table([.text("File"), .text("Kind"), .number("Bytes"), .number("of 100 MiB")])
      for artifact in inventory.artifacts {
        table.append([
          Markdown.code(artifact.name), artifact.kind.label, "\(artifact.bytes)",
          artifact.bytes.percentage(of: .pypiFileLimit),
        ])
      }
      table.append(["all files", "", "\(inventory.bytes)"])
      lines += table.markdownLines() + [""]
    }
    return lines + inventory.artifacts.flatMap(self.lines)
  }

  private func lines(of artifact: Artifact) -> [String] {
    var lines = ["### \(Markdown.code(artifact.name))", ""]
    var facts = "\(artifact.kind.label), \(artifact.bytes) bytes"
    if artifact.kind.isArchive {
      facts += ", \(artifact.installedBytes) installed in \(artifact.files.count) files"
    }
    lines += [facts, ""]
    lines += artifact.findings.map { "- **\($0.severity.rawValue):** \(Markdown.text($0.message))" }
    if !artifact.findings.isEmpty { lines.append("") }
    let open: Set = ["Where the bytes are", "What would help"]
    for (title, table) in InventoryTables(artifact, limit: limit, escape: Markdown.text, short: 160).all {
      if open.contains(title) {
        lines += ["#### \(title)", ""] + table.markdownLines() + [""]
      } else {
        lines +=
          ["<details><summary>\(title)</summary>", ""] + table.markdownLines() + ["", "</details>", ""]
      }
    }
    return lines
  }
}
