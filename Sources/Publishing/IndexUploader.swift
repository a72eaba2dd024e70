import Foundation
import SystemPackage
import ToolExecution

/// Uploads wheels by uv or twine, and asks the index by uv what it has. No request of ours goes out, and no secret
/// passes through: the tools read their own.
struct IndexUploader: Sendable {
  let index: PublishRequest.Index
  let runner: ToolRunner
  let locator: ToolLocator
  let listener: any ProgressListener

  /// The names that the index has already, with the same contents.
  ///
  /// uv compares digests, and tells of every file whose contents differ.
  ///
  /// - Throws: ``PublishError/conflicts(place:_:)``, `ToolError` when uv is missing.
  func present(_ files: [PublishPlan.File]) async throws -> Set<String> {
    let uv = try locator.require("uv", hint: "run ci/setup, or pip install uv")
    let lines = Lines()
    do {
      try await runner.run(
        Invocation(uv.string, ["publish", "--dry-run"] + uvOptions + files.map(\.path.string), environment: quiet),
        onLine: { lines.append($0) }
      )
    } catch ToolError.failed(_, let outcome, _, _) {
      let told = lines.all.filter { $0.hasPrefix("error") || $0.contains("cause") || $0.contains("Caused by") }
      throw PublishError.conflicts(place: "the index", told.isEmpty ? ["uv \(outcome)"] + lines.all.suffix(3) : told)
    }
    let skipped = lines.all.filter { $0.contains("already exists, skipping") }
    return Set(files.map(\.name).filter { name in skipped.contains { $0.contains(name) } })
  }

  /// Uploads one file to its end.
  ///
  /// - Throws: `ToolError` with the tool's own words.
  func upload(_ file: PublishPlan.File) async throws {
    let invocation: Invocation
    switch index.uploader {
    case .uv:
      let uv = try locator.require("uv", hint: "run ci/setup, or pip install uv")
      invocation = Invocation(uv.string, ["publish"] + uvOptions + [file.path.string], environment: quiet)
    case .twine:
      let twine = try locator.require("twine", hint: "pip install twine (7 or newer)")
      var options = ["upload", "--non-interactive", "--disable-progress-bar"]
      if let url = index.publishURL { options += ["--repository-url", url] }
      if let name = index.name { options += ["--repository", name] }
      invocation = Invocation(twine.string, options + [file.path.string], environment: ["NO_COLOR": "1"])
    }
    try await runner.run(invocation)
  }

  private var uvOptions: [String] {
    var options = ["--no-progress", "--color", "never"]
    if let name = index.name { options += ["--index", name] }
    if let url = index.publishURL { options += ["--publish-url", url] }
    if let url = index.checkURL { options += ["--check-url", url] }
    return options
  }

  /// uv remembers index pages; what is there has to be asked anew.
  private var quiet: [String: String?] { ["UV_NO_CACHE": "1", "RUST_LOG": nil] }
}

/// Lines gathered by a callback that may run on any thread.
final class Lines: @unchecked Sendable {
  private let lock = NSLock()
  private var lines: [String] = []

  func append(_ line: String) { lock.withLock { lines.append(line) } }
  var all: [String] { lock.withLock { lines } }
}
