/// What a release holds, as measured; written as `manifest.json` and rendered as the report.
public struct ReleaseManifest: Hashable, Sendable, Codable {
  /// The version of this structure; a field that changes its meaning raises it.
  public var schemaVersion = 1
  /// The program that made the release, `llcuda-build 0.1.0`.
  public var generator = "llcuda-build \(LlcudaBuild.version)"
  /// The project and version.
  public var project: Project
  /// What went in.
  public var inputs: Inputs
  /// How the files are laid out; never `auto`.
  public var layout: Layout
  /// The most bytes one file may have.
  public var cap: ByteCount
  /// The files, core first.
  public var artifacts: [Artifact] = []
  /// The slices, as read back from the finished libraries.
  public var slices: [SliceRecord] = []
  /// How each kind of GPU runs the release.
  public var coverage: [Coverage] = []
  /// The plan that was executed, `nil` in releases of before there were plans.
  public var plan: PlanRecord?
  /// What UPX did, `nil` when it wasn't asked for.
  public var upx: [UPXRecord]?
  /// Warnings and notes of the run.
  public var diagnostics: [Diagnostic] = []
  /// When over the cap: the ways to get under it, cheapest first.
  public var remedies: [Remedy] = []

  /// The plan that a release was made by, and what it said.
  public struct PlanRecord: Hashable, Sendable, Codable {
    /// The digest of its decisions, as `plan` prints it.
    public var digest: String
    /// What it predicted of the artifacts, from the figures that come with the program.
    public var predicted: [Prediction]
    /// Makes the record.
    public init(digest: String, predicted: [Prediction]) {
      self.digest = digest
      self.predicted = predicted
    }
  }

  /// What was predicted of one artifact.
  public struct Prediction: Hashable, Sendable, Codable {
    /// The artifact's file.
    public var file: String
    /// Its predicted size.
    public var bytes: ByteCount
    /// What the prediction had to be estimated from; empty for a measured combination.
    public var estimates: [String]
    /// Makes the record.
    public init(file: String, bytes: ByteCount, estimates: [String]) {
      self.file = file
      self.bytes = bytes
      self.estimates = estimates
    }
  }

  /// The project whose wheels these are.
  public struct Project: Hashable, Sendable, Codable {
    /// The distribution's name.
    public var name: String
    /// Its version.
    public var version: String
    /// Makes the record.
    public init(name: String, version: String) {
      self.name = name
      self.version = version
    }
  }

  /// What went into a release, exactly.
  public struct Inputs: Hashable, Sendable, Codable {
    /// Where llama.cpp came from, in words: `llama-cpp-python 0.3.36 (sdist)`.
    public var llamaCpp: String
    /// llama.cpp's version as its own build files say.
    public var llamaCppVersion: String
    /// The digest of the archive, the commit, or the digest of the folder's files.
    public var llamaCppDigest: String
    /// The toolkit's version, with nvcc's build number.
    public var toolkit: ToolkitVersion
    /// The host compiler's own version line.
    public var hostCompiler: String
    /// The architectures compiled together.
    public var architectures: [Architecture]
    /// How kernels are stored.
    public var kernelCompression: KernelCompression
    /// CMake's cache entries for the kernels' tree.
    public var kernelDefinitions: [String]
    /// CMake's cache entries for the core's tree.
    public var coreDefinitions: [String]
    /// Makes the record.
    public init(
      llamaCpp: String,
      llamaCppVersion: String,
      llamaCppDigest: String,
      toolkit: ToolkitVersion,
      hostCompiler: String,
      architectures: [Architecture],
      kernelCompression: KernelCompression,
      kernelDefinitions: [String],
      coreDefinitions: [String]
    ) {
      self.llamaCpp = llamaCpp
      self.llamaCppVersion = llamaCppVersion
      self.llamaCppDigest = llamaCppDigest
      self.toolkit = toolkit
      self.hostCompiler = hostCompiler
      self.architectures = architectures
      self.kernelCompression = kernelCompression
      self.kernelDefinitions = kernelDefinitions
      self.coreDefinitions = coreDefinitions
    }
  }

  /// One uploaded or attached file.
  public struct Artifact: Hashable, Sendable, Codable {
    /// What a file is for.
    public enum Role: String, Hashable, Sendable, Codable {
      /// The tools, libraries and CPU backends; in layout `single` the kernels too.
      case core
      /// Kernels of a group.
      case group
      /// A wheel that only requires the others.
      case meta
    }
    /// The file's name.
    public var file: String
    /// `wheel` or `tarball`.
    public var kind: String
    /// What it is for.
    public var role: Role
    /// The group it carries, `nil` for others.
    public var group: String?
    /// Its size.
    public var bytes: ByteCount
    /// The size of what it unpacks to.
    public var installedBytes: ByteCount
    /// SHA-256 in hexadecimal.
    public var sha256: String
    /// The architectures inside, as read from the finished libraries.
    public var architectures: [Architecture]
    /// The lowest drivers, `nil` for files without kernels.
    public var driverFloor: DriverFloor?
    /// Libraries that it needs and doesn't carry.
    public var neededLibraries: [String]
    /// Makes the record.
    public init(
      file: String,
      kind: String,
      role: Role,
      group: String?,
      bytes: ByteCount,
      installedBytes: ByteCount,
      sha256: String,
      architectures: [Architecture],
      driverFloor: DriverFloor?,
      neededLibraries: [String]
    ) {
      self.file = file
      self.kind = kind
      self.role = role
      self.group = group
      self.bytes = bytes
      self.installedBytes = installedBytes
      self.sha256 = sha256
      self.architectures = architectures
      self.driverFloor = driverFloor
      self.neededLibraries = neededLibraries
    }
  }

