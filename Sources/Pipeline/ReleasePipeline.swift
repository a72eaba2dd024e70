public import Building
import Carving
import Foundation
import Planning
public import ReleaseModel
import SizeModel
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
  private let document: PlanDocument?

  /// Makes the job of a spec whose folders are absolute.
  ///
  /// - Parameter document: the plan that is executed; `nil` plans first.
  public init(
    spec: ReleaseSpec,
    folders: Folders,
    listener: any ProgressListener,
    executing document: PlanDocument? = nil
  ) {
    self.spec = spec
    self.document = document
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
    try output.checkReplaceable()

    // Everything that can be known to be wrong is told before the first folder is made or byte is fetched.
    let home = try CUDAToolkit.locate(named: spec.cudaHome, cache: folders.cache, locator: locator)
    let capabilities = try await CUDAToolkit.capabilities(of: home, runner: runner)
    let planned = try planned(on: capabilities)
    let plan = planned.plan
    let project = try ProjectIdentity(spec.project)
    _ = try BuildTree.entries(spec.cmakeDefinitions)
    let tools = try Tools(locator: locator)
    for diagnostic in plan.diagnostics { listener.told("\(diagnostic)") }
    let minutes = Int((planned.effort.seconds / 60).rounded(.up))
    listener.told(
      "planned: \(planned.layout.rawValue), largest file about \(planned.forecast.largest.mebibytes), about \(minutes) min to compile"
    )

    try makeFolder(workspace.root)
    let lock = try FolderLock(folder: workspace.root)
    defer { withExtendedLifetime(lock) {} }
    try checkSpace(planned.effort.disk)
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

    let shipped = PlanningStage(spec: spec, folders: folders)
      .model(for: capabilities.version, isShippedOnly: true)
    let packager = Packager(
      spec: executedSpec(of: planned),
      plan: plan,
      project: project,
      source: source,
      toolkit: toolkit,
      trees: [trees.kernels, trees.core],
      folders: folders,
      workspace: workspace,
      runner: runner,
      locator: locator,
      listener: listener,
      planDigest: try document?.digest ?? PlanDocument.digest(of: planned),
      model: shipped
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
    let manifest = try await packager.release(core: core, slices: slices, into: output)
    LearnedStore(cache: folders.cache).learn(from: manifest, model: shipped, kernels: workspace.kernels)
    return manifest
  }

  /// The plan that is executed: the one at hand, once this machine's toolkit is the one that it was made for, or a new one.
  private func planned(on toolkit: ToolkitCapabilities) throws -> PlannedRelease {
    let stage = PlanningStage(spec: spec, folders: folders)
    guard let document else {
      return try stage.plan(on: toolkit, model: stage.model(for: toolkit.version))
    }
    try document.check(against: toolkit)
    _ = try ReleasePlan(spec: document.plan.spec, toolkit: toolkit)
    var planned = document.plan
    // A plan that was made for `auto` has decided; only a run without a plan's file decides by measuring.
    planned.plan = planned.plan.laidOut(as: planned.layout)
    return planned
  }

  /// What the archives are made by: as planned, and `auto` stays open until sizes are measured.
  private func executedSpec(of planned: PlannedRelease) -> ReleaseSpec {
    guard document == nil else { return spec }
    var executed = planned.spec
    executed.layout = spec.layout
    return executed
  }

  private func build(
    _ plan: ReleasePlan,
    source: LlamaCppTree,
    toolkit: CUDAToolkit,
    tools: Tools
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
        environment: compile,
        number: 1
      )
      listener.ended("kernels compiled")
      listener.began("compile the core")
      try await builder.build(
        trees.core,
        source: source.path,
        in: workspace.core,
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

  /// Refuses to start a build that would fill the disk half-way; what an earlier run left counts for two thirds of it.
  private func checkSpace(_ planned: ByteCount) throws {
    var needed = planned
    // What an earlier run already wrote need not be written again.
    if FileManager.default.fileExists(atPath: workspace.core.appending("llcuda-core.json").string) {
      needed = ByteCount(needed.bytes / 3)
    }
    guard let free = Machine.freeSpace(at: workspace.root), free < needed.bytes else { return }
    throw BuildError.diskSpace(workspace.root, needed: needed, free: ByteCount(free))
  }
}

/// The tools every build needs.
private struct Tools: Sendable {
  let cmake: FilePath
  let ninja: FilePath

  init(locator: ToolLocator) throws {
    cmake = try locator.require("cmake", hint: "run ci/setup, or pip install cmake (3.24 or newer)")
    ninja = try locator.require("ninja", hint: "run ci/setup, or pip install ninja")
  }

  /// The C compiler that belongs to a C++ compiler: gcc-12 for g++-12.
  func cCompiler(beside cxx: FilePath, locator: ToolLocator) throws -> FilePath {
    let name = cxx.lastComponent?.string ?? ""
    let sibling = name.hasPrefix("g++") ? "gcc" + name.dropFirst(3) : name.replacing("clang++", with: "clang")
    let path = cxx.removingLastComponent().appending(sibling).string
    return try locator.require(path, sibling, hint: "install the C compiler that belongs to '\(cxx)'")
  }
}
