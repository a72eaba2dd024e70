import ArgumentParser
import Building
import Configuration
import Foundation
import Pipeline
import Planning
import ReleaseModel
import Reporting
import SizeModel
import SystemPackage
import ToolExecution

/// What would be built and shipped, without building.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "What would be built, how large each file gets, and who can run it; compiles nothing.",
    discussion: """
      Takes the options of the main job. 'llcuda-build plan --format json > plan.json' keeps a plan, and \
      'llcuda-build --plan plan.json' executes it. Ends with exit code 3 when nothing fits the cap.
      """
  )

  @OptionGroup var options: ReleaseOptions

  @Option(
    name: .long,
    help:
      "The plan on standard output: table, json or markdown; github-matrix: the jobs of a build in shards."
  )
  var format: PlanFormat = .table

  @OptionGroup var machines: ShardCount

  @Flag(name: .customLong("options"), help: "Compare the ways to ship a library that is too large.")
  var comparesWays = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Tell what became of the sizes since this plan, which --format json printed.",
      valueName: "file"
    )
  )
  var against: String?

  @OptionGroup var basis: PlanBasis

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --options: a finished release, whose sizes stand in place of predictions; repeatable.",
      valueName: "folder"
    )
  )
  var release: [String] = []

  func validate() throws {
    try machines.check(with: format)
    if comparesWays, format == .githubMatrix {
      throw ValidationError("--options are shown as table, json or markdown")
    }
    if against != nil, comparesWays || format == .json || format == .githubMatrix {
      throw ValidationError("--against goes with a plan as table or markdown")
    }
  }

  func run() async throws {
    try await reportingErrors {
      let earlier = try against.map { try earlierPlan(in: Folders.absolute(FilePath($0))) }
      let (planned, model, notes) = try await basis.plan(options)
      for note in notes { FileHandle.standardError.write(Data("\(note)\n".utf8)) }
      if comparesWays {
        try show(waysOut: WaysOut(planned, model: model, releases: try releases()).rows, of: planned)
        return
      }
      warn(about: planned)
      let document = try PlanDocument(planned)
      switch format {
      case .json: print(try json(document), terminator: "")
      case .githubMatrix:
        let (line, warning) = try machines.matrix(flashAttention: planned.spec.flashAttention)
        if let warning { FileHandle.standardError.write(Data("\(warning)\n".utf8)) }
        print(line, terminator: "")
      case .table, .markdown:
        print(
          render(plan: planned, digest: document.digest, isMarkdown: format == .markdown),
          terminator: ""
        )
        if let earlier {
          print("\n" + earlier.render(changesTo: planned, isMarkdown: format == .markdown), terminator: "")
        }
      }
      if let shortfall = planned.shortfall {
        let line =
          shortfall > .zero
          ? "error: nothing fits the cap of \(planned.spec.cap): \(planned.layout.rawValue), the nearest, is over it by \(shortfall) bytes; the plan says what would help"
          : "error: no layout holds what was asked; the plan says why"
        FileHandle.standardError.write(Data("\(line)\n".utf8))
        throw ExitCode(ExitStatus.overBudget.rawValue)
      }
    }
  }

  /// Says before hours of waiting what the main job would refuse.
  private func warn(about planned: PlannedRelease) {
    var folder = FilePath(planned.spec.buildFolder)
    while !FileManager.default.fileExists(atPath: folder.string), folder.removeLastComponent() {}
    guard let free = Machine.freeSpace(at: folder), free < planned.effort.disk.bytes else { return }
    let line =
      "warning: the disk of '\(folder)' has \(ByteCount(free).mebibytes) free, and the build needs about \(planned.effort.disk.mebibytes)\n"
    FileHandle.standardError.write(Data(line.utf8))
  }

  private func show(waysOut rows: [WayOut], of planned: PlannedRelease) throws {
    guard format != .json else { return print(try json(rows), terminator: "") }
    let set = planned.plan.compileSet
    let title = "Ways to ship \(set), CUDA \(planned.plan.toolkit.version.release)"
    let isMarkdown = format == .markdown
    print(render(waysOut: rows, cap: planned.spec.cap, title: title, isMarkdown: isMarkdown), terminator: "")
  }

  private func earlierPlan(in file: FilePath) throws -> EarlierPlan {
    guard let data = FileManager.default.contents(atPath: file.string) else {
      throw PlanDocumentError.unreadable(file)
    }
    guard let plan = try? EarlierPlan(data) else { throw PlanDocumentError.notAPlan(file) }
    return plan
  }

  private func releases() throws -> [ReleaseManifest] {
    try release.map { name in
      let folder = Folders.absolute(FilePath(name))
      guard let manifest = OutputFolder(folder).manifest else {
        throw BuildError.unusable(folder.appending("manifest.json"), why: "no release lies there")
      }
      return manifest
    }
  }
}

