import ArgumentParser
import Building
import Configuration
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

  func run() async throws {
    let console = Console.standard()
    if let shard {
      let manifest = try await attended {
        try await ReleasePipeline(spec: spec(), folders: .ofThisInstallation(), listener: console).run(
          shard: shard
        )
      }
      print(try PartRendering(manifest, folder: spec().outputFolder).text(as: format), terminator: "")
    } else {
      let manifest = try await attended {
        try await ReleasePipeline(spec: spec(), folders: .ofThisInstallation(), listener: console).run()
      }
      try Self.tell(manifest, as: format)
    }
  }

  /// Prints a release's report; over budget is an exit code of its own.
  static func tell(_ manifest: ReleaseManifest, as format: ReportFormat) throws {
    print(try render(manifest, as: format), terminator: "")
    guard manifest.overBudget.isEmpty else { throw ExitCode(ExitStatus.overBudget.rawValue) }
  }

  private func spec() throws -> ReleaseSpec {
    let spec = try options.resolved()
    if spec.architectures.isEmpty, options.archs == nil {
      throw ArchitectureListError.empty
    }
    return spec
  }
}

extension ReleaseOptions {
  /// The spec of a run: the configuration file's, under what was said on the command line, with absolute folders.
  ///
  /// - Parameter below: applied between the two.
  /// - Throws: `ConfigurationError`.
  func resolved(below: (ReleaseSpec) -> ReleaseSpec = { $0 }) throws -> ReleaseSpec {
    let here = FilePath(FileManager.default.currentDirectoryPath)
    let file =
      if let named = config {
        try ConfigurationFile.read(FilePath(named))
      } else {
        try ConfigurationFile.find(in: here)
      }
    var spec = try applied(to: below(file?.applied(to: ReleaseSpec()) ?? ReleaseSpec()))
    spec.outputFolder = Folders.absolute(FilePath(spec.outputFolder)).string
    spec.buildFolder = Folders.absolute(FilePath(spec.buildFolder)).string
    return spec
  }
}
