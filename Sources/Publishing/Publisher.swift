import Foundation
import ReleaseModel
import SystemPackage
public import ToolExecution
import Verification

/// Publishes a release: verified first, checked everywhere before anything is sent, in an order that never leaves an
/// installable half, and announced when all of it is there. Run again, it goes on where it was.
public struct Publisher: Sendable {
  private let request: PublishRequest
  private let runner = ToolRunner()
  private let locator: ToolLocator
  private let listener: any ProgressListener

  /// Makes the job.
  public init(_ request: PublishRequest, locator: ToolLocator, listener: any ProgressListener) {
    self.request = request
    self.locator = locator
    self.listener = listener
  }

  /// Publishes, or reports what publishing would do.
  ///
  /// - Throws: `VerificationFailure`, ``PublishError``, `ToolError`.
  public func run() async throws -> PublishReport {
    try request.check(environment: ProcessInfo.processInfo.environment)
    let plan = try PublishPlan(release: request.release)
    let verified = try await verify()

    // Everything that can refuse is asked before anything is sent.
    let index = request.index.map {
      IndexUploader(index: $0, runner: runner, locator: locator, listener: listener)
    }
    let github = request.githubTag.map { GitHubRelease(tag: $0, runner: runner, locator: locator) }
    let folder = request.assetsFolder.map { AssetFolder(folder: $0) }
    listener.began("ask what is there already")
    let inFolder = try folder?.present(plan.assets) ?? []
    let onGitHub = try await github?.present(plan.assets)
    let onIndex = try await index?.present(plan.wheels) ?? []
    listener.ended("\(onIndex.count) of \(plan.wheels.count) wheels on the index")

    var report = PublishReport(dryRun: request.isDryRun)
    if let folder {
      try await send(plan.assets, to: "\(folder.folder)", present: inFolder, &report) { try folder.copy($0) }
    }
    if let github {
      if onGitHub == nil, !request.isDryRun {
        try await github.create(title: "\(plan.manifest.project.name) \(plan.manifest.project.version)")
      }
      try await send(plan.assets, to: "GitHub \(github.tag)", present: onGitHub ?? [], &report) {
        try await github.upload($0)
      }
    }
    if let index {
      let files = Dictionary(plan.wheels.map { ($0.path, $0) }) { first, _ in first }
      try await send(plan.wheels.map(\.path), to: "index", present: onIndex, &report) { path in
        if let file = files[path] { try await index.upload(file) }
      }
      if !request.isDryRun { try await confirm(plan, on: index) }
    }
    // What makes the rest visible comes last.
    if let github, !request.isDryRun { try await github.announce() }
    if let pages = request.pageFolder, let base = request.baseURL, !request.isDryRun {
      try IndexPages(baseURL: base, files: verified.files).write(into: pages)
      listener.told("index pages written to \(pages)")
    }
    return report
  }

  private func verify() async throws -> VerificationReport {
    listener.began("verify")
    var options = Verifier.Options()
    options.cap = request.cap
    let report = try await Verifier(options).verify([request.release])
    guard report.failures.isEmpty else {
      throw VerificationFailure(report, consequence: "nothing was sent")
    }
    listener.ended("\(report.files.count) files keep every rule")
    return report
  }

  private func send(
    _ files: [FilePath],
    to place: String,
    present: Set<String>,
    _ report: inout PublishReport,
    _ upload: (FilePath) async throws -> Void
  ) async throws {
    let missing = files.filter { !present.contains($0.lastComponent?.string ?? "") }
    for path in files {
      let name = path.lastComponent?.string ?? ""
      let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
      let bytes = ByteCount((attributes?[.size] as? NSNumber)?.int64Value ?? 0)
      func note(_ action: PublishReport.Action) {
        report.rows.append(.init(place: place, file: name, bytes: bytes, action: action))
      }
      guard missing.contains(path) else {
        note(.present)
        continue
      }
      guard !request.isDryRun else {
        note(.new)
        continue
      }
      listener.began("send \(name) to \(place)")
      do { try await upload(path) } catch ToolError.failed(_, let outcome, _, let lines) {
        let done = report.rows.filter { $0.place == place }.count
        // Not the command: a tool's own words are enough, and addresses stay out of logs.
        let why = ([outcome] + lines.suffix(4).map { $0.trimmingCharacters(in: .whitespaces) }).joined(separator: "; ")
        throw PublishError.interrupted(file: name, done: done, of: files.count, why: why)
      }
      listener.ended("\(bytes) bytes")
      note(.sent)
    }
  }

  /// Asks the index once more: it has to have every wheel now, by digest.
  private func confirm(_ plan: PublishPlan, on index: IndexUploader) async throws {
    // An index may take a moment to show what it took.
    for pause in [0, 2, 5, 10] {
      try await Task.sleep(for: .seconds(pause))
      let there = try await index.present(plan.wheels)
      if there.count == plan.wheels.count { return }
      if pause == 10 {
        let missing = plan.wheels.map(\.name).filter { !there.contains($0) }
        throw PublishError.incomplete(place: "the index", missing)
      }
    }
  }
}
