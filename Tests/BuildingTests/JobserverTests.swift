import Building
import Foundation
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@Suite(
  "Two trees under one jobserver",
  .enabled(if: CUDAToolkitForTests.onPath("ninja") != nil, "needs ninja on PATH")
)
struct JobserverTests {
  /// A tree of `count` steps, each of which notes how many of all trees run while it does.
  private func tree(_ name: String, count: Int, in root: FilePath) throws -> FilePath {
    let folder = root.appending(name)
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    let step = """
      rule step
        command = touch ../running/$out && ls ../running | wc -l >> ../seen && sleep 0.2 && rm ../running/$out && touch $out

      """
    let outputs = (0..<count).map { "\(name)\($0)" }
    let edges = outputs.map { "build \($0): step\n" }.joined()
    let text = step + edges + "build all: phony \(outputs.joined(separator: " "))\n"
    try text.write(toFile: folder.appending("build.ninja").string, atomically: true, encoding: .utf8)
    return folder
  }

  @Test("never run more compilers than there are jobs, and all of them when one tree has ended")
  func share() async throws {
    let ninja = try #require(CUDAToolkitForTests.onPath("ninja"))
    try await withTemporaryDirectory { root in
      try FileManager.default.createDirectory(
        atPath: root.appending("running").string,
        withIntermediateDirectories: true
      )
      let folders = [try tree("a", count: 24, in: root), try tree("b", count: 3, in: root)]
      let builder = TreeBuilder(
        cmake: "cmake",
        ninja: ninja,
        runner: ToolRunner(),
        listener: TreeBuilderTests.Silence(),
        jobs: 4,
        logs: root.appending("logs")
      )
      let jobserver = try Jobserver(jobs: 4, clients: 2)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (folder, kind) in zip(folders, [BuildTree.Kind.kernels, .core]) {
          let tree = try BuildTreeTests().tree(kind)
          group.addTask {
            try await builder.compile(
              ["all"],
              of: tree,
              in: folder,
              environment: [:],
              number: 1,
              jobserver: jobserver
            )
          }
        }
        for try await _ in group { try jobserver.clientEnded() }
      }
      let seen = try String(contentsOfFile: root.appending("seen").string, encoding: .utf8)
        .split(separator: "\n").compactMap { Int($0) }
      #expect(seen.count == 27)
      #expect(seen.max() == 4, "\(seen)")
      // The shorter tree has long ended, and its place came free: without it there are three.
      #expect(seen.suffix(8).max() == 4, "\(seen)")
    }
  }
}
