public import ReleaseModel

/// What was weighed on a finished build: the figures that sizes are predicted from.
///
/// One row per family of translation units, architecture and kind. A family is what stands before `-instance` in a
/// unit's name (`mmq`, `fattn-mma`), all other units are `other`: flash attention can be left out, and a llama.cpp with
/// more instances of a template is scaled by their number, while single units say nothing more about a release.
/// Made by `ci/bench/size-model`; sizes are bytes.
public struct SizeFigures: Hashable, Sendable, Codable {
  /// The version of this structure.
  public var schemaVersion: Int
  /// The llama.cpp that was compiled: its source's digest, as a manifest has it.
  public var llamaCppDigest: String
  /// The same in words: `llama-cpp-python 0.3.36 (sdist), ggml 0.25.3`.
  public var llamaCpp: String
  /// The toolkit that compiled it.
  public var toolkit: ToolkitVersion
  /// How it was compiled and weighed, in words.
  public var conditions: String
  /// How many translation units each family has.
  public var units: [String: Int]
  /// The rows.
  public var images: [Images]
  /// What the images weigh in one xz stream.
  public var solid: Solid
  /// A slice's library without its kernels: host code and data.
  public var host: Parts
  /// The core's files.
  public var core: Parts
  /// What a wheel has besides binaries: metadata, licenses, records; and, in the core's, the Python package.
  public var wheel: Overhead
  /// What compiling costs.
  public var time: Time

  /// The images of one family, architecture and kind, all units together.
  public struct Images: Hashable, Sendable, Codable {
    /// The family of translation units.
    public var family: String
    /// The capability.
    public var capability: ComputeCapability
    /// `real` (cubins) or `virtual` (PTX).
    public var kind: Kind
    /// As the compiler made them.
    public var raw: Int64
    /// As nvcc stores them: cubins as they are, PTX as LZ4.
    public var stored: Int64
    /// That, deflated image by image, as in a wheel.
    public var deflated: Int64
    /// Each stored as LZ4; `nil` where it wasn't weighed.
    public var lz4: Int64?
    /// That, deflated.
    public var lz4Deflated: Int64?
    /// Each stored as zstd, level 19; deflate gains nothing on it.
    public var zstd: Int64?
  }

  /// Machine code or PTX.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// A cubin.
    case real
    /// PTX.
    case virtual
  }

  /// Bytes in one xz stream per raw byte, where the architectures of one unit lie side by side.
  public struct Solid: Hashable, Sendable, Codable {
    /// The first architecture of a unit, by label.
    public var alone: [String: Double]
    /// An architecture behind a lower one of the same unit: label, lower label.
    public var beside: [String: [String: Double]]
    /// PTX text.
    public var ptx: Double
    /// What a whole release needs per byte of the sample that the other figures come from.
    public var scale: Double
  }

  /// Some files in each form.
  public struct Parts: Hashable, Sendable, Codable {
    /// On disk.
    public var installed: Int64
    /// In a wheel.
    public var deflated: Int64
    /// In an xz stream.
    public var xz: Int64
  }

  /// What wheels carry besides binaries, deflated, zip headers included.
  public struct Overhead: Hashable, Sendable, Codable {
    /// The wheel with the core and the Python package.
    public var core: Int64
    /// A group's wheel.
    public var group: Int64
    /// The wheel that only requires others.
    public var meta: Int64
  }

  /// Seconds of one core of the machine that was measured.
  public struct Time: Hashable, Sendable, Codable {
    /// For each translation unit, whatever it is compiled for.
    public var perUnit: Double
    /// For each million raw bytes of cubins; the PTX of an architecture costs nothing more.
    public var perMillionBytes: Double
    /// For the core's tree.
    public var core: Double
  }

  /// Figures for tests and for what is learned.
  public init(
    llamaCppDigest: String,
    llamaCpp: String,
    toolkit: ToolkitVersion,
    conditions: String,
    units: [String: Int],
    images: [Images],
    solid: Solid,
    host: Parts,
    core: Parts,
    wheel: Overhead,
    time: Time
  ) {
    schemaVersion = 1
    self.llamaCppDigest = llamaCppDigest
    self.llamaCpp = llamaCpp
    self.toolkit = toolkit
    self.conditions = conditions
    self.units = units
    self.images = images
    self.solid = solid
    self.host = host
    self.core = core
    self.wheel = wheel
    self.time = time
  }
}
