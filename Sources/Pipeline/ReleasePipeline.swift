import Archives
public import Building
import Carving
import Foundation
import Planning
public import ReleaseModel
import SizeModel
import SystemPackage
import Timeline
public import ToolExecution

/// The main job: each stage takes a value and gives a value, and keeps its result in the build folder.
public struct ReleasePipeline: Sendable {
  let spec: ReleaseSpec
  let folders: Folders
  let listener: any ProgressListener
  let runner = ToolRunner()
  let locator: ToolLocator
  let workspace: Workspace
  let document: PlanDocument?

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
    self.listener = StageListener(listener)
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
    return try await recorded {
      let job = try await prepare()
      defer { try? FileManager.default.removeItem(atPath: workspace.deflated.string) }
      let deflated = try await job.compileAll {
        try await headStart(of: job, core: CoreRecipe.read(from: workspace.core)).run()
      }
      return try await package(
        job,
        core: CoreRecipe.read(from: workspace.core),
        deflated: deflated ?? [:],
        into: output
      )
    }
  }

  private func kernelStage(of job: Compilation, core: CoreRecipe) throws -> KernelStage {
    let recipe = try KernelsRecipe.read(from: workspace.kernels)
    let maker = SliceMaker(
      workspace: workspace,
      plan: job.plan,
      recipe: recipe,
      libraries: try recipe.linkedLibraries(from: core),
      runner: runner
    )
    return KernelStage(spec: spec, plan: job.plan, maker: maker, listener: listener)
  }

  private func headStart(of job: Compilation, core: CoreRecipe) throws -> HeadStart {
    let model = shippedModel(for: job)
    let layout = LayoutChoice(spec: spec, plan: job.plan).likely {
      LayoutForecast($0, of: job.plan, spec: spec, model: model)
    }
    return HeadStart(stage: try kernelStage(of: job, core: core), layout: layout, upx: spec.upx)
  }

  /// What sizes are predicted from, the same on every machine.
  private func shippedModel(for job: Compilation) -> SizeModel {
    PlanningStage(spec: spec, folders: folders).model(for: job.plan.toolkit.version, isShippedOnly: true)
  }

  /// Carves, measures and packages what was compiled.
  ///
  /// - Parameter deflated: slices' libraries as they were deflated while the core was compiled.
  func package(
    _ job: Compilation,
    core: CoreRecipe,
    deflated: [FilePath: DeflatedFile] = [:],
    into output: OutputFolder
  ) async throws -> ReleaseManifest {
    let shipped = shippedModel(for: job)
    let packager = Packager(
      spec: executedSpec(of: job.planned),
      plan: job.plan,
      project: job.project,
      source: job.source,
      toolkit: job.toolkit,
      trees: [job.kernels, job.core],
      folders: folders,
      workspace: workspace,
      runner: runner,
      locator: locator,
      listener: listener,
      planDigest: try document?.digest ?? PlanDocument.digest(of: job.planned),
      model: shipped,
      kernels: try kernelStage(of: job, core: core),
      deflated: deflated
    )
    let files = try await CoreStage(workspace: workspace, runner: runner, locator: locator).files(of: core)
    let manifest = try await packager.release(core: files, into: output)
    LearnedStore(cache: folders.cache).learn(from: manifest, model: shipped, kernels: workspace.kernels)
    return manifest
  }

  /// What the archives are made by: as planned, and `auto` stays open until sizes are measured.
  private func executedSpec(of planned: PlannedRelease) -> ReleaseSpec {
    guard document == nil else { return spec }
    var executed = planned.spec
    executed.layout = spec.layout
    return executed
  }

  /// Runs a job with a timeline, which is written whatever comes of it.
  func recorded<Result: Sendable>(_ job: () async throws -> Result) async throws -> Result {
    let recorder = TimelineRecorder()
    defer { tell(recorder.spans) }
    return try await TimelineRecorder.$current.withValue(recorder) { try await job() }
  }

  private func tell(_ spans: [Span]) {
    // A run that was refused at the start made no build folder, and shall not.
    guard FileManager.default.fileExists(atPath: workspace.logs.string) else { return }
    let trace = workspace.logs.appending("trace.json")
    let isWritten =
      (try? ChromeTrace(spans).json.write(toFile: trace.string, atomically: true, encoding: .utf8)) != nil
    let lines = TimelineSummary(spans).lines
    for line in lines { listener.told(line) }
    if isWritten, !lines.isEmpty { listener.told("timeline: \(trace), for ui.perfetto.dev") }
  }
}
