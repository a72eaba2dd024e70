import ArgumentParser
import Building
import Foundation
import Pipeline
import Planning
import ReleaseModel

/// How a plan is written.
enum PlanFormat: String, CaseIterable, ExpressibleByArgument {
  case table, json, markdown
  case githubMatrix = "github-matrix"
}

/// How many machines share a build, for the matrix of a CI system.
struct ShardCount: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --format github-matrix: how many machines share the kernels; the core gets one more.",
      valueName: "count"
    )
  )
  var shards: Int?

  /// Refuses a count without a matrix, and a matrix without a count.
  ///
  /// - Throws: `ValidationError`.
  func check(with format: PlanFormat) throws {
    guard (shards != nil) == (format == .githubMatrix) else {
      throw ValidationError("--format github-matrix and --shards belong together")
    }
  }

  /// The jobs, balanced by the measured times of ggml-cuda's units, as GitHub Actions' matrix.
  ///
  /// - Returns: one line of JSON, as `$GITHUB_OUTPUT` wants it, and what to say of a count that brings nothing.
  /// - Throws: `ShardPlanError` for a count that can't be.
  func matrix(flashAttention: Bool) throws -> (line: String, warning: Diagnostic?) {
    let costs = try ReleasePipeline.costs(.ofThisInstallation(), flashAttention: flashAttention)
    let count = shards ?? 1
    let plan = try ShardPlan(units: costs.units, costs: costs, count: count)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = String(decoding: try encoder.encode(ShardMatrix(plan)), as: UTF8.self) + "\n"
    let enough = ShardPlan.enough(for: costs.units, costs: costs)
    return (line, enough.flatMap { count > $0.count ? Self.warning(of: count, enough: $0) : nil })
  }

  private static func warning(of count: Int, enough: (count: Int, longest: String)) -> Diagnostic {
    .warning(
      "\(count) shards end no earlier than \(enough.count), since '\(enough.longest)' alone takes that long; use \(enough.count) or fewer"
    )
  }
}
