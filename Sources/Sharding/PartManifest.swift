public import Planning
public import ReleaseModel

/// What one of several machines built: `part.json`, beside the files named by their SHA-256 in `files/`.
public struct PartManifest: Hashable, Sendable, Codable {
  /// The version of this format; a reader refuses higher ones.
  public static let currentSchema = 1

  /// One file of a part.
  public struct File: Hashable, Sendable, Codable {
    /// What a file is for.
    public enum Role: String, Hashable, Sendable, Codable {
      /// A translation unit's object.
      case object
      /// A program of the core.
      case executable
      /// A library that programs link.
      case sharedLibrary
      /// A library that is opened at run time.
      case module
    }

    /// An object's path in the kernels' tree, or the one name under which a file of the core ships.
    public var name: String
    /// What it is for.
    public var role: Role
    /// Its SHA-256 in hexadecimal, and its name in `files/`.
    public var sha256: String
    /// Its size.
    public var bytes: ByteCount
    /// Seconds that it took to compile, where that was measured in this build.
    public var seconds: Double?

    /// Makes the value.
    public init(name: String, role: Role, sha256: String, bytes: ByteCount, seconds: Double? = nil) {
      self.name = name
      self.role = role
      self.sha256 = sha256
      self.bytes = bytes
      self.seconds = seconds
    }
  }

  /// The format's version.
  public var schema = PartManifest.currentSchema
  /// The version of llcuda-build that wrote it.
  public var writer = LlcudaBuild.version
  /// Which share of the build it is.
  public var shard: ShardSelection
  /// What decides the bytes.
  public var identity: BuildIdentity
  /// The identity's digest.
  public var planDigest: String
  /// What to ask for to get the same build.
  public var request: BuildRequest
  /// Where llama.cpp came from, in words.
  public var sourceOrigin: String
  /// Where llama.cpp lay; nvcc puts a digest of a unit's path into names that are internal to kernels.
  public var sourceFolder: String?
  /// llama.cpp's version as the core's build says; `nil` in a share of the kernels.
  public var llamaVersion: String?
  /// The files, in the order of the build.
  public var files: [File]

  /// Makes a manifest.
  public init(
    shard: ShardSelection,
    identity: BuildIdentity,
    request: BuildRequest,
    sourceOrigin: String,
    sourceFolder: String? = nil,
    llamaVersion: String? = nil,
    files: [File]
  ) {
    self.shard = shard
    self.identity = identity
    planDigest = identity.digest
    self.request = request
    self.sourceOrigin = sourceOrigin
    self.sourceFolder = sourceFolder
    self.llamaVersion = llamaVersion
    self.files = files
  }

  /// All bytes of its files.
  public var bytes: ByteCount { files.reduce(.zero) { $0 + $1.bytes } }
}

/// The options that decide what is compiled, so that `merge` needn't be told them again.
public struct BuildRequest: Hashable, Sendable, Codable {
  /// The architecture list as written.
  public var architectures: String
  /// Whether architectures get PTX unasked.
  public var addPTX: Bool
  /// Whether a list of PTX only is accepted.
  public var allowJIT: Bool
  /// Whether flash attention's kernels are built.
  public var flashAttention: Bool
  /// Further CMake cache entries.
  public var cmakeDefinitions: [String]
  /// Where llama.cpp comes from; a folder or tarball may lie elsewhere on another machine.
  public var source: LlamaCppSource

  /// Takes the options out of a spec.
  public init(_ spec: ReleaseSpec) {
    architectures = spec.architectures
    addPTX = spec.addPTX
    allowJIT = spec.allowJIT
    flashAttention = spec.flashAttention
    cmakeDefinitions = spec.cmakeDefinitions
    source = spec.source
  }

  /// Puts the options into a spec.
  public func applied(to base: ReleaseSpec) -> ReleaseSpec {
    var spec = base
    spec.architectures = architectures
    spec.addPTX = addPTX
    spec.allowJIT = allowJIT
    spec.flashAttention = flashAttention
    spec.cmakeDefinitions = cmakeDefinitions
    spec.source = source
    return spec
  }
}
