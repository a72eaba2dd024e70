public import Inventory
public import ReleaseModel
public import SystemPackage

/// What a configuration file says; what it leaves out is `nil`.
///
/// The command line overrides it, and it overrides the defaults of ``ReleaseModel/ReleaseSpec``. Paths are absolute:
/// a relative one in the file starts from the file's folder.
public struct ConfigurationFile: Hashable, Sendable {
  /// The file itself, absolute.
  public var path: FilePath

  /// The key `archs`.
  public var architectures: String?
  /// The key `ptx`.
  public var addPTX: Bool?
  /// The key `allow-jit`.
  public var allowJIT: Bool?
  /// The key `layout`.
  public var layout: Layout?
  /// The key `slices`.
  public var slices: [String]?
  /// The key `groups`, by name.
  public var groups: [GroupRequest]?
  /// The key `cap`.
  public var cap: ByteCount?
  /// The key `prefer`.
  public var preferredLayout: Layout?
  /// The key `max-wheels`.
  public var maxWheels: Int?
  /// The key `allow-minor-fallback`.
  public var allowMinorFallback: Bool?
  /// The key `min-driver`.
  public var minDriver: String?
  /// The key `kernel-compression`.
  public var kernelCompression: KernelCompression?
  /// The key `upx`.
  public var upx: UPXScope?
  /// The key `tarballs`.
  public var tarballs: [TarballFormat]?
  /// The key `llama-cpp`.
  public var source: LlamaCppSource?
  /// The key `cuda-home`.
  public var cudaHome: String?
  /// The key `host-compiler`: a path, or the name of a program that is looked up on `PATH`.
  public var hostCompiler: String?
  /// The key `out`.
  public var outputFolder: String?
  /// The key `build`.
  public var buildFolder: String?
  /// The key `jobs`.
  public var jobs: Int?
  /// The key `compiler-cache`.
  public var compilerCache: CompilerCache?
  /// The key `flash-attention`.
  public var flashAttention: Bool?
  /// The key `cmake-definitions`, each `NAME=VALUE`.
  public var cmakeDefinitions: [String]?
  /// The table `[project]`.
  public var project = ProjectValues()

  /// The table `[budget]`, which `compare` holds sizes against.
  public var budget = SizeBudget()

  /// What the file says about the project.
  public struct ProjectValues: Hashable, Sendable {
    /// The key `name`.
    public var name: String?
    /// The key `version`.
    public var version: String?
    /// The key `summary`.
    public var summary: String?
    /// The key `author`.
    public var author: String?
    /// The key `author-email`.
    public var authorEmail: String?
    /// The key `license`.
    public var license: String?
    /// The key `urls`.
    public var urls: [String: String]?
    /// The key `package-folder`.
    public var packageFolder: String?
    /// The key `extra-files`, path in the wheel and path on disk.
    public var extraFiles: [String: String]?
    /// The key `asset-url`.
    public var assetURL: String?

    /// Makes values that say nothing.
    public init() {}
  }

  /// Makes a configuration that says nothing.
  public init(path: FilePath) { self.path = path }

  /// The spec with everything that this file says put in place of what stands there.
  public func applied(to spec: ReleaseSpec) -> ReleaseSpec {
    var spec = spec
    Self.set(&spec.architectures, architectures)
    Self.set(&spec.addPTX, addPTX)
    Self.set(&spec.allowJIT, allowJIT)
    Self.set(&spec.layout, layout)
    Self.set(&spec.slices, slices)
    Self.set(&spec.groups, groups)
    Self.set(&spec.cap, cap)
    Self.set(&spec.preferredLayout, preferredLayout)
    Self.set(&spec.maxWheels, maxWheels)
    Self.set(&spec.allowMinorFallback, allowMinorFallback)
    Self.set(&spec.minDriver, minDriver)
    Self.set(&spec.kernelCompression, kernelCompression)
    Self.set(&spec.upx, upx)
    Self.set(&spec.tarballs, tarballs)
    Self.set(&spec.source, source)
    Self.set(&spec.cudaHome, cudaHome)
    Self.set(&spec.hostCompiler, hostCompiler)
    Self.set(&spec.outputFolder, outputFolder)
    Self.set(&spec.buildFolder, buildFolder)
    Self.set(&spec.jobs, jobs)
    Self.set(&spec.compilerCache, compilerCache)
    Self.set(&spec.flashAttention, flashAttention)
    Self.set(&spec.cmakeDefinitions, cmakeDefinitions)
    Self.set(&spec.project.name, project.name)
    Self.set(&spec.project.version, project.version)
    Self.set(&spec.project.summary, project.summary)
    Self.set(&spec.project.author, project.author)
    Self.set(&spec.project.authorEmail, project.authorEmail)
    spec.project.license = project.license ?? spec.project.license
    Self.set(&spec.project.urls, project.urls)
    Self.set(&spec.project.packageFolder, project.packageFolder)
    Self.set(&spec.project.extraFiles, project.extraFiles)
    Self.set(&spec.project.assetURL, project.assetURL)
    return spec
  }

  private static func set<Value>(_ target: inout Value, _ value: Value?) {
    if let value { target = value }
  }

  private static func set<Value>(_ target: inout Value?, _ value: Value?) {
    if let value { target = value }
  }
}
