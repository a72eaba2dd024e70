public import Reporting

/// Renders whether two releases are the same; ends in a newline.
///
/// - Throws: `EncodingError`, which no comparison causes.
public func render(_ comparison: ReleaseComparison, as format: ReportFormat) throws -> String {
  if format == .json { return try json(comparison) }
  let isMarkdown = format == .markdown
  func code(_ text: String) -> String { isMarkdown ? Markdown.code(text) : text }
  func plain(_ text: String) -> String { isMarkdown ? Markdown.text(text) : text }
  var table = Table([.text("archive"), .text("same"), .text("file inside"), .text("difference")])
  for artifact in comparison.artifacts {
    var own = [code(artifact.file), artifact.isSame ? "yes" : "no"]
    for difference in artifact.differences {
      let why = difference.why.map { "; \($0)" } ?? ""
      table.append(own + [code(difference.member), plain(difference.how + why)])
      own = ["", ""]
    }
    if artifact.differences.isEmpty { table.append(own) }
  }
  let verdict =
    comparison.isSame
    ? "both releases are the same, byte for byte"
    : comparison.binariesAreSame
      ? "the releases differ; their binaries are the same" : "the releases differ, binaries too"
  return ((isMarkdown ? table.markdownLines() : table.lines()) + ["", verdict]).joined(separator: "\n") + "\n"
}
