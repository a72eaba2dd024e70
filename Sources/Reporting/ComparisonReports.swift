import Inventory
import ReleaseModel

/// A comparison as tables: for a terminal, for Markdown and, cell by cell, for a browser.
struct ComparisonTables {
  private let comparison: Comparison
  private let limit: Int
  private let escape: (String) -> String
  private let short: Int

  init(_ comparison: Comparison, limit: Int, escape: @escaping (String) -> String, short: Int) {
    self.comparison = comparison
    self.limit = limit
    self.escape = escape
    self.short = short
  }

  /// The size of every artifact, before and after.
  var artifacts: Table {
    var table = Table([.text("File"), .number("Before"), .number("After"), .number("Change"), .number("%")])
    for artifact in comparison.artifacts { table.append([cut(artifact.name)] + cells(artifact.bytes)) }
    if comparison.artifacts.count > 1 {
      let old = comparison.artifacts.reduce(ByteCount.zero) { $0.adding($1.bytes.old) }
      let new = comparison.artifacts.reduce(ByteCount.zero) { $0.adding($1.bytes.new) }
      table.append(["all files"] + cells(Change(old: old, new: new)))
    }
    return table
  }

  /// What came of the budgets: those that are broken first.
  var verdicts: Table {
    var table = Table([.text("Budget"), .text("Rule"), .number("Bytes"), .number("Limit"), .text("Kept")])
    for verdict in comparison.verdicts.filter({ !$0.isKept }) + comparison.verdicts.filter(\.isKept) {
      let over = verdict.bytes.new - verdict.limit
      table.append([
        cut(verdict.subject), escape(verdict.rule), "\(verdict.bytes.new)", "\(verdict.limit)",
        verdict.isKept ? "yes" : "no, by \(over) bytes",
      ])
    }
    return table
  }

  /// The tables of one artifact.
  func tables(of artifact: ArtifactChange) -> [(title: String, table: Table)] {
    [
      ("Device code", rows("Images", artifact.images)), ("Everything else", rows("What", artifact.rest)),
      ("Kernel families that changed", rows("Family", artifact.families)),
      ("Kernels that changed", rows("Kernel", artifact.kernels)),
      ("Files that changed", rows("File", artifact.files)),
    ].filter { !$0.1.rows.isEmpty }
  }

  /// Growth from the top, loss from the bottom, as many of each.
  private func rows(_ title: String, _ changes: [RowChange]) -> Table {
    var table = Table([.text(title), .number("Before"), .number("After"), .number("Change"), .number("%")])
    let grown = changes.filter { $0.bytes.difference >= .zero }
    let shrunk = Array(changes.filter { $0.bytes.difference < .zero }.reversed())
    for change in grown.prefix(limit) + shrunk.prefix(limit) {
      table.append([cut(change.name)] + cells(change.bytes))
    }
    let others = Array(grown.dropFirst(limit)) + shrunk.dropFirst(limit)
    if !others.isEmpty {
      let old = others.reduce(ByteCount.zero) { $0.adding($1.bytes.old) }
      let new = others.reduce(ByteCount.zero) { $0.adding($1.bytes.new) }
      table.append(["\(ByteCount(others.count)) others"] + cells(Change(old: old, new: new)))
    }
    return table
  }

  private func cells(_ change: Change) -> [String] {
    ["\(change.old)", "\(change.new)", change.difference.signed, change.percentage]
  }

  private func cut(_ text: String) -> String { escape(text.printable.cut(to: short)) }
}

extension Change {
  /// The growth in percent of what was: `+2.4`, `new`, `gone`.
  var percentage: String {
    if old == .zero { return new == .zero ? "0.0" : "new" }
    if new == .zero { return "gone" }
    let tenths = (Double(difference.bytes) / Double(old.bytes) * 1000).rounded() / 10
    return (tenths > 0 ? "+" : "") + "\(tenths)"
  }
}

extension ByteCount {
  /// The number with its sign.
  var signed: String { bytes > 0 ? "+\(self)" : "\(self)" }
}

/// A comparison for a terminal.
struct ComparisonTable {
  let comparison: Comparison
  let limit: Int

  var text: String {
    let tables = ComparisonTables(comparison, limit: limit, escape: { $0 }, short: 70)
    var lines = tables.artifacts.lines()
    if !comparison.verdicts.isEmpty { lines += ["", "Budgets"] + tables.verdicts.lines(indent: 2) }
    for artifact in comparison.artifacts {
      let all = tables.tables(of: artifact)
      if all.isEmpty { continue }
      lines += ["", artifact.name.printable]
      for (title, table) in all { lines += ["", "  \(title)"] + table.lines(indent: 4) }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// A comparison for a CI job's summary.
struct ComparisonMarkdown {
  let comparison: Comparison
  let limit: Int

  var lines: [String] {
    let tables = ComparisonTables(comparison, limit: limit, escape: Markdown.text, short: 160)
    var lines = ["## What changed in size", ""]
    for verdict in comparison.verdicts where !verdict.isKept {
      lines.append(
        "- **Over budget:** \(Markdown.text(verdict.subject)) has \(verdict.bytes.new) bytes, "
          + "\(verdict.bytes.new - verdict.limit) over the \(Markdown.text(verdict.rule))"
      )
    }
    if comparison.isOverBudget { lines.append("") }
    lines += tables.artifacts.markdownLines() + [""]
    if !comparison.verdicts.isEmpty { lines += folded("Budgets", tables.verdicts) }
    for artifact in comparison.artifacts {
      let all = tables.tables(of: artifact)
      if !all.isEmpty { lines += ["### \(Markdown.code(artifact.name))", ""] }
      for (title, table) in all { lines += folded(title, table) }
    }
    return lines
  }

  private func folded(_ title: String, _ table: Table) -> [String] {
    ["<details><summary>\(title)</summary>", ""] + table.markdownLines() + ["", "</details>", ""]
  }
}

/// A comparison as one file for a browser.
struct ComparisonHTML {
  let comparison: Comparison
  let limit: Int

  var text: String {
    let tables = ComparisonTables(comparison, limit: limit, escape: { $0 }, short: 400)
    var parts = ["<h1>What changed in size</h1>"]
    let broken = comparison.verdicts.filter { !$0.isKept }.map {
      "<li class=\"error\"><b>over budget</b> \(HTML.text($0.subject)) has \($0.bytes.new) bytes, "
        + "\($0.bytes.new - $0.limit) over the \(HTML.text($0.rule))</li>"
    }
    if !broken.isEmpty { parts.append("<ul class=\"findings\">\(broken.joined())</ul>") }
    parts.append(html(tables.artifacts))
    if !comparison.verdicts.isEmpty { parts += ["<h2>Budgets</h2>", html(tables.verdicts)] }
    for artifact in comparison.artifacts {
      let all = tables.tables(of: artifact)
      guard !all.isEmpty else { continue }
      parts.append("<section class=\"artifact\"><h1>\(HTML.text(artifact.name))</h1>")
      for (title, table) in all { parts += ["<h2>\(title)</h2>", html(table)] }
      parts.append("</section>")
    }
    return HTML.page(title: "What changed in size", parts.joined(separator: "\n"))
  }

  private func html(_ table: Table) -> String {
    let rows = table.rows.map { row in
      zip(table.columns, row).map { column, cell in
        guard column.isNumber else { return HTML.Cell.name(cell) }
        let plain = cell.replacing(",", with: "").replacing("+", with: "")
        return .number(Int64(plain) ?? Int64((Double(plain) ?? 0) * 10), cell)
      }
    }
    return HTML.table(table.columns.map(\.title), rows)
  }
}
