public import ArgumentParser
import Configuration
import Foundation
import Inspection
public import Inventory
import ReleaseModel
import Reporting
import SystemPackage

/// Tells what changed in size, and whether that is allowed.
struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Tell what changed in size between two files or releases, with budgets as a gate.",
    discussion: """
      OLD and NEW are anything that inspect takes, or an inventory.json that it or a release wrote. Budgets come from the \
      command line and from [budget] in the configuration file; with one that is broken, the exit code is 3.

      Example: llcuda-build compare last/inventory.json out --max-growth 2%
      """
  )

  @Argument(help: "What was.") var old: String
  @Argument(help: "What is.") var new: String

  @Option(name: .long, help: "The report on standard output: table, json, markdown or html.")
  var format: InventoryFormat = .table

  @Option(
    name: .long,
    help: ArgumentHelp("How much a file may grow, such as 2% or 200KiB.", valueName: "growth")
  )
  var maxGrowth: Growth?

  @Option(
    name: .long,
    help: ArgumentHelp("How much the kernels of one architecture may grow.", valueName: "growth")
  )
  var maxArchitectureGrowth: Growth?

  @Option(name: .long, help: ArgumentHelp("The most bytes of a file, such as 100MiB.", valueName: "size"))
  var maxSize: ByteCount?

  @Option(name: .long, help: "How many kernels, families and files a table lists.")
  var top = 12

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The configuration; the default is llcuda-build.toml or pyproject.toml in this folder.",
      valueName: "file"
    )
  )
  var config: String?

  mutating func validate() throws {
    if top < 0 { throw ValidationError("--top must be 0 or more") }
  }

  func run() async throws {
    try await attended {
      let budget = try budget()
      async let before = Self.inventory(FilePath(old))
      let after = try await Self.inventory(FilePath(new))
      return Comparison(old: try await before, new: after, budget: budget)
    } finish: { comparison in
      print(try render(comparison, as: format, limit: top), terminator: "")
      guard !comparison.isOverBudget else { throw ExitCode(ExitStatus.overBudget.rawValue) }
    }
  }

  /// The configuration's budget with what the command line says put over it.
  private func budget() throws -> SizeBudget {
    let here = FilePath(FileManager.default.currentDirectoryPath)
    let file = try ConfigurationFile.chosen(config, in: here)
    var budget = file?.budget ?? SizeBudget()
    if let maxGrowth { budget.growth = maxGrowth }
    if let maxArchitectureGrowth { budget.architectureGrowth = maxArchitectureGrowth }
    if let maxSize { budget.maximum = maxSize }
    return budget
  }

  /// An inventory that is read, or made of files; all kernels, so that small ones that grew are seen.
  private static func inventory(_ path: FilePath) async throws -> Inventory {
    if path.extension == "json" { return try InventoryFile.read(path) }
    return try await Inspector(detail: .everything).inspect([path])
  }
}

extension Growth: ExpressibleByArgument {
  /// Reads `2%` or `200KiB`.
  public init?(argument: String) { self.init(parsing: argument) }
}

/// An inventory on disk.
enum InventoryFile {
  /// Something that isn't one.
  struct Unreadable: Error, CustomStringConvertible, ExitStatusProviding {
    let path: FilePath
    let why: String
    var exitStatus: ExitStatus { .badInput }
    var description: String { "'\(path)' is no inventory: \(why); write one with inspect --format json" }
  }

  static func read(_ path: FilePath) throws -> Inventory {
    guard let data = FileManager.default.contents(atPath: path.string) else {
      throw Unreadable(path: path, why: "it cannot be read")
    }
    let inventory: Inventory
    do { inventory = try JSONDecoder().decode(Inventory.self, from: data) } catch {
      throw Unreadable(path: path, why: "its JSON has another shape")
    }
    guard inventory.schemaVersion == 1 else {
      throw Unreadable(
        path: path,
        why: "its schema version is \(inventory.schemaVersion), and this program knows 1"
      )
    }
    return inventory
  }
}