  /// One slice, as read back.
  public struct SliceRecord: Hashable, Sendable, Codable {
    /// Its name.
    public var name: String
    /// The library's size.
    public var bytes: ByteCount
    /// Kernel bytes by architecture and kind, as stored.
    public var kernels: [KernelBytes]
    /// Makes the record.
    public init(name: String, bytes: ByteCount, kernels: [KernelBytes]) {
      self.name = name
      self.bytes = bytes
      self.kernels = kernels
    }
  }

  /// Kernel bytes of one architecture and kind.
  public struct KernelBytes: Hashable, Sendable, Codable {
    /// The capability.
    public var capability: ComputeCapability
    /// `real` or `virtual`.
    public var kind: String
    /// How many images.
    public var images: Int
    /// Their bytes as stored, headers included.
    public var bytes: ByteCount
    /// Makes the record.
    public init(capability: ComputeCapability, kind: String, images: Int, bytes: ByteCount) {
      self.capability = capability
      self.kind = kind
      self.images = images
      self.bytes = bytes
    }
  }

  /// One kind of GPU and how it runs.
  public struct Coverage: Hashable, Sendable, Codable {
    /// The GPU's capability.
    public var capability: ComputeCapability
    /// GPUs that people own.
    public var devices: String
    /// How it runs: `cubin 8.6`, `PTX 8.6, compiled at first run`, `CPU`.
    public var runs: String
    /// The slice it takes.
    public var slice: String?
    /// Makes the record.
    public init(capability: ComputeCapability, devices: String, runs: String, slice: String?) {
      self.capability = capability
      self.devices = devices
      self.runs = runs
      self.slice = slice
    }
  }

  /// What UPX did to one file.
  public struct UPXRecord: Hashable, Sendable, Codable {
    /// The file.
    public var file: String
    /// Its size before.
    public var before: ByteCount
    /// Its size after; equal to `before` when it was left as it was.
    public var after: ByteCount
    /// Its share of the wheel (deflated) before.
    public var deflatedBefore: ByteCount
    /// Its share of the wheel (deflated) after.
    public var deflatedAfter: ByteCount
    /// Seconds to load or start it before.
    public var loadSecondsBefore: Double?
    /// Seconds to load or start it after.
    public var loadSecondsAfter: Double?
    /// Why the original was kept, `nil` when it was packed.
    public var keptBecause: String?
    /// Makes the record.
    public init(
      file: String,
      before: ByteCount,
      after: ByteCount,
      deflatedBefore: ByteCount,
      deflatedAfter: ByteCount,
      loadSecondsBefore: Double?,
      loadSecondsAfter: Double?,
      keptBecause: String?
    ) {
      self.file = file
      self.before = before
      self.after = after
      self.deflatedBefore = deflatedBefore
      self.deflatedAfter = deflatedAfter
      self.loadSecondsBefore = loadSecondsBefore
      self.loadSecondsAfter = loadSecondsAfter
      self.keptBecause = keptBecause
    }
  }

  /// A way to get under the cap.
  public struct Remedy: Hashable, Sendable, Codable {
    /// What to do, with the option: `--kernel-compression zstd`.
    public var action: String
    /// The bytes of the largest artifact afterwards: measured on the files where possible.
    public var largestAfterwards: ByteCount
    /// What it costs users.
    public var price: String
    /// Makes the record.
    public init(action: String, largestAfterwards: ByteCount, price: String) {
      self.action = action
      self.largestAfterwards = largestAfterwards
      self.price = price
    }
  }

  /// Makes an empty manifest.
  public init(project: Project, inputs: Inputs, layout: Layout, cap: ByteCount) {
    self.project = project
    self.inputs = inputs
    self.layout = layout
    self.cap = cap
  }

  /// The files that a release has beside its artifacts.
  public static let companions: Set<String> = [
    "manifest.json", "SHA256SUMS", "report.md", "provenance.intoto.json", "inventory.json", "inventory.md",
    "inventory.html",
  ]

  /// The wheels over the cap.
  ///
  /// Tarballs are no uploads to an index, so its limit is not theirs.
  public var overBudget: [Artifact] { artifacts.filter { $0.kind == "wheel" && $0.bytes > cap } }
}
