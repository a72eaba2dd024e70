import Archives
import Foundation
import SystemPackage
import ToolExecution

/// A release on GitHub, through gh: a draft until everything is in it, so that nobody sees a half of it.
struct GitHubRelease: Sendable {
  let tag: String
  let runner: ToolRunner
  let locator: ToolLocator

  private struct View: Decodable {
    struct Asset: Decodable {
      let name: String
      let size: Int64
      /// `sha256:…`; older services don't tell.
      let digest: String?
    }
    let isDraft: Bool
    let assets: [Asset]
  }

  /// The names that are there already, with the same contents; nil when there is no such release.
  ///
  /// - Throws: ``PublishError/conflicts(place:_:)``, `ToolError` when gh is missing or refuses.
  func present(_ files: [FilePath]) async throws -> Set<String>? {
    guard let view = try await view() else { return nil }
    let there = Dictionary(view.assets.map { ($0.name, $0) }) { first, _ in first }
    var same: Set<String> = []
    var conflicts: [String] = []
    for file in files {
      let name = file.lastComponent?.string ?? ""
      guard let asset = there[name] else { continue }
      let digest = "sha256:\(try SHA256Digest.ofFile(at: file).hex)"
      if asset.digest == digest {
        same.insert(name)
      } else {
        conflicts.append("'\(name)' is there with \(asset.digest ?? "\(asset.size) bytes and no digest"), ours is \(digest)")
      }
    }
    guard conflicts.isEmpty else { throw PublishError.conflicts(place: "the release \(tag)", conflicts) }
    return same
  }

  private func view() async throws -> View? {
    let lines = Lines()
    do {
      try await runner.run(
        Invocation(try gh, ["release", "view", tag, "--json", "isDraft,assets"]),
        onLine: { lines.append($0) }
      )
    } catch ToolError.failed(_, _, _, let told) where told.contains(where: { $0.contains("release not found") }) {
      return nil
    }
    return try JSONDecoder().decode(View.self, from: Data(lines.all.joined(separator: "\n").utf8))
  }

  /// Makes the draft.
  func create(title: String) async throws {
    try await run(["release", "create", tag, "--draft", "--title", title, "--notes", "", "--verify-tag"])
  }

  /// Uploads one file.
  func upload(_ file: FilePath) async throws { try await run(["release", "upload", tag, file.string]) }

  /// Shows the draft to everybody.
  func announce() async throws { try await run(["release", "edit", tag, "--draft=false"]) }

  private func run(_ arguments: [String]) async throws {
    try await runner.run(Invocation(try gh, arguments, environment: ["GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"]))
  }

  private var gh: String {
    get throws { try locator.require("gh", hint: "install GitHub's command line tool").string }
  }
}
