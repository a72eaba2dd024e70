import ArgumentParser
import Building
import Configuration
import Foundation
import Pipeline
import ReleaseModel
import Reporting
import SystemPackage
import ToolExecution
import Verification

/// Builds a release again from nothing, and says whether it is the same.
struct RebuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild",
    abstract: "Build a release again in folders of its own, and compare it with an earlier one.",
    discussion: """
      Give the options that the earlier release was built with. --build and --out name the folders of the new one \
      (build-again, out-again). Nothing comes from a compiler cache; where the earlier one was compiled through sccache, \
      which shows in the kernels' names, so is this one, with an empty cache of its own. The exit code is 0 when both \
      releases are the same and 4 when they are not.

      Example: llcuda-build rebuild --compare out --archs 75,80,86
               llcuda-build rebuild --compare out --against other/out
      """
  )

  @Option(name: .long, help: ArgumentHelp("The earlier release.", valueName: "folder"))
  var compare: String

  @Option(
    name: .long,
    help: ArgumentHelp("A release that was built already; builds nothing.", valueName: "folder")
  )
  var against: String?

  @Option(name: .long, help: "The report on standard output: table, json or markdown.")
  var format: ReportFormat = .table

  @OptionGroup var options: ReleaseOptions

  func run() async throws {
    let console = Console.standard()
    try await attended {
      try await comparison(console: console)
    } finish: { comparison in
      print(try render(comparison, as: format), terminator: "")
      guard comparison.isSame else { throw ExitCode(ExitStatus.verificationFailed.rawValue) }
    }
  }

  private func comparison(console: Console) async throws -> ReleaseComparison {
    let old = Folders.absolute(FilePath(compare))
    if let against { return try ReleaseComparison(old, Folders.absolute(FilePath(against))) }
    let here = FilePath(FileManager.default.currentDirectoryPath)
    let file = try ConfigurationFile.chosen(options.config, in: here)
    var spec = try options.applied(to: file?.applied(to: ReleaseSpec()) ?? ReleaseSpec())
    spec.outputFolder = Folders.absolute(FilePath(options.out ?? "out-again")).string
    spec.buildFolder = Folders.absolute(FilePath(options.build ?? "build-again")).string
    // What a compiler cache gives back is not built again.
    spec.compilerCache = try ReleaseComparison.manifest(of: old).inputs.wentThroughSccache ? .own : .none
    // Objects that lie there are not built again either.
    let there = try? FileManager.default.contentsOfDirectory(atPath: spec.buildFolder)
    guard there?.isEmpty ?? true else { throw RebuildError.folderNotEmpty(spec.buildFolder) }
    _ = try await ReleasePipeline(spec: spec, folders: .ofThisInstallation(), listener: console).run()
    return try ReleaseComparison(old, FilePath(spec.outputFolder))
  }
}

/// Why a release is not built again.
enum RebuildError: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// The new build folder holds something.
  case folderNotEmpty(String)

  var exitStatus: ExitStatus { .usage }

  var description: String {
    switch self {
    case .folderNotEmpty(let folder):
      "a rebuild starts from nothing, but '\(folder)' holds files; remove it, or name another with --build"
    }
  }
}
