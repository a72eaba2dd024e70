public import ReleaseModel

/// Something that a reader should know about an artifact.
public struct Finding: Hashable, Sendable, Codable {
  /// How much it matters.
  public enum Severity: String, Hashable, Sendable, Codable, Comparable {
    /// Good to know.
    case note
    /// Costs bytes or users.
    case warning
    /// Broken, or made to do harm.
    case error

    /// Orders by how much it matters.
    public static func < (left: Severity, right: Severity) -> Bool {
      func rank(_ severity: Severity) -> Int { severity == .note ? 0 : severity == .warning ? 1 : 2 }
      return rank(left) < rank(right)
    }
  }

  /// What it is about, for programs: `duplicate`, `driver-floor`, `rpath`, `bomb` and more.
  public var id: String
  /// How much it matters.
  public var severity: Severity
  /// One line for people.
  public var message: String
  /// The bytes that it is about, if it is about bytes.
  public var bytes: ByteCount?

  /// Makes a finding.
  public init(_ id: String, _ severity: Severity, _ message: String, bytes: Int64? = nil) {
    self.id = id
    self.severity = severity
    self.message = message
    self.bytes = bytes.map { ByteCount($0) }
  }
}

/// Something that would make an artifact smaller.
public struct Remedy: Hashable, Sendable, Codable {
  /// What it is, for programs: `store-once`, `strip`, `drop-cubin`, `drop-ptx`, `recompress-zstd` and more.
  public var id: String
  /// What to do.
  public var action: String
  /// The bytes saved in the installed files.
  public var savedBytes: ByteCount
  /// The bytes saved in the archive; `nil` for a file that comes in none.
  public var savedArchivedBytes: ByteCount?
  /// Whether the bytes were computed on a sample of the file instead of on all of it.
  public var isEstimate: Bool
  /// What it costs.
  public var price: String

  /// Makes a remedy.
  public init(
    _ id: String,
    _ action: String,
    saved: Int64,
    archived: Int64?,
    isEstimate: Bool = false,
    price: String
  ) {
    self.id = id
    self.action = action
    savedBytes = ByteCount(saved)
    savedArchivedBytes = archived.map { ByteCount($0) }
    self.isEstimate = isEstimate
    self.price = price
  }

  /// The bytes saved in the file that is uploaded.
  public var gain: ByteCount { savedArchivedBytes ?? savedBytes }
}

/// How GPUs of one compute capability run an artifact's device code.
public struct ServiceRow: Hashable, Sendable, Codable {
  /// The way that code runs.
  public enum Way: String, Hashable, Sendable, Codable {
    /// From a cubin, at once.
    case native
    /// From PTX, compiled by the driver at the first run.
    case jit
    /// Not at all.
    case none
  }

  /// The GPU's capability.
  public var capability: ComputeCapability
  /// GPUs that people own.
  public var devices: String
  /// How it runs.
  public var way: Way
  /// The architecture whose code is taken; `nil` when none is.
  public var architecture: String?

  /// Makes a row.
  public init(capability: ComputeCapability, devices: String, way: Way, architecture: String?) {
    self.capability = capability
    self.devices = devices
    self.way = way
    self.architecture = architecture
  }
}
