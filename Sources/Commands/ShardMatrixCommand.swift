import ArgumentParser
import Building
import Foundation
import Pipeline
import Planning

/// The jobs of a CI system's matrix; `plan --format github-matrix` is to print the same.
struct ShardMatrixCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shard-matrix",
    abstract: "Print the jobs of a build in shards as GitHub Actions' matrix.",
    shouldDisplay: false
  )

  @Option(name: .long, help: "How many machines share the kernels.")
  var shards: Int

  @Flag(name: .long, inversion: .prefixedNo, help: "Whether the core gets a job of its own.")
  var core = true

  func run() async throws {
    let text = try await attended {
      let costs = ReleasePipeline.costs(try Folders.ofThisInstallation())
      let plan = try ShardPlan(units: costs.units, costs: costs, count: shards)
      return try Self.json(ShardMatrix(plan, withCore: core))
    }
    print(text)
  }

  /// One line, as `$GITHUB_OUTPUT` wants it.
  static func json(_ matrix: ShardMatrix) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(matrix), as: UTF8.self)
  }
}
