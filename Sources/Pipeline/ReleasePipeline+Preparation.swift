import Building
import Foundation
import Planning
import ReleaseModel
import SizeModel
import SystemPackage
import ToolExecution

extension ReleasePipeline {
  /// Settles everything that a compilation needs.
  ///
  /// - Parameter share: the part of the build that this machine makes, for the room on its disk.
  func prepare(share: Double = 1) async throws -> Compilation {
    // Everything that can be known to be wrong is told before the first folder is made or byte is fetched.
    let home = try CUDAToolkit.locate(named: spec.cudaHome, cache: folders.cache, locator: locator)
    let capabilities = try await CUDAToolkit.capabilities(of: home, runner: runner)
    let planned = try planned(on: capabilities)
    let plan = planned.plan
    let project = try ProjectIdentity(spec.project)
    try Preflight(spec: spec, project: project, locator: locator).check()
    try LayoutChoice.check(spec)
    let tools = try await BuildTools(locator: locator, runner: runner)
    for diagnostic in plan.diagnostics { listener.told("\(diagnostic)") }
    let minutes = Int((planned.effort.seconds * share / 60).rounded(.up))
    listener.told(
      "planned: \(planned.layout.rawValue), largest file about \(planned.forecast.largest.mebibytes), about \(minutes) min to compile"
    )

    try makeFolder(workspace.root)
    let lock = try FolderLock(folder: workspace.root)
    try checkSpace(planned.effort.disk, share: share)
    try makeFolder(workspace.temporary)

    listener.began("llama.cpp")
    let provider = SourceProvider(
      folders: folders,
      runner: runner,
      locator: locator,
      log: workspace.logs.appending("0-source.log")
    )
    let held = try await provider.source(spec.source)
    let source = held.tree
    listener.ended("llama.cpp \(source.version) from \(source.origin)")

    let toolkit = try await CUDAToolkit(
      home: home,
      capabilities: capabilities,
      hostCompiler: spec.hostCompiler,
      scratch: workspace.probe,
      cache: folders.cache,
      runner: runner,
      locator: locator
    )
    let cCompiler = try tools.cCompiler(beside: toolkit.hostCompiler, locator: locator)
    let cache = try await compilerCache(source: source, toolkit: toolkit, cCompiler: cCompiler)
    let jobs = spec.jobs ?? Machine.jobs()
    let measured = Self.costs(folders, flashAttention: spec.flashAttention)
    let merged = MergedUnits(source.templateInstances, operators: source.operatorUnits, costs: measured)
    let costs = measured.merging(merged)
    try writeIfChanged(merged.list(with: costs), to: workspace.units)
    try writeIfChanged(CoreUnits(source.modelUnits).list, to: workspace.coreUnits)
    let split = UnitSplit(
      costs: costs,
      architectures: Set(plan.compileSet.architectures.map(\.capability)).count,
      jobs: jobs,
      processes: Machine.processes(in: Machine.memory)
    )
    func tree(_ kind: BuildTree.Kind, source: FilePath) throws -> BuildTree {
      try BuildTree(
        kind,
        spec: spec,
        source: source,
        toolkit: toolkit,
        cCompiler: cCompiler,
        architectures: plan.cmakeArchitectures,
        units: kind == .kernels ? workspace.units : workspace.coreUnits,
        split: (split.units, split.threads),
        inject: folders.resources.appending("cmake/llcuda-inject.cmake"),
        launcher: cache?.launcher,
        ninja: tools.ninja
      )
    }
    let builder = TreeBuilder(
      cmake: tools.cmake,
      ninja: tools.ninja,
      runner: runner,
      listener: listener,
      jobs: jobs,
      logs: workspace.logs
    )
    return Compilation(
      planned: planned,
      project: project,
      source: source,
      toolkit: toolkit,
      kernels: try tree(.kernels, source: source.path),
      core: try tree(.core, source: source.path),
      // The same trees as any machine would have them, wherever its llama.cpp lies.
      portable: (try tree(.kernels, source: "/llama.cpp"), try tree(.core, source: "/llama.cpp")),
      cache: cache,
      builder: builder,
      costs: costs,
      coreWork: PlanningStage(spec: spec, folders: folders).model(for: plan.toolkit.version)
        .coreWork(beside: plan.compileSet.architectures),
      workspace: workspace,
      runner: runner,
      listener: listener,
      lock: lock,
      sourceInUse: held
    )
  }

  /// The compiler cache that was asked for, tried with this toolkit; `nil` for none.
  private func compilerCache(source: LlamaCppTree, toolkit: CUDAToolkit, cCompiler: FilePath) async throws
    -> CompilerCacheService?
  {
    let found = try CompilerCacheService(
      spec.compilerCache,
      cache: folders.cache,
      build: workspace.root,
      source: source.path,
      locator: locator
    )
    guard let found else { return nil }
    let version = try await runner.output(of: Invocation(found.sccache.string, ["--version"]))
    let sccache: CompilerCacheService
    do {
      sccache = try await found.safe(with: version)
        .tried(
          with: toolkit,
          version: version,
          scratch: workspace.probe,
          record: TrialRecord(cache: folders.cache),
          runner: runner
        )
    } catch let unable as CompilerCacheService.Unable where spec.compilerCache == .auto {
      listener.told("\(unable.pair) compiles nothing, so there is no compiler cache: \(unable.why)")
      return nil
    }
    guard spec.compilerCache == .auto,
      let compilers = try await toolkit.digestOfCompilers(
        cCompiler: cCompiler,
        sccache: version,
        record: folders.cache.appending("compilers.json"),
        locator: locator,
        runner: runner
      )
    else { return sccache }
    return try await sccache.behind(
      ObjectCache(
        before: sccache.sccache,
        build: workspace.root,
        compilers: compilers,
        cache: folders.cache,
        statistics: workspace.logs.appending("1-ccache.log"),
        locator: locator,
        runner: runner
      )
    )
  }

  private func makeFolder(_ path: FilePath) throws {
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
  }

  /// Leaves a file alone that is as it should be: Ninja configures a tree again when the file is newer.
  private func writeIfChanged(_ text: String, to path: FilePath) throws {
    guard (try? String(contentsOfFile: path.string, encoding: .utf8)) != text else { return }
    try text.write(toFile: path.string, atomically: true, encoding: .utf8)
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

  /// Refuses to start a build that would fill the disk half-way; what an earlier run left counts for two thirds of it.
  ///
  /// - Parameter share: the part of the kernels that this machine compiles; the rest takes about a gigabyte.
  private func checkSpace(_ planned: ByteCount, share: Double) throws {
    var needed = ByteCount(max(Int64(Double(planned.bytes) * share), min(planned.bytes, 1_000_000_000)))
    // What an earlier run already wrote need not be written again.
    if FileManager.default.fileExists(atPath: workspace.core.appending("llcuda-core.json").string) {
      needed = ByteCount(needed.bytes / 3)
    }
    guard let free = Machine.freeSpace(at: workspace.root), free < needed.bytes else { return }
    throw BuildError.diskSpace(workspace.root, needed: needed, free: ByteCount(free))
  }
}
