public import Planning
public import ReleaseModel
import SizeModel

/// Renders a plan.
///
/// JSON is the plan itself, which `--plan` executes; see `PlanDocument` for its frame.
public func render(plan: PlannedRelease, digest: String, isMarkdown: Bool) -> String {
  let report = PlanReport(plan: plan, digest: digest)
  return isMarkdown ? report.markdown : report.table
}

/// Renders the ways out as a table.
public func render(waysOut rows: [WayOut], cap: ByteCount, title: String, isMarkdown: Bool) -> String {
  var table = Table([
    .text("way out"), .number("largest file"), .number("% of 100 MiB"), .number("files"),
    .number("download, one GPU"), .text("first run"), .text("driver"), .text("offline"), .text("PyPI"),
    .text("basis"), .text("remark"),
  ])
  for row in rows {
    let cells = [
      row.name, "\(row.largest)", row.largest.percentage(of: .pypiFileLimit), "\(row.files)",
      "\(row.download)",
      row.firstRun, row.driver, row.isOffline ? "yes" : "no", row.pypi, row.basis, row.remark,
    ]
    table.append(isMarkdown ? cells.map(Markdown.text) : cells)
  }
  guard isMarkdown else {
    return ([title] + table.lines(width: 200, indent: 2)).joined(separator: "\n") + "\n"
  }
  return ([Markdown.text(title), ""] + table.markdownLines()).joined(separator: "\n") + "\n"
}

/// A plan for a terminal and as Markdown.
struct PlanReport {
  let plan: PlannedRelease
  let digest: String

  var table: String {
    var sections: [[String]] = [header]
    sections.append(["What is written"] + files.lines(indent: 2))
    sections.append(["Layouts"] + layouts.lines(indent: 2))
    sections.append(["Which GPUs run it, and how"] + coverage.lines(width: 120, indent: 2))
    sections.append(lines.map { "  \($0)" }.prependedIfAny("Why"))
    sections.append(proposalLines.map { "  \($0)" }.prependedIfAny("What would help"))
    sections.append(plan.plan.diagnostics.map(\.description))
    return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  var markdown: String {
    var out = ["## Plan: \(Markdown.text("\(plan.plan.compileSet)"))", ""]
    out += facts.map { "- \(Markdown.text($0.0)): \(Markdown.text($0.1))" } + [""]
    for table in [files, layouts, coverage] { out += escaped(table).markdownLines() + [""] }
    out += (lines + proposalLines + plan.plan.diagnostics.map(\.description)).map { "- \(Markdown.text($0))" }
    return out.joined(separator: "\n") + "\n"
  }

  private func escaped(_ table: Table) -> Table {
    var copy = Table(table.columns)
    for row in table.rows { copy.append(row.map(Markdown.text)) }
    return copy
  }

  private var header: [String] {
    let width = facts.map(\.0.count).max() ?? 0
    return ["Plan"]
      + facts.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.count))  \($0.1.printable)" }
  }

  private var facts: [(String, String)] {
    let effort = plan.effort
    let estimates = plan.forecast.estimates
    return [
      ("architectures", "\(plan.plan.compileSet)"),
      ("CUDA toolkit", "\(plan.plan.toolkit.version)"),
      ("layout", plan.layout.rawValue + (plan.shortfall == nil ? "" : ", which does not fit")),
      ("cap per file", "\(plan.spec.cap) bytes (\(plan.spec.cap.mebibytes))"),
      (
        "sizes",
        estimates.isEmpty
          ? "predicted, within 3 %" : "estimated, within 15 %: \(estimates.joined(separator: "; "))"
      ),
      ("measured on", plan.basis),
      (
        "time",
        "about \(Self.duration(effort.seconds)) with \(effort.jobs) \(effort.jobs == 1 ? "job" : "jobs") (\(Self.duration(effort.coreSeconds)) of one core)"
      ),
      ("disk", "\(effort.disk.mebibytes) while it builds"),
      ("digest", digest),
    ]
  }

  static func duration(_ seconds: Double) -> String {
    let minutes = Int((seconds / 60).rounded(.up))
    return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }

  private var files: Table {
    var table = Table([
      .text("file"), .number("bytes"), .number("% of cap"), .number("installed"), .text("architectures"),
      .text("driver floor"),
    ])
    for file in plan.forecast.files {
      let name = [file.group ?? (file.role == .meta ? "the others, required" : "core"), file.kind.rawValue]
      table.append([
        name.joined(separator: ", "), "\(file.weight.packed)",
        file.kind == .asset ? "" : file.weight.packed.percentage(of: plan.spec.cap),
        "\(file.weight.installed)", file.architectures.map(\.description).joined(separator: ", "),
        file.driverFloor?.description ?? "",
      ])
    }
    if plan.forecast.files.count > 1 { table.append(["all files", "\(plan.forecast.total)"]) }
    return table
  }

  private var layouts: Table {
    var table = Table([
      .text("layout"), .number("wheels"), .number("largest file"), .number("% of cap"), .number("all files"),
      .text("first use"),
    ])
    for forecast in plan.forecasts {
      let unpack = "unpacks for up to \(plan.effort.unpackSeconds) s"
      let firstUse =
        switch forecast.layout {
        case .single, .split, .auto: ""
        case .packed: unpack
        case .thin: "fetches its kernels, \(unpack)"
        }
      table.append([
        forecast.layout.rawValue + (forecast.layout == plan.layout ? " *" : ""), "\(forecast.wheels)",
        "\(forecast.largest)", forecast.largest.percentage(of: plan.spec.cap), "\(forecast.total)", firstUse,
      ])
    }
    return table
  }

  private var coverage: Table {
    var table = Table([
      .text("capability"), .text("GPUs"), .text("runs"), .text("first run"), .text("slice"), .text("group"),
      .number("download"),
    ])
    for row in plan.coverage {
      let runs =
        switch row.service {
        case .exactCubin: "native"
        case .olderCubin: "native, \(row.code?.description ?? "")'s code"
        case .ptx: "JIT from \(row.code?.description ?? "")'s PTX"
        case nil: "not at all: CPU"
        }
      let wait = row.firstRunSeconds.map { "compiles about \(Int($0.rounded())) s" } ?? ""
      let isSplit = plan.layout == .split || plan.layout == .thin
      table.append([
        "\(row.capability)", row.devices, runs, wait, isSplit ? row.slice ?? "" : "",
        isSplit ? row.group ?? "" : "",
        row.service == nil ? "" : row.downloads[plan.layout.rawValue].map { "\($0)" } ?? "",
      ])
    }
    return table
  }

  private var lines: [String] { plan.reasons.map(\.description) }

  private var proposalLines: [String] {
    plan.proposals.map { proposal in
      let fit = proposal.fits ? "fits" : "still too large"
      let saved = proposal.saved.bytes > 0 ? ", \(proposal.saved.mebibytes) less in all" : ""
      return
        "\(proposal.action): \(proposal.layout.rawValue), largest file \(proposal.largest.mebibytes), \(fit)\(saved); \(proposal.price)"
    }
  }
}

extension [String] {
  fileprivate func prependedIfAny(_ title: String) -> [String] { isEmpty ? [] : [title] + self }
}
