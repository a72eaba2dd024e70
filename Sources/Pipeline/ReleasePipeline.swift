public import Building
import Carving
import Foundation
import Planning
public import ReleaseModel
import SystemPackage
public import ToolExecution

/// The main job: each stage takes a value and gives a value, and keeps its result in the build folder.
public struct ReleasePipeline: Sendable {
  private let spec: ReleaseSpec
  private let folders: Folders
  private let listener: any ProgressListener
  private let runner = ToolRunner()
  private let locator: ToolLocator
  private let workspace: Workspace

  /// Makes the job of a spec whose folders are absolute.
  public init(spec: ReleaseSpec, folders: Folders, listener: any ProgressListener) {
    self.spec = spec
    self.folders = folders
    self.listener = listener
    self.locator = ToolLocator(adding: folders.cache.appending("venv/bin"))
    self.workspace = Workspace(root: FilePath(spec.buildFolder))
  }

  /// Runs every stage that something changed for.
  ///
  /// - Returns: the manifest of the release that now lies in the output folder, over its budget or not.
  /// - Throws: an error that ``RunFailure`` sorts; the output folder is then as it was.
  public func run() async throws -> ReleaseManifest {
    let output = OutputFolder(FilePath(spec.outputFolder))
    try output.checkApart(from: workspace.root)
    try output.checkReplaceable()

    // Everything that can be known to be wrong is told before the first folder is made or byte is fetched.
    let home = try CUDAToolkit.locate(named: spec.cudaHome, cache: folders.cache, locator: locator)
    let capabilities = try await CUDAToolkit.capabilities(of: home, runner: runner)
    let plan = try ReleasePlan(spec: spec, toolkit: capabilities)
    let project = try ProjectIdentity(spec.project)
    try Preflight(spec: spec, project: project, locator: locator).check()
    let tools = try await BuildTools(locator: locator, runner: runner)
    for diagnostic in plan.diagnostics { listener.told("\(diagnostic)") }

    try makeFolder(workspace.root)
    let lock = try FolderLock(folder: workspace.root)
    defer { withExtendedLifetime(lock) {} }
    try checkSpace(for: plan)
    try makeFolder(workspace.temporary)

    listener.began("llama.cpp")
    let provider = SourceProvider(
      folders: folders,
      runner: runner,
      locator: locator,
      log: workspace.logs.appending("0-source.log")
    )
    let source = try await provider.tree(of: spec.source)
    listener.ended("llama.cpp \(source.version) from \(source.origin)")

    let toolkit = try await CUDAToolkit(
      home: home,
      capabilities: capabilities,
      hostCompiler: spec.hostCompiler,
      scratch: workspace.probe,
      runner: runner,
      locator: locator
    )
    let trees = try await build(plan, source: source, toolkit: toolkit, tools: tools)

    let packager = Packager(
      spec: spec,
      plan: plan,
      project: project,
      source: source,
      toolkit: toolkit,
      trees: [trees.kernels, trees.core],
      folders: folders,
      workspace: workspace,
      runner: runner,
      locator: locator,
      listener: listener
    )
    let core = try await CoreStage(workspace: workspace, runner: runner, locator: locator)
      .files(of: CoreRecipe.read(from: workspace.core))
    let slices = SliceStage(
      workspace: workspace,
      plan: plan,
      recipe: try KernelsRecipe.read(from: workspace.kernels),
      compression: spec.kernelCompression,
      workers: Machine.cores,
      runner: runner,
      listener: listener
    )
    return try await packager.release(core: core, slices: slices, into: output)
  }

  private func build(
    _ plan: ReleasePlan,
    source: LlamaCppTree,
    toolkit: CUDAToolkit,
    tools: BuildTools
  ) async throws -> (kernels: BuildTree, core: BuildTree) {
    let cache = try CompilerCacheService(
      spec.compilerCache,
      cache: folders.cache,
      baseFolders: [source.path, workspace.root],
      locator: locator
    )
    func tree(_ kind: BuildTree.Kind) throws -> BuildTree {
      try BuildTree(
        kind,
        spec: spec,
        source: source.path,
        toolkit: toolkit,
        cCompiler: tools.cCompiler(beside: toolkit.hostCompiler, locator: locator),
        architectures: plan.cmakeArchitectures,
        inject: folders.resources.appending("cmake/llcuda-inject.cmake"),
        sccache: cache?.sccache,
        ninja: tools.ninja
      )
    }
    let trees = (kernels: try tree(.kernels), core: try tree(.core))
    let builder = TreeBuilder(
      cmake: tools.cmake,
      ninja: tools.ninja,
      runner: runner,
      listener: listener,
      jobs: spec.jobs ?? Machine.jobs(),
      logs: workspace.logs
    )
    var environment: [String: String?] = cache?.environment ?? [:]
    environment["TMPDIR"] = workspace.temporary.string

    let compile = environment
    let all: @Sendable () async throws -> String? = { [compile] in
      listener.began("compile kernels for \(plan.compileSet) with CUDA \(plan.toolkit.version)")
      try await builder.build(
        trees.kernels,
        source: source.path,
        in: workspace.kernels,
        compilers: "CUDA \(plan.toolkit.version)\n\(toolkit.hostCompilerVersion)",
        environment: compile,
        number: 1
      )
      listener.ended("kernels compiled")
      listener.began("compile the core")
      try await builder.build(
        trees.core,
        source: source.path,
        in: workspace.core,
        compilers: toolkit.hostCompilerVersion,
        environment: compile,
        number: 2
      )
      listener.ended("core compiled")
      return await cache?.statistics(runner: runner)
    }
    if let cache {
      let statistics = try await cache.whileRunning(
        runner: runner,
        log: workspace.logs.appending("1-sccache.log"),
        all
      )
      if let statistics { listener.told(statistics) }
    } else {
      _ = try await all()
    }
    return trees
  }

  private func makeFolder(_ path: FilePath) throws {
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
  }

  /// Refuses to start a build that would fill the disk half-way.
  ///
  /// Objects, carved objects and libraries together take about 3.2 times the kernels, of which one architecture has up
  /// to 120 MB of cubins and 66 MB of PTX (ggml 0.25.3); the core's tree takes 0.6 GB, archives a part of it all.
  private func checkSpace(for plan: ReleasePlan) throws {
    let images = plan.compileSet.architectures.reduce(0.0) {
      $0 + ($1.real ? 120e6 : 0) + ($1.virtual ? 66e6 : 0)
    }
    let share = spec.flashAttention ? 1.0 : 0.5
    var needed = ByteCount(Int64(images * share * 3.2 + 1.0e9))
    // What an earlier run already wrote need not be written again.
    if FileManager.default.fileExists(atPath: workspace.core.appending("llcuda-core.json").string) {
      needed = ByteCount(needed.bytes / 3)
    }
    guard let free = Machine.freeSpace(at: workspace.root), free < needed.bytes else { return }
    throw BuildError.diskSpace(workspace.root, needed: needed, free: ByteCount(free))
  }
}
