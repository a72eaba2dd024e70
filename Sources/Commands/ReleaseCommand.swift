import ArgumentParser
import Building
import Foundation
import Pipeline
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

  func run() async throws {
    let console = Console.standard()
    let trap = SignalTrap()
    let job = Task { try await release(console: console) }
    trap.install { job.cancel() }
    do {
      let manifest = try await job.value
      print(try render(manifest, as: format), terminator: "")
      guard manifest.overBudget.isEmpty else { throw ExitCode(ExitStatus.overBudget.rawValue) }
    } catch let code as ExitCode {
      throw code
    } catch {
      let failure = RunFailure(error)
      FileHandle.standardError.write(Data("error: \(failure.message)\n".utf8))
      throw ExitCode((trap.caught ?? failure.exitStatus).rawValue)
    }
  }

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Execute a plan that 'plan --format json' wrote; only folders, jobs and the toolkit may be named beside it.",
      valueName: "file"
    )
  )
  var plan: String?

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
