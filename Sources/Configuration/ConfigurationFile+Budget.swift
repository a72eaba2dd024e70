import Inventory
import ReleaseModel

/// The keys of the table `[budget]`.
enum BudgetKey: String, CaseIterable {
  case maxGrowth = "max-growth"
  case maxArchitectureGrowth = "max-architecture-growth"
  case maxSize = "max-size"
  case artifacts

  /// Words that people write instead and that no edit distance finds.
  static let synonyms = [
    "growth": "max-growth", "architecture-growth": "max-architecture-growth",
    "per-architecture": "max-architecture-growth",
    "size": "max-size", "maximum": "max-size", "limit": "max-size", "cap": "max-size", "files": "artifacts",
  ]
}

extension SizeBudget {
  /// Reads the budgets that `compare` holds sizes against.
  init(reading reader: TableReader) throws(ConfigurationError) {
    try reader.check(known: BudgetKey.allCases.map(\.rawValue), synonyms: BudgetKey.synonyms)
    self.init()
    growth = try Self.growth(reader, .maxGrowth)
    architectureGrowth = try Self.growth(reader, .maxArchitectureGrowth)
    maximum = try Self.size(reader, BudgetKey.maxSize.rawValue)
    guard
      let inner = try reader.inner(
        BudgetKey.artifacts.rawValue,
        "a table of sizes such as llcuda_core = \"20MiB\""
      )
    else { return }
    for name in inner.table.keys.sorted() { artifacts[name] = try Self.size(inner, name) }
  }

  private static func growth(_ reader: TableReader, _ key: BudgetKey) throws(ConfigurationError) -> Growth? {
    let key = key.rawValue
    switch reader.table[key] {
    case nil: return nil
    case .integer(let bytes)? where bytes >= 0: return .bytes(ByteCount(bytes))
    case .integer(let bytes)?:
      throw reader.wrongValue(key, "\(bytes)", "write a growth such as \"2%\" or \"200KiB\"")
    case .string(let text)?:
      guard let growth = Growth(parsing: text) else {
        throw reader.wrongValue(key, text, "write a growth such as \"2%\" or \"200KiB\"")
      }
      return growth
    case .some(let node): throw reader.wrongType(key, "a growth such as \"2%\" or \"200KiB\"", node)
    }
  }

  private static func size(_ reader: TableReader, _ key: String) throws(ConfigurationError) -> ByteCount? {
    let expected = "a size such as \"100MiB\" or 104857600"
    switch reader.table[key] {
    case nil: return nil
    case .integer(let bytes)? where bytes > 0: return ByteCount(bytes)
    case .integer(let bytes)?:
      throw reader.wrongValue(key, "\(bytes)", "a size is a positive number of bytes")
    case .string(let text)?:
      guard let size = ByteCount(parsing: text), size > .zero else {
        throw reader.wrongValue(key, text, "write \(expected)")
      }
      return size
    case .some(let node): throw reader.wrongType(key, expected, node)
    }
  }
}
