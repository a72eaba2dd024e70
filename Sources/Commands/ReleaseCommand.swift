import ArgumentParser
import Building
import Foundation
import Pipeline
import Planning
import ReleaseModel
import Reporting
import SystemPackage

/// The main job: from an architecture list to wheels and tarballs.
struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Build, carve, measure and package a release (the default command).",
    discussion: """
      Writes wheels, tarballs, manifest.json, SHA256SUMS and report.md to the output folder. The report goes to \
      standard output, everything else to standard error.

      EXIT CODES
      \(LlcudaBuildCommand.exitCodes)
      """
  )

  @OptionGroup var options: ReleaseOptions

  @Option(name: .long, help: "The report on standard output: table, json or markdown.")
  var format: ReportFormat = .table

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Compile only this share of the kernels, or the core, and write it to --out as a part for 'merge'.",
      valueName: "2/3|core"
    )
  )
  var shard: ShardSelection?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Execute a plan that 'plan --format json' wrote; only folders, jobs and the toolkit may be named beside it.",
      valueName: "file"
    )
  )
  var plan: String?

  func validate() throws {
    if plan != nil, shard != nil {
      throw ValidationError("--plan and --shard exclude each other; give every machine the same options")
    }
  }

  func run() async throws {
    let console = Console.standard()
    if let shard {
      let manifest = try await attended {
        try await ReleasePipeline(spec: options.spec(), folders: .ofThisInstallation(), listener: console)
          .run(
            shard: shard
          )
      }
      print(try PartRendering(manifest, folder: options.spec().outputFolder).text(as: format), terminator: "")
    } else {
      let manifest = try await attended { try await release(console: console) }
      try Self.tell(manifest, as: format)
    }
  }

  /// Prints a release's report; over budget is an exit code of its own.
  static func tell(_ manifest: ReleaseManifest, as format: ReportFormat) throws {
    print(try render(manifest, as: format), terminator: "")
    guard manifest.overBudget.isEmpty else { throw ExitCode(ExitStatus.overBudget.rawValue) }
  }

  private func release(console: Console) async throws -> ReleaseManifest {
    let folders = try Folders.ofThisInstallation()
    guard let plan else {
      return try await ReleasePipeline(spec: try options.spec(), folders: folders, listener: console).run()
    }
    let document = try PlanDocument(reading: Folders.absolute(FilePath(plan)))
    let spec = try options.executing(document)
    return try await ReleasePipeline(spec: spec, folders: folders, listener: console, executing: document)
      .run()
  }
}
