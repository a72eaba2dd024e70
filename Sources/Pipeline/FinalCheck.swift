import Foundation
import ReleaseModel
import SystemPackage
import ToolExecution
import Verification

/// The verification at the end of the main job: on the files as they are, before they are put in place.
struct FinalCheck: Sendable {
  let spec: ReleaseSpec
  let workspace: Workspace
  let listener: any ProgressListener

  /// Verifies an assembled release.
  func report(on folder: FilePath) async throws -> VerificationReport {
    var options = Verifier.Options()
    options.cap = spec.cap
    options.skipped = ["P04", "X09"]
    return try await Verifier(options).verify([folder])
  }

  /// Tells what was found, and rejects a release that breaks a rule.
  ///
  /// What is over its budget is no failure here: that release is written, and has an exit code of its own.
  ///
  /// - Throws: `VerificationFailure`. The files then lie in the build folder's `rejected/`, to be looked at; the output
  ///   folder is left as it was, so that nobody uploads what is wrong.
  func judge(_ folder: FilePath, by report: VerificationReport) throws {
    for finding in report.advice.prefix(Self.shown) {
      let place = finding.place.map { " (\($0))" } ?? ""
      listener.told("advice \(finding.rule.id): \(finding.file)\(place): \(finding.seen)")
    }
    if report.advice.count > Self.shown {
      listener.told(
        "and \(report.advice.count - Self.shown) more; llcuda-build verify \(spec.outputFolder) tells all"
      )
    }
    guard report.failures.isEmpty else {
      let rejected = workspace.root.appending("rejected")
      try? FileManager.default.removeItem(atPath: rejected.string)
      try FileManager.default.moveItem(atPath: folder.string, toPath: rejected.string)
      throw VerificationFailure(
        report,
        consequence: "'\(spec.outputFolder)' is as it was; the files are in '\(rejected)' to look at"
      )
    }
    try? FileManager.default.removeItem(atPath: workspace.root.appending("rejected").string)
    listener.ended("\(report.files.count) files keep every rule")
  }

  /// How many pieces of advice a run tells.
  private static let shown = 8
}
