/// One share of a build that several machines do together.
public struct Shard: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
  /// Which share, from 1.
  public let index: Int
  /// How many there are.
  public let count: Int

  /// The most shares that a build is split into; more has no use, as ggml-cuda is compiled as about 55 units.
  public static let most = 256

  /// Makes a share; `nil` for one that isn't among 1...`count`.
  public init?(_ index: Int, of count: Int) {
    guard (1...Self.most).contains(count), (1...count).contains(index) else { return nil }
    self.index = index
    self.count = count
  }

  /// Reads `2/3`.
  public init?(parsing text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]) else { return nil }
    self.init(index, of: count)
  }

  /// Reads the text form; a part's manifest comes from outside.
  ///
  /// - Throws: `DecodingError` for anything but `2/3`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let shard = Shard(parsing: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no shard such as 2/3")
    }
    self = shard
  }

  /// Writes the text form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// `2/3`.
  public var description: String { "\(index)/\(count)" }

  /// All shares of a build.
  public static func all(_ count: Int) -> [Shard] {
    count < 1 ? [] : (1...count).compactMap { Shard($0, of: count) }
  }

  /// Orders by index.
  public static func < (left: Shard, right: Shard) -> Bool {
    (left.index, left.count) < (right.index, right.count)
  }
}

/// What one machine of several builds.
public enum ShardSelection: Hashable, Sendable, Codable, CustomStringConvertible {
  /// A share of the kernels' translation units.
  case kernels(Shard)
  /// Everything that holds no kernels.
  case core

  /// Reads `2/3` or `core`.
  public init?(parsing text: String) {
    if text == "core" {
      self = .core
    } else if let shard = Shard(parsing: text) {
      self = .kernels(shard)
    } else {
      return nil
    }
  }

  /// Reads the text form.
  ///
  /// - Throws: `DecodingError` for any other text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let selection = ShardSelection(parsing: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "neither a shard nor core")
    }
    self = selection
  }

  /// Writes the text form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// `2/3` or `core`.
  public var description: String {
    switch self {
    case .kernels(let shard): shard.description
    case .core: "core"
    }
  }

  /// The text in a file's name: `2-of-3` or `core`.
  public var fileName: String {
    switch self {
    case .kernels(let shard): "\(shard.index)-of-\(shard.count)"
    case .core: "core"
    }
  }
}
