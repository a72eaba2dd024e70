import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Publishing

/// Places that take any file: a folder, a GitHub release, and pages that link them.
@Suite("Publishing assets")
struct AssetTests {
  private struct Silent: ProgressListener {
    func began(_ step: String) {}
    func moved(_ progress: BuildProgress) {}
    func ended(_ summary: String) {}
    func told(_ message: String) {}
  }

  private func publish(_ request: PublishRequest, path: String = "") async throws -> PublishReport {
    try await Publisher(request, locator: ToolLocator(path: path), listener: Silent()).run()
  }

  @Test func `A folder gets every file, once`() async throws {
    try await withTemporaryDirectory("folder") { folder in
      let (out, assets) = (folder.appending("out"), folder.appending("assets"))
      try await SampleRelease.write(into: out)
      var request = PublishRequest(release: out)
      request.assetsFolder = assets
      #expect(try await publish(request).rows.allSatisfy { $0.action == .sent })
      #expect(try names(in: assets) == names(in: out))
      #expect(try await publish(request).rows.allSatisfy { $0.action == .present })
      // As an interrupted copy leaves it.
      try FileManager.default.removeItem(atPath: assets.appending("SHA256SUMS").string)
      #expect(try await publish(request).rows.filter { $0.action == .sent }.map(\.file) == ["SHA256SUMS"])
      try Data([1]).write(to: URL(fileURLWithPath: assets.appending("SHA256SUMS").string))
      await #expect(throws: PublishError.self) { try await publish(request) }
    }
  }

  @Test(.enabled(if: Tools.tool("python") != nil, Tools.absence))
  func `Pages that pip installs from`() async throws {
    try await withTemporaryDirectory("pages") { folder in
      let (out, pages) = (folder.appending("out"), folder.appending("pages"))
      try await SampleRelease.write(into: out)
      var request = PublishRequest(release: out)
      request.pageFolder = pages
      request.baseURL = "https://example.com/a b".replacing(" ", with: "%20")
      _ = try await publish(request)
      let page = try String(contentsOfFile: pages.appending("sample-core/index.html").string, encoding: .utf8)
      let digest = try SHA256Digest.ofFile(at: out.appending("sample_core-1.2.0-py3-none-any.whl")).hex
      #expect(
        page.contains(
          "<a href=\"https://example.com/a%20b/sample_core-1.2.0-py3-none-any.whl#sha256=\(digest)\" data-requires-python=\"&gt;=3.9\">"
        )
      )
      // pip reads the same pages from disk, with the wheels' own folder in place of an address.
      for name in try names(in: pages) where name != "index.html" {
        let path = pages.appending(name).appending("index.html")
        let text = try String(contentsOfFile: path.string, encoding: .utf8)
        try text.replacing("https://example.com/a%20b", with: "file://\(out)").write(
          toFile: path.string,
          atomically: true,
          encoding: .utf8
        )
      }
      let target = folder.appending("target")
      let installed = try await runTool(
        #require(Tools.tool("python")),
        [
          "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--target", target.string,
          "--index-url", "file://\(pages)/", "sample",
        ],
        environment: ["PIP_CONFIG_FILE": "/dev/null"]
      )
      #expect(installed.isSuccess, "\(installed.stderr)")
      #expect(try names(in: target).contains("sample_cu12_sm80"))
    }
  }

  @Test func `A GitHub release is a draft until everything is in it`() async throws {
    try await withTemporaryDirectory("github") { folder in
      let (out, bin, state) = (folder.appending("out"), folder.appending("bin"), folder.appending("state"))
      try await SampleRelease.write(into: out)
      try FileManager.default.createDirectory(atPath: bin.string, withIntermediateDirectories: true)
      // Stands in for gh: keeps a release as a folder, and loses the network when told.
      let script = """
        #!/bin/bash
        set -eu
        export PATH=/usr/bin:/bin
        state='\(state)'
        echo "$*" >> "$state.log"
        case "$1 $2" in
          "release view")
            [ -d "$state" ] || { echo "release not found" >&2; exit 1; }
            draft=true; [ ! -e "$state.public" ] || draft=false
            printf '{"isDraft":%s,"assets":[' $draft; first=1
            for f in "$state"/*; do
              [ -e "$f" ] || continue
              [ $first = 1 ] || printf ','
              first=0
              printf '{"name":"%s","size":%s,"digest":"sha256:%s"}' "${f##*/}" "$(stat -c %s "$f")" "$(sha256sum "$f" | cut -d' ' -f1)"
            done
            printf ']}\\n' ;;
          "release create") mkdir "$state" ;;
          "release upload")
            if [ "${4##*/}" = SHA256SUMS ] && [ ! -e "$state.cut" ]; then touch "$state.cut"; echo "connection reset" >&2; exit 1; fi
            cp "$4" "$state/" ;;
          "release edit") touch "$state.public" ;;
        esac
        """
      let gh = bin.appending("gh")
      try Data(script.utf8).write(to: URL(fileURLWithPath: gh.string))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: gh.string)
      var request = PublishRequest(release: out)
      request.githubTag = "v1.2.0"
      await #expect(throws: PublishError.self) { try await publish(request, path: bin.string) }
      #expect(!FileManager.default.fileExists(atPath: "\(state).public"))
      let again = try await publish(request, path: bin.string)
      #expect(again.rows.filter { $0.action == .sent }.map(\.file) == ["SHA256SUMS"])
      #expect(FileManager.default.fileExists(atPath: "\(state).public"))
      #expect(try names(in: state) == names(in: out))
      try Data([1]).write(to: URL(fileURLWithPath: state.appending("manifest.json").string))
      await #expect(throws: PublishError.self) { try await publish(request, path: bin.string) }
    }
  }

  @Test func `Requests that say too little, or too much`() throws {
    func check(_ change: (inout PublishRequest) -> Void) throws {
      var request = PublishRequest(release: "out")
      change(&request)
      try request.check(environment: [:])
    }
    func index(_ change: (inout PublishRequest.Index) -> Void) -> PublishRequest.Index {
      var index = PublishRequest.Index()
      change(&index)
      return index
    }
    #expect(throws: PublishError.self) { try check { _ in } }
    #expect(throws: PublishError.self) { try check { $0.index = index { $0.publishURL = "https://example.com/" } } }
    #expect(throws: PublishError.self) { try check { $0.pageFolder = "x" } }
    #expect(throws: PublishError.self) {
      try check { $0.index = index { ($0.name, $0.checkURL) = ("testing", "https://example.com/simple/") } }
    }
    let secret = "https://jane:se-cret@example.com/"
    let error = #expect(throws: PublishError.self) {
      try check { $0.index = index { ($0.publishURL, $0.checkURL) = (secret, secret) } }
    }
    #expect(error.map { !"\($0)".contains("se-cret") } == true)
    try check { $0.index = index { $0.name = "testing" } }
  }
}
