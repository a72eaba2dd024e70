import ArgumentParser
import Building
import Doctor
import Foundation
import ReleaseModel
import Reporting
import SystemPackage
import ToolExecution

/// What is missing on this machine, and how to get it.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Tell what this machine lacks for a build, and how to get it.",
    discussion: """
      Takes the options of a build and looks whether it could work: CUDA and the programs nvcc calls, the host \
      compiler, CMake, Ninja, disk, memory, llama.cpp's source, the compiler cache and its storage. Nothing is built. \
      The exit code is 0 when a build can work, and 5 when something is missing.
      """
  )

  @OptionGroup var options: ReleaseOptions

  @Option(name: .long, help: "table, json or markdown.")
  var format: ReportFormat = .table

  func run() async throws {
    let checkup = try await attended {
      let folders = try Folders.ofThisInstallation()
      let locator = ToolLocator(adding: folders.cache.appending("venv/bin"))
      return try await Examination(
        spec: options.resolved(),
        folders: folders,
        locator: locator,
        runner: ToolRunner()
      ).run()
    }
    switch format {
    case .json: print(try json(checkup), terminator: "")
    case .table: print(checkup.text(), terminator: "")
    case .markdown: print(checkup.text(markdown: true), terminator: "")
    }
    guard checkup.isReady else { throw ExitCode(ExitStatus.toolMissing.rawValue) }
  }
}