/// The text for PyPI's form.
struct LimitRequestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limit-request",
    abstract: "The text for PyPI's request of a higher file limit, from predicted facts.",
    discussion: "Warns when no request is needed, because another layout fits."
  )

  @OptionGroup var options: ReleaseOptions
  @OptionGroup var basis: PlanBasis

  @Option(name: .long, help: "How many releases a year the project makes.")
  var releasesPerYear = 12

  func validate() throws {
    guard (1...1000).contains(releasesPerYear) else {
      throw ValidationError("--releases-per-year must be from 1 to 1000")
    }
  }

  func run() async throws {
    try await reportingErrors {
      var options = options
      // The facts are those of one wheel for everything; what else fits is the warning's business.
      options.layout = .auto
      // Tarballs are not uploaded there.
      options.tarball = [.none]
      let (planned, model, notes) = try await basis.plan(options)
      for note in notes { FileHandle.standardError.write(Data("\(note)\n".utf8)) }
      let request = LimitRequest(planned, model: model, releasesPerYear: releasesPerYear)
      if let warning = request.warning {
        FileHandle.standardError.write(Data("warning: \(warning)\n".utf8))
      }
      print(request.text, terminator: "")
    }
  }
}

/// What a plan is made from, when it isn't this machine's toolkit and the shipped figures.
struct PlanBasis: ParsableArguments {
  @Option(
    name: .customLong("cuda"),
    help: ArgumentHelp("Plan for this CUDA version, whatever is installed.", valueName: "version")
  )
  var cuda: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Predict from these figures, which ci/bench/size-model made.", valueName: "file")
  )
  var figures: String?

  func validate() throws {
    if let cuda, ToolkitVersion(parsing: cuda) == nil {
      throw ValidationError("--cuda '\(cuda)' is no version; write one such as 12.4")
    }
  }

  func plan(_ options: ReleaseOptions) async throws -> (PlannedRelease, SizeModel, [Diagnostic]) {
    let spec = try options.spec()
    let stage = PlanningStage(spec: spec, folders: try .ofThisInstallation())
    let (toolkit, note) = try await stage.toolkit(assuming: cuda.flatMap { ToolkitVersion(parsing: $0) })
    let model = stage.model(for: toolkit.version, figures: try readFigures() ?? .shipped)
    return (try stage.plan(on: toolkit, model: model), model, note.map { [$0] } ?? [])
  }

  private func readFigures() throws -> SizeFigures? {
    guard let figures else { return nil }
    let path = Folders.absolute(FilePath(figures))
    do {
      let found = try JSONDecoder().decode(
        SizeFigures.self,
        from: Data(contentsOf: URL(fileURLWithPath: path.string))
      )
      guard found.schemaVersion == SizeFigures.shipped.schemaVersion else {
        throw BuildError.unusable(path, why: "its figures have another structure")
      }
      return found
    } catch let error as BuildError {
      throw error
    } catch {
      throw BuildError.unusable(path, why: "it holds no size figures")
    }
  }
}
