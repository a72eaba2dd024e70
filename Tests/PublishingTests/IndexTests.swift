import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Publishing

/// A release on its way to a real index server, over connections that are lost.
@Suite("Publishing to an index", .serialized, .enabled(if: Tools.isReady, Tools.absence))
struct IndexTests {
  private static let order = ["sample_cu12_sm75", "sample_cu12_sm80", "sample_core", "sample"].map {
    "\($0)-1.2.0-py3-none-any.whl"
  }

  private static func isWhole(_ index: FilePath, _ out: FilePath, _ files: [String]) throws -> Bool {
    try names(in: index) == files.sorted()
      && files.allSatisfy { try SHA256Digest.ofFile(at: index.appending($0)) == SHA256Digest.ofFile(at: out.appending($0)) }
  }

  @Test(arguments: 0..<4)
  func `A connection lost in each file in turn`(cut: Int) async throws {
    try await withTemporaryDirectory("cut") { folder in
      let (out, index) = (folder.appending("out"), folder.appending("index"))
      try await SampleRelease.write(into: out)
      try await withIndex(of: index, cut: cut) { upload, simple in
        let arguments = ["publish", out.string, "--publish-url", upload, "--check-url", simple]
        let first = try await Tools.run(arguments, in: folder)
        #expect(first.exitCode == 2, "\(first.stderr)")
        #expect(first.stderr.contains("'\(Self.order[cut])' was not uploaded (\(cut) of 4 files are there)"))
        #expect(first.stderr.contains("run the same command again"))
        // Exactly the files before it, in their order, and nothing of it.
        #expect(try Self.isWhole(index, out, Array(Self.order[..<cut])))

        let second = try await Tools.run(arguments, in: folder)
        #expect(second.exitCode == 0, "\(second.stderr)")
        #expect(try Self.isWhole(index, out, Self.order))
        #expect(second.stdout.components(separatedBy: "is there").count - 1 == cut)
        for result in [first, second] { #expect(!(result.stdout + result.stderr).contains("se-cret")) }

        let third = try await Tools.run(arguments + ["--dry-run"], in: folder)
        #expect(third.exitCode == 0 && third.stdout.components(separatedBy: "is there").count - 1 == 4)
        guard cut == 3 else { return }
        let venv = folder.appending("venv")
        let made = try await runTool(#require(Tools.tool("python")), ["-m", "venv", venv.string])
        try #require(made.isSuccess, "\(made.stderr)")
        let installed = try await runTool(
          venv.appending("bin/python"),
          ["-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--index-url", simple, "sample==1.2.0"],
          environment: ["PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": nil, "PIP_EXTRA_INDEX_URL": nil]
        )
        #expect(installed.isSuccess, "\(installed.stderr)")
        let packages = try await runTool(venv.appending("bin/python"), ["-m", "pip", "freeze"])
        #expect(
          packages.stdout.split(separator: "\n") == [
            "sample==1.2.0", "sample-core==1.2.0", "sample-cu12-sm75==1.2.0", "sample-cu12-sm80==1.2.0",
          ]
        )
      }
    }
  }

  @Test func `Other contents under a name refuse the whole before anything is sent`() async throws {
    try await withTemporaryDirectory("conflict") { folder in
      let (out, index) = (folder.appending("out"), folder.appending("index"))
      try await SampleRelease.write(into: out)
      try FileManager.default.createDirectory(atPath: index.string, withIntermediateDirectories: true)
      // The last in the order: only a check of all beforehand can see it in time.
      try Data("something else".utf8).write(to: URL(fileURLWithPath: index.appending(Self.order[3]).string))
      try await withIndex(of: index) { upload, simple in
        for more in [["--dry-run"], []] {
          let arguments = ["publish", out.string, "--publish-url", upload, "--check-url", simple] + more
          let result = try await Tools.run(arguments, in: folder)
          #expect(result.exitCode == 4, "\(result.stderr)")
          #expect(result.stderr.contains("nothing was sent") && result.stderr.contains(Self.order[3]))
          #expect(try names(in: index) == [Self.order[3]])
        }
      }
    }
  }

  @Test func `A dry run reports everything and sends nothing`() async throws {
    try await withTemporaryDirectory("dry") { folder in
      let (out, index) = (folder.appending("out"), folder.appending("index"))
      try await SampleRelease.write(into: out)
      try await withIndex(of: index) { upload, simple in
        let arguments = [
          "publish", out.string, "--publish-url", upload, "--check-url", simple, "--dry-run", "--format", "json",
          "--assets", folder.appending("assets").string, "--index-page", folder.appending("pages").string,
          "--base-url", "https://example.com/files",
        ]
        let result = try await Tools.run(arguments, in: folder)
        #expect(result.exitCode == 0, "\(result.stderr)")
        let value = try #require(try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any])
        let rows = try #require(value["rows"] as? [[String: Any]])
        #expect(rows.filter { $0["place"] as? String == "index" }.map { $0["file"] as? String } == Self.order)
        #expect(rows.allSatisfy { $0["action"] as? String == "new" } && value["dryRun"] as? Bool == true)
        #expect(try names(in: index).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder.appending("assets").string))
        #expect(!FileManager.default.fileExists(atPath: folder.appending("pages").string))
      }
    }
  }

  @Test func `twine uploads what uv says is missing`() async throws {
    try await withTemporaryDirectory("twine") { folder in
      let (out, index) = (folder.appending("out"), folder.appending("index"))
      try await SampleRelease.write(into: out)
      try FileManager.default.createDirectory(atPath: index.string, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: out.appending(Self.order[0]).string,
        toPath: index.appending(Self.order[0]).string
      )
      try await withIndex(of: index) { upload, simple in
        let arguments = ["publish", out.string, "--uploader", "twine", "--publish-url", upload, "--check-url", simple]
        let result = try await Tools.run(arguments, in: folder)
        #expect(result.exitCode == 0, "\(result.stderr)")
        #expect(try Self.isWhole(index, out, Self.order))
        #expect(!(result.stdout + result.stderr).contains("se-cret"))
      }
    }
  }

  @Test func `A release that breaks a rule is not sent`() async throws {
    try await withTemporaryDirectory("broken") { folder in
      let (out, index) = (folder.appending("out"), folder.appending("index"))
      try await SampleRelease.write(into: out)
      let file = out.appending(Self.order[0]).string
      let handle = try #require(FileHandle(forWritingAtPath: file))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data([0]))
      try handle.close()
      try await withIndex(of: index) { upload, simple in
        let arguments = ["publish", out.string, "--publish-url", upload, "--check-url", simple]
        let result = try await Tools.run(arguments, in: folder)
        #expect(result.exitCode == 4)
        #expect(result.stderr.contains("Z10") && result.stderr.contains("C02") && result.stderr.contains("nothing was sent"))
        #expect(try names(in: index).isEmpty)
      }
    }
  }
}
