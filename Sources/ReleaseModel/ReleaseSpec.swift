/// Everything a user can ask of the main job, after the command line and the configuration file were merged.
public struct ReleaseSpec: Hashable, Sendable, Codable {
  /// The architecture list as written; checked once the toolkit is known.
  public var architectures = ""
  /// Whether architectures get PTX unasked; see ``ArchitectureList``.
  public var addPTX = true
  /// Whether a list of PTX only is accepted.
  public var allowJIT = false
  /// How the release is laid out.
  public var layout = Layout.auto
  /// Capabilities that share a slice, one list per `--slice`.
  public var slices: [String] = []
  /// Groups by name, each with its capabilities: `desktop=75,86`.
  public var groups: [GroupRequest] = []
  /// The most bytes that one file may have.
  public var cap = ByteCount.pypiFileLimit
  /// The most wheels that may be uploaded, the core's and the one that requires the others included; `nil` is any number.
  public var maxWheels: Int?
  /// The layout that is tried first when the layout is `auto`.
  public var preferredLayout: Layout?
  /// Whether an architecture may be dropped whose GPUs run a lower minor's cubin.
  public var allowMinorFallback = false
  /// The oldest driver that users have, such as `525`; `nil` asks for nothing.
  public var minDriver: String?
  /// How kernels are stored in slices.
  public var kernelCompression = KernelCompression.none
  /// What UPX packs.
  public var upx = UPXScope.none
  /// The kinds of tarballs that are written beside the wheels.
  public var tarballs: [TarballFormat] = [.gzip]
  /// Where llama.cpp comes from.
  public var source = LlamaCppSource.pinned
  /// The CUDA toolkit's folder; `nil` finds one.
  public var cudaHome: String?
  /// The host compiler nvcc calls; `nil` finds one.
  public var hostCompiler: String?
  /// Where the release goes.
  public var outputFolder = "out"
  /// Where work is kept between runs.
  public var buildFolder = "build"
  /// Parallel compiler processes; `nil` follows cores and memory.
  public var jobs: Int?
  /// Which compiler cache is used.
  public var compilerCache = CompilerCache.auto
  /// Whether flash attention's kernels, about half of all, are built.
  public var flashAttention = true
  /// Further CMake cache entries for llama.cpp's build, `NAME=VALUE`.
  public var cmakeDefinitions: [String] = []
  /// The project whose wheels are made.
  public var project = ProjectSpec()

  /// Makes a spec of defaults.
  public init() {}
}

/// A group that the user asked for.
public struct GroupRequest: Hashable, Sendable, Codable {
  /// The group's name.
  public var name: String
  /// Its capabilities as written.
  public var architectures: String

  /// Makes a request.
  public init(name: String, architectures: String) {
    self.name = name
    self.architectures = architectures
  }
}

/// What UPX packs.
public enum UPXScope: String, Hashable, Sendable, Codable, CaseIterable {
  /// Nothing.
  case none
  /// Executables.
  case executables
  /// Executables and libraries.
  case all
}

/// How a tarball is compressed.
public enum TarballFormat: String, Hashable, Sendable, Codable, CaseIterable {
  /// `.tar.gz`
  case gzip = "gz"
  /// `.tar.xz`
  case xz
  /// `.tar.zst`
  case zstd = "zst"
}

/// Which compiler cache stands before the compilers.
public enum CompilerCache: String, Hashable, Sendable, Codable, CaseIterable {
  /// sccache when it is there, with ccache before it when that is there, too.
  case auto
  /// sccache alone; missing is an error.
  case sccache
  /// sccache with a folder inside the build folder and nowhere else, so that nothing of other builds is taken.
  case own
  /// None.
  case none
}

/// Where llama.cpp's source comes from.
public enum LlamaCppSource: Hashable, Sendable, Codable {
  /// The pinned sdist of llama-cpp-python, which carries llama.cpp in `vendor/`.
  case pinned
  /// A folder, used in place.
  case folder(String)
  /// A tarball.
  case tarball(String)
  /// A git repository at a tag, branch or commit.
  case git(url: String, reference: String)
}

/// The Python project that the wheels belong to.
public struct ProjectSpec: Hashable, Sendable, Codable {
  /// The distribution's name.
  public var name = "llcuda"
  /// Its version, PEP 440; `nil` takes llcuda-build's own for the default project, and is refused for others.
  public var version: String?
  /// One line about it.
  public var summary = "llama.cpp with CUDA, ready to run: llama-server and its tools"
  /// The author's name.
  public var author: String?
  /// The author's e-mail address.
  public var authorEmail: String?
  /// The license as an SPDX expression; `nil` says nothing about a package folder of the user's, MIT about ours.
  public var license: String?
  /// Project links, label and URL.
  public var urls: [String: String] = [:]
  /// The folder of the Python package that goes into the core wheel; `nil` takes the bundled one.
  public var packageFolder: String?
  /// Further files of the core wheel: path in the wheel, path on disk.
  public var extraFiles: [String: String] = [:]
  /// The address below which layout `thin` finds its kernels; `{version}` stands for the project's version.
  public var assetURL: String?

  /// Makes a spec of defaults.
  public init() {}
}

/// This program's own version.
public enum LlcudaBuild {
  /// The version, also of wheels when the configuration names no project.
  public static let version = "0.1.0"
}
