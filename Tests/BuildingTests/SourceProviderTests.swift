import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Building

@Suite("Bringing llama.cpp to disk") struct SourceProviderTests {
  private func provider(_ folder: FilePath) -> SourceProvider {
    SourceProvider(
      folders: Folders(resources: folder, cache: folder.appending("cache")),
      runner: ToolRunner(),
      locator: ToolLocator(),
      log: folder.appending("source.log")
    )
  }

  private static func tool(_ name: String, _ arguments: [String]) async throws -> String {
    let result = try await runTool(try #require(CUDAToolkitForTests.onPath(name)), arguments)
    try #require(result.isSuccess, "\(result.stderr)")
    return result.stdout.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func stored(_ folder: FilePath) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.appending("cache/sources").string)) ?? []
  }

  @Test("a folder is used in place; its digest follows its files")
  func folder() async throws {
    try await withTemporaryDirectory { folder in
      let source = folder.appending("my llama")
      try LlamaCppTreeTests.fill(source)
      let first = try await provider(folder).tree(of: .folder(source.string))
      #expect(first.path == source && first.origin == "folder my llama" && first.digest.hasPrefix("tree:"))
      let again = try await provider(folder).tree(of: .folder(source.string))
      #expect(again == first)
      let unit = source.appending("ggml/src/ggml-cuda/new.cu").string
      try Data("//".utf8).write(to: URL(fileURLWithPath: unit))
      #expect(try await provider(folder).tree(of: .folder(source.string)).digest != first.digest)
      #expect(stored(folder).isEmpty)
    }
  }

  @Test(
    "llama.cpp inside what was given is found",
    arguments: ["vendor/llama.cpp", "only", "only/vendor/llama.cpp"]
  )
  func nested(place: String) async throws {
    try await withTemporaryDirectory { folder in
      let source = folder.appending("source")
      try LlamaCppTreeTests.fill(source.appending(place))
      #expect(try await provider(folder).tree(of: .folder(source.string)).path == source.appending(place))
    }
  }

  @Test("what isn't there, or isn't llama.cpp")
  func missing() async throws {
    try await withTemporaryDirectory { folder in
      for source in [
        LlamaCppSource.folder(folder.appending("no").string), .tarball(folder.appending("no.tar.gz").string),
        .folder(folder.string),
      ] {
        let error = await #expect(throws: BuildError.self) { try await provider(folder).tree(of: source) }
        #expect(error?.exitStatus == .badInput)
      }
    }
  }

  @Test("a tarball is unpacked once, under its digest", arguments: ["gz", "xz"])
  func tarball(format: String) async throws {
    try await withTemporaryDirectory { folder in
      try LlamaCppTreeTests.fill(folder.appending("llama.cpp-b1234"))
      let file = folder.appending("llama.tar.\(format)")
      _ = try await Self.tool("tar", ["-C", folder.string, "-caf", file.string, "llama.cpp-b1234"])
      let tree = try await provider(folder).tree(of: .tarball(file.string))
      let sum = try await Self.tool("sha256sum", [file.string]).prefix(64)
      #expect(tree.digest == "sha256:\(sum)" && tree.origin == "llama.tar.\(format)")
      #expect(stored(folder) == ["tarball-\(sum.prefix(12))"])
      let mark = tree.path.appending("mark").string
      _ = FileManager.default.createFile(atPath: mark, contents: nil)
      #expect(try await provider(folder).tree(of: .tarball(file.string)) == tree)
      #expect(FileManager.default.fileExists(atPath: mark), "it was unpacked again")
    }
  }

  @Test("a tarball without a top folder is unpacked as it is")
  func flatTarball() async throws {
    try await withTemporaryDirectory { folder in
      let source = folder.appending("source")
      try LlamaCppTreeTests.fill(source)
      let file = folder.appending("llama.tar.gz")
      let names = try FileManager.default.contentsOfDirectory(atPath: source.string)
      _ = try await Self.tool("tar", ["-C", source.string, "-czf", file.string] + names)
      let tree = try await provider(folder).tree(of: .tarball(file.string))
      #expect(FileManager.default.fileExists(atPath: tree.path.appending("CMakeLists.txt").string))
    }
  }

  @Test("a tarball that was cut off leaves nothing behind")
  func brokenTarball() async throws {
    try await withTemporaryDirectory { folder in
      let source = folder.appending("source")
      try LlamaCppTreeTests.fill(source)
      let noise = Data((0..<200_000).map { _ in UInt8.random(in: 0...255) })
      try noise.write(to: URL(fileURLWithPath: source.appending("noise").string))
      let file = folder.appending("llama.tar.gz")
      _ = try await Self.tool("tar", ["-C", folder.string, "-czf", file.string, "source"])
      let whole = try #require(FileManager.default.contents(atPath: file.string))
      try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: file.string))
      await #expect(throws: (any Error).self) { try await provider(folder).tree(of: .tarball(file.string)) }
      #expect(stored(folder).isEmpty)
    }
  }

  /// A repository that sources are cloned from.
  private struct Upstream: Sendable {
    let folder: FilePath
    var url: String { "file://\(folder)" }

    func git(_ arguments: String...) async throws -> String {
      let identity = ["-C", folder.string, "-c", "user.name=Test", "-c", "user.email=test@example.org"]
      return try await SourceProviderTests.tool("git", identity + arguments)
    }

    /// Commits all that is there, with a note of this text, and gives the commit.
    func commit(_ text: String) async throws -> String {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.appending("note").string))
      _ = try await git("add", ".")
      _ = try await git("commit", "--quiet", "-m", text)
      return try await git("rev-parse", "HEAD")
    }
  }

  /// A repository of llama.cpp without a commit.
  private func upstream(in folder: FilePath) async throws -> Upstream {
    let upstream = Upstream(folder: folder.appending("upstream"))
    try LlamaCppTreeTests.fill(upstream.folder)
    _ = try await upstream.git("init", "--quiet", "--initial-branch", "main")
    return upstream
  }

  /// What the note of a checked-out commit says.
  private func note(_ source: SourceInUse) throws -> String {
    try String(contentsOfFile: source.tree.path.appending("note").string, encoding: .utf8)
  }

  @Test("a git repository at a tag, a branch that moves, a commit")
  func git() async throws {
    try await withTemporaryDirectory { folder in
      let upstream = try await upstream(in: folder)
      let first = try await upstream.commit("first")
      _ = try await upstream.git("tag", "b1")
      let url = upstream.url
      let provider = provider(folder)
      // Runs side by side share one clone, one after the other.
      let together = try await withThrowingTaskGroup { group in
        for _ in 0..<4 { group.addTask { try await provider.tree(of: .git(url: url, reference: "b1")) } }
        return try await group.reduce(into: []) { $0.append($1.digest) }
      }
      #expect(together == Array(repeating: "git:\(first)", count: 4) && stored(folder).count == 1)
      let tagged = try await provider.tree(of: .git(url: url, reference: "b1"))
      #expect(tagged.digest == "git:\(first)" && tagged.origin == "\(url)@b1")
      #expect(try await provider.tree(of: .git(url: url, reference: "main")).digest == "git:\(first)")

      let second = try await upstream.commit("second")
      #expect(try await provider.tree(of: .git(url: url, reference: "main")).digest == "git:\(second)")
      #expect(try await provider.tree(of: .git(url: url, reference: "b1")).digest == "git:\(first)")
      #expect(try await provider.tree(of: .git(url: url, reference: second)).digest == "git:\(second)")
      #expect(stored(folder).count == 3)

      let error = await #expect(throws: BuildError.self) {
        try await provider.tree(of: .git(url: url, reference: "b2"))
      }
      #expect(error?.exitStatus == .badInput && error?.description.contains("b2") == true)
      #expect(stored(folder).count == 3, "the attempt left something behind")
    }
  }

  @Test("what one run compiles from isn't changed by another that wants the branch's new commit")
  func inUse() async throws {
    try await withTemporaryDirectory { folder in
      let upstream = try await upstream(in: folder)
      let main = LlamaCppSource.git(url: upstream.url, reference: "main")
      let provider = provider(folder)

      let first = try await upstream.commit("first")
      let held = try await provider.source(main)
      let second = try await upstream.commit("second")
      for _ in 1...2 {
        let other = try await provider.source(main)
        #expect(try note(other) == "second" && other.tree.digest == "git:\(second)")
        #expect(other.tree.path != held.tree.path)
      }
      #expect(try note(held) == "first" && held.tree.digest == "git:\(first)")
      withExtendedLifetime(held) {}
      #expect(stored(folder).count == 2)
    }
  }

  @Test("a clone that is free takes the branch's new commit")
  func free() async throws {
    try await withTemporaryDirectory { folder in
      let upstream = try await upstream(in: folder)
      let main = LlamaCppSource.git(url: upstream.url, reference: "main")
      let provider = provider(folder)
      var places: Set<FilePath> = []
      for text in ["first", "second", "third"] {
        _ = try await upstream.commit(text)
        let source = try await provider.source(main)
        places.insert(source.tree.path)
        #expect(try note(source) == text)
      }
      #expect(places.count == 1 && stored(folder).count == 1)
    }
  }

  @Test(
    "a password or token in an address is not told to anybody",
    arguments: [
      ("https://user:secret@host/x.git", "https://host/x.git"), ("https://token@host/x", "https://host/x"),
      ("ssh://git@host/x.git", "ssh://git@host/x.git"), ("git@host:x.git", "git@host:x.git"),
      ("https://host/x@y.git", "https://host/x@y.git"),
    ]
  )
  func secrets(url: String, shown: String) {
    #expect(SourceProvider.withoutSecrets(url) == shown)
  }
}

extension SourceProvider {
  /// A source that nobody else is after.
  fileprivate func tree(of source: LlamaCppSource) async throws -> LlamaCppTree {
    try await self.source(source).tree
  }
}
