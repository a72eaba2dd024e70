import Building
import Planning
import ReleaseModel
import Sharding
import SystemPackage
import ToolExecution

/// A compilation with everything settled: what is compiled, by what, where.
struct Compilation: Sendable {
  let planned: PlannedRelease
  let project: ProjectIdentity
  let source: LlamaCppTree
  let toolkit: CUDAToolkit
  let kernels: BuildTree
  let core: BuildTree
  /// The trees as any machine would have them.
  let portable: (kernels: BuildTree, core: BuildTree)
  var cache: CompilerCacheService?
  let builder: TreeBuilder
  /// What ggml-cuda's units take, as they are compiled.
  let costs: UnitCosts
  /// The core's part of the work, 0 to 1.
  let coreWork: Double
  let workspace: Workspace
  let runner: ToolRunner
  let listener: any ProgressListener
  /// Held as long as the job.
  let lock: FolderLock
  /// Held as long as the job, too: nobody checks something else out below it.
  let sourceInUse: SourceInUse

  /// Compile set, slices and groups.
  var plan: ReleasePlan { planned.plan }

  /// What decides the bytes that come out.
  var identity: BuildIdentity {
    BuildIdentity(
      source: source.digest,
      toolkit: toolkit.capabilities.version,
      hostCompiler: toolkit.hostCompilerVersion,
      libc: Machine.libc,
      architectures: plan.compileSet.architectures.flatMap(\.cmakeEntries),
      kernelDefinitions: portable.kernels.portableDefinitions,
      coreDefinitions: portable.core.portableDefinitions,
      objectNames: cache == nil ? .nvcc : .sccache
    )
  }

  /// Compiles both trees, side by side; neither waits for the other's CMake.
  ///
  /// - Parameter early: what can be done as soon as the kernels are compiled; done only while the core is not. What it fails
  ///   at is left to who comes later.
  /// - Returns: what came of `early`.
  func compileAll<Gain: Sendable>(whileCoreCompiles early: @escaping @Sendable () async throws -> Gain?)
    async throws -> Gain?
  {
    guard builder.jobs > 1 else {
      try await whileCaching { job in
        try await job.compileKernels()
        try await job.compileCore()
      }
      return nil
    }
    return try await whileCaching { job in
      job.listener.began("compile kernels for \(job.compileSet) and the core")
      let shares = JobShares(jobs: job.builder.jobs, coreWork: job.coreWork)
      let (kernels, core) = (try Jobserver(jobs: shares.kernels), try Jobserver(jobs: shares.core))
      return try await withThrowingTaskGroup(of: Step<Gain>.self) { trees in
        trees.addTask {
          try await job.configureKernels()
          try await job.compile([job.kernels.target], of: job.kernels, under: kernels, heir: core)
          return .compiled(.kernels)
        }
        trees.addTask {
          try await job.configureCore()
          try await job.compile([job.core.target], of: job.core, under: core, heir: kernels)
          return .compiled(.core)
        }
        var gain: Gain?
        var compiled: [BuildTree.Kind] = []
        for try await step in trees {
          switch step {
          case .early(let result): gain = result
          case .compiled(let tree):
            compiled.append(tree)
            if compiled.count == 2 {
              job.listener.ended("\(tree.rawValue) compiled")
            } else {
              job.listener.told("\(tree.rawValue) compiled")
              if tree == .kernels { trees.addTask { .early(try? await early()) } }
            }
          }
        }
        return gain
      }
    }
  }

  /// A step of compiling both trees that has ended.
  private enum Step<Gain: Sendable>: Sendable {
    case compiled(BuildTree.Kind)
    case early(Gain?)
  }

  private var compileSet: String { "\(plan.compileSet) with CUDA \(plan.toolkit.version)" }

  /// Compiles the kernels, or some of their objects.
  ///
  /// - Parameter choose: picks Ninja's targets, once the tree is configured; `nil` makes all.
  func compileKernels(_ choose: (@Sendable () throws -> [String])? = nil) async throws {
    try await configureKernels()
    let targets = try choose?() ?? [kernels.target]
    let what = choose == nil ? "kernels" : "\(targets.count) units"
    listener.began("compile \(what) for \(compileSet)")
    try await compile(targets, of: kernels)
    listener.ended("\(what) compiled")
  }

  /// Configures the kernels' tree.
  func configureKernels() async throws {
    try await builder.configure(
      kernels,
      source: source.path,
      in: workspace.kernels,
      compilers: "CUDA \(plan.toolkit.version)\n\(toolkit.hostCompilerVersion)",
      environment: environment,
      number: 1
    )
  }

  /// Compiles the core.
  func compileCore() async throws {
    try await configureCore()
    listener.began("compile the core")
    try await compile([core.target], of: core)
    listener.ended("core compiled")
  }

  private func configureCore() async throws {
    try await builder.configure(
      core,
      source: source.path,
      in: workspace.core,
      compilers: toolkit.hostCompilerVersion,
      environment: environment,
      number: 2
    )
  }

  private func compile(
    _ targets: [String],
    of tree: BuildTree,
    under jobserver: Jobserver? = nil,
    heir: Jobserver? = nil
  ) async throws {
    let (folder, number) = tree.kind == .kernels ? (workspace.kernels, 1) : (workspace.core, 2)
    try await builder.compile(
      targets,
      of: tree,
      in: folder,
      environment: environment,
      number: number,
      jobserver: jobserver,
      heir: heir
    )
  }

  /// Runs `body` with the compiler cache's server, if there is one, and tells how often the cache hit.
  ///
  /// A storage on the network that doesn't answer is replaced by the cache's own folder; one that stops answering later
  /// costs what it would have given, and is told at the end.
  func whileCaching<Result: Sendable>(_ body: @Sendable @escaping (Compilation) async throws -> Result)
    async throws -> Result
  {
    guard let cache else { return try await body(self) }
    do {
      return try await cached(cache, body)
    } catch let failure as CompilerCacheService.NotStarted where cache.storage.isRemote {
      listener.told("the compiler cache (\(failure.storage)) does not start: \(failure.why)")
      listener.told("the build goes on with \(cache.local.storage.description) alone")
      return try await cached(cache.local, body)
    }
  }

  private func cached<Result: Sendable>(
    _ cache: CompilerCacheService,
    _ body: @Sendable @escaping (Compilation) async throws -> Result
  ) async throws -> Result {
    var job = self
    job.cache = cache
    let log = workspace.logs.appending("1-sccache.log")
    cache.objects?.forget()
    let (result, report) = try await cache.whileRunning(runner: runner, log: log, told: listener.told) {
      [job] in
      (try await body(job), await cache.report(runner: runner, log: log, only: onlyArchitecture))
    }
    if let line = cache.objects?.line { listener.told(line) }
    for line in report?.lines(storage: cache.storage.description) ?? [] { listener.told(line) }
    return result
  }

  /// The architecture, such as `75`, where all is compiled for one.
  private var onlyArchitecture: String? {
    let labels = Set(plan.compileSet.architectures.map(\.capability.label))
    return labels.count == 1 ? labels.first : nil
  }

  private var environment: [String: String?] {
    var environment: [String: String?] = cache?.environment ?? [:]
    environment["TMPDIR"] = workspace.temporary.string
    return environment
  }
}
