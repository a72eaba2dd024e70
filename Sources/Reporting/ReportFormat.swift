import Foundation
public import ReleaseModel

/// How a report is written.
public enum ReportFormat: String, Sendable, CaseIterable {
  /// For a terminal.
  case table
  /// For programs: the manifest itself, as in `manifest.json`.
  case json
  /// For a CI job's summary or a release's notes.
  case markdown
}

/// Renders what a release holds.
///
/// The one place that knows all formats. The result ends in a newline and holds nothing that differs between two runs
/// of the same release.
///
/// - Throws: `EncodingError`, only for JSON and only for a manifest with a number that JSON can't hold.
public func render(_ manifest: ReleaseManifest, as format: ReportFormat) throws -> String {
  switch format {
  case .table: TableReport(manifest).text
  case .json: try json(manifest)
  case .markdown: Markdown.document(MarkdownReport(manifest).lines)
  }
}

/// Writes a value as the JSON of all our outputs: sorted keys, indented, slashes as they are, one newline at the end.
///
/// - Throws: `EncodingError` for numbers that JSON can't hold.
public func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
}
