public import Inventory

/// How an inventory or a comparison is written.
public enum InventoryFormat: String, Sendable, CaseIterable {
  /// For a terminal.
  case table
  /// For programs; see `dist/schema/inventory.schema.json`.
  case json
  /// For a CI job's summary.
  case markdown
  /// For a browser: one file with everything in it.
  case html
}

/// Renders what was measured.
///
/// The result ends in a newline and holds nothing that differs between two runs on the same files.
///
/// - Parameter limit: how many families, kernels, units and files are listed; JSON has all that the inventory has.
/// - Throws: `EncodingError`, only for JSON.
public func render(_ inventory: Inventory, as format: InventoryFormat, limit: Int = 12) throws -> String {
  switch format {
  case .table: InventoryTable(inventory, limit: limit).text
  case .json: try json(inventory)
  case .markdown: Markdown.document(InventoryMarkdown(inventory, limit: limit).lines, rest: "inventory.json")
  case .html: try InventoryHTML(inventory, limit: max(limit, 200)).text()
  }
}

/// Renders what changed; see the other form.
public func render(_ comparison: Comparison, as format: InventoryFormat, limit: Int = 12) throws -> String {
  switch format {
  case .table: ComparisonTable(comparison: comparison, limit: limit).text
  case .json: try json(comparison)
  case .markdown:
    Markdown.document(ComparisonMarkdown(comparison: comparison, limit: limit).lines, rest: "the JSON")
  case .html: ComparisonHTML(comparison: comparison, limit: max(limit, 200)).text
  }
}
