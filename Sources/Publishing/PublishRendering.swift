public import Reporting

/// Renders what was sent, or would be; ends in a newline.
///
/// - Throws: `EncodingError`, which no report causes.
public func render(_ report: PublishReport, as format: ReportFormat) throws -> String {
  if format == .json { return try json(report) }
  var table = Table([.text("place"), .text("file"), .number("bytes"), .text("")])
  for row in report.rows {
    let action =
      switch row.action {
      case .sent: "sent"
      case .new: "would be sent"
      case .present: "is there"
      }
    table.append(
      format == .markdown
        ? [Markdown.text(row.place), Markdown.code(row.file), "\(row.bytes)", action]
        : [row.place, row.file, "\(row.bytes)", action]
    )
  }
  let lines = format == .markdown ? table.markdownLines() : table.lines()
  let verdict = report.dryRun ? ["", "nothing was sent (--dry-run)"] : []
  return (lines + verdict).joined(separator: "\n") + "\n"
}
