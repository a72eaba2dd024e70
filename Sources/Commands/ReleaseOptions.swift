import ArgumentParser
import Building
import Configuration
import Foundation
import Pipeline
import Planning
import ReleaseModel
import SystemPackage

/// What can be said about a release on the command line; everything is optional, so that a configuration file's value
/// or the default remains where nothing is said.
struct ReleaseOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Architectures: 75, 8.6, sm_90a, 75-real, 86-virtual, 8.6+PTX, turing, all; PTX is added where GPUs need it.",
      valueName: "list"
    )
  )
  var archs: String?

  @Flag(
    name: .long,
    inversion: .prefixedNo,
    help: "Whether a list that asks for no PTX gets some, for newer GPUs and for gaps in the list."
  )
  var ptx: Bool?

  @Flag(
    name: .long,
    help: "Accept a list of PTX only, whose kernels compile at the first run (40 s and more)."
  )
  var allowJit = false

  @Option(name: .long, help: "single, packed, split, thin, or auto: the first of these that fits.")
  var layout: Layout?

  @Option(name: .long, help: "With --layout auto: the layout that is tried first.")
  var prefer: Layout?

  @Option(
    name: .long,
    help:
      "The most wheels, the core's and the one that requires the others included; slices then share wheels."
  )
  var maxWheels: Int?

  @Flag(
    name: .long,
    help: "Drop architectures whose GPUs run a lower minor's cubin, where ggml's host code allows it."
  )
  var allowMinorFallback = false

  @Option(
    name: .long,
    help: ArgumentHelp("The oldest driver that users have, such as 525.", valueName: "release")
  )
  var minDriver: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Architectures that share a slice, for machines with both; repeatable.",
      valueName: "list"
    )
  )
  var slice: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Slices that share a wheel, such as desktop=75,86; repeatable.",
      valueName: "name=list"
    )
  )
  var group: [String] = []

  @Option(name: .long, help: "The most bytes a file may have: 104857600, 100MiB (PyPI's limit, the default).")
  var cap: ByteCount?

  @Option(
    name: .long,
    help: "How kernels are stored: none, lz4, or zstd (smallest; driver 550.54.14 and newer)."
  )
  var kernelCompression: KernelCompression?

  @Option(
    name: .long,
    defaultAsFlag: .executables,
    help: ArgumentHelp("Pack executables with UPX; --upx=all packs libraries too.", valueName: "all")
  )
  var upx: UPXScope?

  @Option(name: .long, help: "Tarballs beside the wheels: gz, xz, zst; repeatable; 'none' for none.")
  var tarball: [TarballChoice] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "llama.cpp: a folder, a tarball, or a git URL with @tag; the default is a pinned release.",
      valueName: "source"
    )
  )
  var llamaCpp: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The CUDA toolkit's folder, which holds bin/nvcc.", valueName: "folder")
  )
  var cudaHome: String?

  @Option(name: .long, help: ArgumentHelp("The C++ compiler that nvcc calls.", valueName: "program"))
  var hostCompiler: String?

  @Option(name: .long, help: ArgumentHelp("Where the release goes (out).", valueName: "folder"))
  var out: String?

  @Option(name: .long, help: ArgumentHelp("Where work is kept between runs (build).", valueName: "folder"))
  var build: String?

  @Option(name: [.short, .long], help: "Compilers at once; the default follows cores and memory.")
  var jobs: Int?

  @Option(
    name: .long,
    help:
      "auto (sccache if there is one, behind ccache if there is one), sccache, own (sccache with results of this build folder only), or none."
  )
  var compilerCache: CompilerCache?

  @Flag(
    name: .long,
    inversion: .prefixedNo,
    help: "Whether to build flash attention's kernels, about half of all."
  )
  var flashAttention: Bool?

  @Option(
    name: [.customShort("D"), .customLong("define")],
    help: ArgumentHelp("A further CMake cache entry for llama.cpp; repeatable.", valueName: "name=value")
  )
  var define: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The configuration; the default is llcuda-build.toml or pyproject.toml in this folder.",
      valueName: "file"
    )
  )
  var config: String?

  /// A kind of tarball, or none.
  enum TarballChoice: String, ExpressibleByArgument, CaseIterable {
    case gz, xz, zst, none
  }

  mutating func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
    if let cap, cap.bytes < 1 { throw ValidationError("--cap must be at least one byte") }
    for text in group where Self.groupRequest(text) == nil {
      throw ValidationError("--group '\(text)' is not NAME=LIST, such as desktop=75,86")
    }
  }

  /// Everything that is asked for: the command line over the configuration file over the defaults.
  ///
  /// - Throws: `ConfigurationError`, and `ArchitectureListError` when nobody named an architecture.
  func spec() throws -> ReleaseSpec {
    let spec = try resolved()
    if spec.architectures.isEmpty, archs == nil { throw ArchitectureListError.empty }
    return spec
  }

  /// The spec of a run: the configuration file's, under what was said on the command line, with absolute folders.
  ///
  /// - Parameter below: applied between the two.
  /// - Throws: `ConfigurationError`.
  func resolved(below: (ReleaseSpec) -> ReleaseSpec = { $0 }) throws -> ReleaseSpec {
    let here = FilePath(FileManager.default.currentDirectoryPath)
    let file = try ConfigurationFile.chosen(config, in: here)
    var spec = try applied(to: below(file?.applied(to: ReleaseSpec()) ?? ReleaseSpec()))
    spec.outputFolder = Folders.absolute(FilePath(spec.outputFolder)).string
    spec.buildFolder = Folders.absolute(FilePath(spec.buildFolder)).string
    return spec
  }

  static func groupRequest(_ text: String) -> GroupRequest? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    return GroupRequest(
      name: String(text[..<equals]),
      architectures: String(text[text.index(after: equals)...])
    )
  }

  /// Puts what was said on the command line over what the configuration file and the defaults say.
  ///
  /// - Throws: `ConfigurationError` for a llama.cpp source that can't be told.
  func applied(to base: ReleaseSpec) throws -> ReleaseSpec {
    var spec = base
    if let archs { spec.architectures = archs }
    if let ptx { spec.addPTX = ptx }
    if allowJit { spec.allowJIT = true }
    if let layout { spec.layout = layout }
    if let prefer { spec.preferredLayout = prefer }
    if let maxWheels { spec.maxWheels = maxWheels }
    if allowMinorFallback { spec.allowMinorFallback = true }
    if let minDriver { spec.minDriver = minDriver }
    if !slice.isEmpty { spec.slices = slice }
    if !group.isEmpty { spec.groups = group.compactMap(Self.groupRequest) }
    if let cap { spec.cap = cap }
    if let kernelCompression { spec.kernelCompression = kernelCompression }
    if let upx { spec.upx = upx }
    if !tarball.isEmpty { spec.tarballs = tarball.compactMap { TarballFormat(rawValue: $0.rawValue) } }
    if let llamaCpp {
      spec.source = try LlamaCppSource(
        parsing: llamaCpp,
        relativeTo: FilePath(FileManager.default.currentDirectoryPath)
      )
    }
    if let cudaHome { spec.cudaHome = cudaHome }
    if let hostCompiler { spec.hostCompiler = hostCompiler }
    if let out { spec.outputFolder = out }
    if let build { spec.buildFolder = build }
    if let jobs { spec.jobs = jobs }
    if let compilerCache { spec.compilerCache = compilerCache }
    if let flashAttention { spec.flashAttention = flashAttention }
    spec.cmakeDefinitions += define
    return spec
  }
}

extension ReleaseOptions {
  /// What a saved plan asks for, with this machine's folders, jobs and tools.
  ///
  /// - Throws: `ValidationError` for an option that would change what was planned.
  func executing(_ document: PlanDocument) throws -> ReleaseSpec {
    var own = self
    (own.out, own.build, own.jobs) = (nil, nil, nil)
    (own.cudaHome, own.hostCompiler, own.compilerCache) = (nil, nil, nil)
    guard try own.applied(to: document.plan.spec) == document.plan.spec, config == nil else {
      throw PlanError.contradiction(
        "--plan executes what was planned; beside it only --out, --build, --jobs, --cuda-home, --host-compiler and --compiler-cache may stand"
      )
    }
    var spec = try applied(to: document.plan.spec)
    let blank = ReleaseSpec()
    spec.jobs = jobs
    spec.outputFolder = Folders.absolute(FilePath(out ?? blank.outputFolder)).string
    spec.buildFolder = Folders.absolute(FilePath(build ?? blank.buildFolder)).string
    return spec
  }
}
