public import Inventory

/// How an inventory or a comparison is written.
public enum InventoryFormat: String, Sendable, CaseIterable {
  /// For a terminal.
  case table
  /// For programs; see `dist/schema/inventory.schema.json`.
  case json
  /// For a CI job's summary.
  case markdown
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
  case .markdown: ""
  }
}
