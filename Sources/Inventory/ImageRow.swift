public import ReleaseModel

/// What an image in a fat binary holds.
public enum ImageKind: String, Hashable, Sendable, Codable, CaseIterable {
  /// Machine code, a cubin.
  case real
  /// PTX, which the driver compiles.
  case virtual
  /// Intermediate code for link-time optimisation.
  case intermediate
  /// Several images in one stream (CUDA 13.5's `--concat`).
  case group
  /// Something that this version doesn't know.
  case unknown

  /// The kind as NVIDIA's tools call it.
  public var label: String {
    switch self {
    case .real: "cubin"
    case .virtual: "PTX"
    case .intermediate: "LTO-IR"
    case .group: "concat group"
    case .unknown: "unknown"
    }
  }
}

/// How an image is stored.
public enum ImageCompression: String, Hashable, Sendable, Codable, CaseIterable {
  /// As it is.
  case none
  /// One LZ4 block.
  case lz4
  /// One zstd frame.
  case zstd
  /// In some other way.
  case unknown
}

/// All images of one architecture, kind and compression.
public struct ImageRow: Hashable, Sendable, Codable {
  /// What makes images one row.
  public struct Key: Hashable, Sendable, Comparable {
    /// The architecture as NVIDIA's tools name it, `75`, `90a`; `-` for a group.
    public var architecture: String
    /// What they hold.
    public var kind: ImageKind
    /// How they are stored.
    public var compression: ImageCompression

    /// Makes a key.
    public init(architecture: String, kind: ImageKind, compression: ImageCompression) {
      self.architecture = architecture
      self.kind = kind
      self.compression = compression
    }

    /// Orders by architecture's number, kind, compression.
    public static func < (left: Key, right: Key) -> Bool {
      func rank(_ key: Key) -> (Int, String, Int, Int) {
        (
          Int(key.architecture.prefix { $0.isNumber }) ?? 0, key.architecture,
          ImageKind.allCases.firstIndex(of: key.kind) ?? 0,
          ImageCompression.allCases.firstIndex(of: key.compression) ?? 0
        )
      }
      return rank(left) < rank(right)
    }
  }

  /// The architecture as NVIDIA's tools name it, `75`, `90a`; `-` for a group.
  public var architecture: String
  /// What they hold.
  public var kind: ImageKind
  /// How they are stored.
  public var compression: ImageCompression
  /// How many.
  public var count: Int
  /// What they weigh, their entry headers and padding included.
  public var weight: Weight
  /// Their bytes as stored, without entry headers, and without padding if they are compressed.
  public var payloadBytes: ByteCount

  /// Makes a row.
  public init(_ key: Key, count: Int, weight: Weight, payloadBytes: Int64) {
    architecture = key.architecture
    kind = key.kind
    compression = key.compression
    self.count = count
    self.weight = weight
    self.payloadBytes = ByteCount(payloadBytes)
  }

  /// What makes them one row.
  public var key: Key { Key(architecture: architecture, kind: kind, compression: compression) }
  /// The capability that they are for; `nil` for groups and numbers that are none.
  public var capability: ComputeCapability? { ComputeCapability(parsing: architecture) }
}
