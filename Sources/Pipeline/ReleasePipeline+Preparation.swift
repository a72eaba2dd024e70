import Building
import Foundation
import Planning
import ReleaseModel
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
    let plan = try ReleasePlan(spec: spec, toolkit: capabilities)
    let project = try ProjectIdentity(spec.project)
    try Preflight(spec: spec, project: project, locator: locator).check()
    try LayoutChoice.check(spec)
    let tools = try await BuildTools(locator: locator, runner: runner)
    for diagnostic in plan.diagnostics { listener.told("\(diagnostic)") }

    try makeFolder(workspace.root)
    let lock = try FolderLock(folder: workspace.root)
    try checkSpace(for: plan, share: share)
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
    let cache = try CompilerCacheService(
      spec.compilerCache,
      cache: folders.cache,
      baseFolders: [source.path, workspace.root],
      locator: locator
    )
    func tree(_ kind: BuildTree.Kind, source: FilePath) throws -> BuildTree {
      try BuildTree(
        kind,
        spec: spec,
        source: source,
        toolkit: toolkit,
        cCompiler: tools.cCompiler(beside: toolkit.hostCompiler, locator: locator),
        architectures: plan.cmakeArchitectures,
        inject: folders.resources.appending("cmake/llcuda-inject.cmake"),
        sccache: cache?.sccache,
        ninja: tools.ninja
      )
    }
    let builder = TreeBuilder(
      cmake: tools.cmake,
      ninja: tools.ninja,
      runner: runner,
      listener: listener,
      jobs: spec.jobs ?? Machine.jobs(),
      logs: workspace.logs
    )
    return Compilation(
      plan: plan,
      project: project,
      source: source,
      toolkit: toolkit,
      kernels: try tree(.kernels, source: source.path),
      core: try tree(.core, source: source.path),
      // The same trees as any machine would have them, wherever its llama.cpp lies.
      portable: (try tree(.kernels, source: "/llama.cpp"), try tree(.core, source: "/llama.cpp")),
      cache: cache,
      builder: builder,
      workspace: workspace,
      runner: runner,
      listener: listener,
      lock: lock
    )
  }

  private func makeFolder(_ path: FilePath) throws {
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
  }

  /// Refuses to start a build that would fill the disk half-way.
  ///
  /// Objects, carved objects and libraries together take about 3.2 times the kernels, of which one architecture has up
  /// to 120 MB of cubins and 66 MB of PTX (ggml 0.25.3); the core's tree takes 0.6 GB, archives a part of it all.
  private func checkSpace(for plan: ReleasePlan, share: Double) throws {
    let images = plan.compileSet.architectures.reduce(0.0) {
      $0 + ($1.real ? 120e6 : 0) + ($1.virtual ? 66e6 : 0)
    }
    let flash = spec.flashAttention ? 1.0 : 0.5
    var needed = ByteCount(Int64(images * flash * 3.2 * share + 1.0e9))
    // What an earlier run already wrote need not be written again.
    if FileManager.default.fileExists(atPath: workspace.core.appending("llcuda-core.json").string) {
      needed = ByteCount(needed.bytes / 3)
    }
    guard let free = Machine.freeSpace(at: workspace.root), free < needed.bytes else { return }
    throw BuildError.diskSpace(workspace.root, needed: needed, free: ByteCount(free))
  }
}
