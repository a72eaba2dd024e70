import ArgumentParser
import Building
import Configuration
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

  private func release(console: Console) async throws -> ReleaseManifest {
    let here = FilePath(FileManager.default.currentDirectoryPath)
    let file =
      if let named = options.config {
        try ConfigurationFile.read(FilePath(named))
      } else {
        try ConfigurationFile.find(in: here)
      }
    var spec = try options.applied(to: file?.applied(to: ReleaseSpec()) ?? ReleaseSpec())
    if spec.architectures.isEmpty, options.archs == nil {
      throw ArchitectureListError.empty
    }
    spec.outputFolder = Folders.absolute(FilePath(spec.outputFolder)).string
    spec.buildFolder = Folders.absolute(FilePath(spec.buildFolder)).string
    return try await ReleasePipeline(spec: spec, folders: .ofThisInstallation(), listener: console).run()
  }
}
