public import ReleaseModel

/// How much something may grow: by a part of itself, or by a number of bytes.
public enum Growth: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Hundredths of a percent of the old size: 200 for 2 %.
  case hundredths(Int64)
  /// Bytes.
  case bytes(ByteCount)

  /// Reads `2%`, `0.5 %`, `200KiB`, `0`.
  ///
  /// - Returns: `nil` when the text is neither a percentage up to 1000 with at most two decimals, nor a size.
  public init?(parsing text: String) {
    guard let match = text.wholeMatch(of: #/\ *([0-9]{1,4})(?:\.([0-9]{1,2}))?\ *%\ */#) else {
      guard let bytes = ByteCount(parsing: text) else { return nil }
      self = .bytes(bytes)
      return
    }
    let decimals = (match.2.map(String.init) ?? "").padded(to: 2)
    guard let whole = Int64(match.1), let part = Int64(decimals), whole <= 1000 else { return nil }
    self = .hundredths(whole * 100 + part)
  }

  /// The most bytes that something of `old` bytes may have.
  public func limit(from old: ByteCount) -> ByteCount {
    switch self {
    case .bytes(let bytes): return old.adding(bytes)
    case .hundredths(let hundredths):
      // In whole numbers and rounded down, so that 2 % of 100 bytes is 102 and not 103.
      let (high, low) = old.bytes.multipliedFullWidth(by: hundredths)
      let (growth, _) = Int64(10_000).dividingFullWidth((min(high, 4_999), low))
      return old.adding(ByteCount(growth))
    }
  }

  /// The text that it is read from.
  public var description: String {
    switch self {
    case .bytes(let bytes): return "\(bytes) bytes"
    case .hundredths(let hundredths):
      let part = hundredths % 100
      let decimals = part == 0 ? "" : part % 10 == 0 ? ".\(part / 10)" : part < 10 ? ".0\(part)" : ".\(part)"
      return "\(hundredths / 100)\(decimals) %"
    }
  }
}

extension String {
  fileprivate func padded(to count: Int) -> String {
    self + String(repeating: "0", count: max(0, count - self.count))
  }
}

/// What is allowed: bytes of an artifact, growth of an artifact and of an architecture in it.
public struct SizeBudget: Hashable, Sendable, Codable {
  /// How much each artifact may grow.
  public var growth: Growth?
  /// How much the images of one architecture, cubins and PTX apart, may grow; one that is new counts as grown by all it has.
  public var architectureGrowth: Growth?
  /// The most bytes of an artifact.
  public var maximum: ByteCount?
  /// The most bytes of single artifacts, by their names or names up to the version.
  public var artifacts: [String: ByteCount]

  /// Makes a budget that allows everything.
  public init(
    growth: Growth? = nil,
    architectureGrowth: Growth? = nil,
    maximum: ByteCount? = nil,
    artifacts: [String: ByteCount] = [:]
  ) {
    self.growth = growth
    self.architectureGrowth = architectureGrowth
    self.maximum = maximum
    self.artifacts = artifacts
  }

  /// Whether nothing is forbidden.
  public var isEmpty: Bool {
    growth == nil && architectureGrowth == nil && maximum == nil && artifacts.isEmpty
  }

  /// Holds a comparison against the budget; one verdict for each thing that is limited.
  func verdicts(on comparison: Comparison) -> [BudgetVerdict] {
    var verdicts: [BudgetVerdict] = []
    for artifact in comparison.artifacts where artifact.bytes.new > .zero {
      if let growth, artifact.bytes.old > .zero {
        verdicts.append(
          BudgetVerdict(
            artifact.name,
            artifact.bytes,
            limit: growth.limit(from: artifact.bytes.old),
            "growth of \(growth)"
          )
        )
      }
      if let maximum {
        verdicts.append(BudgetVerdict(artifact.name, artifact.bytes, limit: maximum, "maximum"))
      }
      for (name, limit) in artifacts.sorted(by: { $0.key < $1.key })
      where name == artifact.name || name == ArtifactName.stem(artifact.name)
        || name + ".whl" == ArtifactName.stem(artifact.name)
      {
        verdicts.append(BudgetVerdict(artifact.name, artifact.bytes, limit: limit, "maximum of '\(name)'"))
      }
      if let architectureGrowth, artifact.bytes.old > .zero {
        for image in artifact.images {
          verdicts.append(
            BudgetVerdict(
              "\(artifact.name): \(image.name)",
              image.bytes,
              limit: architectureGrowth.limit(from: image.bytes.old),
              "growth of \(architectureGrowth) for an architecture"
            )
          )
        }
      }
    }
    return verdicts
  }
}

/// What came of one budget.
public struct BudgetVerdict: Hashable, Sendable, Codable {
  /// What is limited.
  public var subject: String
  /// Its size before and after.
  public var bytes: Change
  /// The most bytes that it may have.
  public var limit: ByteCount
  /// The rule, in words.
  public var rule: String
  /// Whether it has no more.
  public var isKept: Bool

  init(_ subject: String, _ bytes: Change, limit: ByteCount, _ rule: String) {
    self.subject = subject
    self.bytes = bytes
    self.limit = limit
    self.rule = rule
    isKept = bytes.new <= limit
  }
}
