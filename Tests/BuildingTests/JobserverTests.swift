import Building
import Foundation
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@Suite(
  "Two trees under a jobserver each",
  .enabled(if: CUDAToolkitForTests.onPath("ninja") != nil, "needs ninja on PATH")
)
struct JobserverTests {
  /// Each step notes how many of all trees run while it does.
  private static let step = """
    rule step
      command = touch ../running/$out && ls ../running | wc -l >> ../seen && sleep 0.1 && rm ../running/$out && touch $out

    """
  /// Three steps that wait for each other, beside a chain of short ones.
  ///
  /// Ninja asks for another place when a step ends. Whoever comes after the chain's end has not met; it takes five
  /// minutes, because beside other tests the end of a tree can be noticed late.
  private static let meeting = """
    rule tick
      command = [ `ls ../met | wc -l` = 3 ] || sleep 1; touch $out
    rule end
      command = touch ../ended $out
    rule meet
      command = [ -e ../ended ] || touch ../met/$out; until [ `ls ../met | wc -l` = 3 ] || [ -e ../ended ]; do sleep 0.1; done; touch $out

    """

  /// A tree of `count` steps; with a meeting behind them, if it shall have one.
  private func tree(_ name: String, count: Int, meets: Bool, in root: FilePath) throws -> FilePath {
    let folder = root.appending(name)
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    let steps = (0..<count).map { "\(name)\($0)" }
    var text = Self.step + steps.map { "build \($0): step\n" }.joined()
    var all = steps
    if meets {
      text += Self.meeting + "build tick0: tick || \(steps.joined(separator: " "))\n"
      text +=
        (1..<300).map { "build tick\($0): tick || tick\($0 - 1)\n" }.joined() + "build end: end || tick299\n"
      text += (0..<3).map { "build meet\($0): meet || \(steps.joined(separator: " "))\n" }.joined()
      all += ["meet0", "meet1", "meet2", "end"]
    }
    text += "build all: phony \(all.joined(separator: " "))\n"
    try text.write(toFile: folder.appending("build.ninja").string, atomically: true, encoding: .utf8)
    return folder
  }

  private func builder(in root: FilePath) throws -> TreeBuilder {
    for folder in ["running", "met"] {
      try FileManager.default.createDirectory(
        atPath: root.appending(folder).string,
        withIntermediateDirectories: true
      )
    }
    return TreeBuilder(
      cmake: "cmake",
      ninja: try #require(CUDAToolkitForTests.onPath("ninja")),
      runner: ToolRunner(),
      listener: TreeBuilderTests.Silence(),
      jobs: 4,
      logs: root.appending("logs")
    )
  }

  @Test("never run more compilers than there are jobs, and all of them when one tree has ended")
  func share() async throws {
    try await withTemporaryDirectory { root in
      let folders = [
        try tree("a", count: 8, meets: true, in: root), try tree("b", count: 8, meets: false, in: root),
      ]
      let builder = try builder(in: root)
      let jobservers = [try Jobserver(jobs: 2), try Jobserver(jobs: 2)]
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, kind) in [BuildTree.Kind.kernels, .core].enumerated() {
          let tree = try BuildTreeTests().tree(kind)
          group.addTask {
            let lending = index == 0 ? Task { try await jobservers[0].lend(to: jobservers[1]) } : nil
            defer { lending?.cancel() }
            try await builder.compile(
              ["all"],
              of: tree,
              in: folders[index],
              environment: [:],
              number: 1,
              jobserver: jobservers[index]
            )
            try jobservers[index].leave(to: jobservers[1 - index])
          }
        }
        try await group.waitForAll()
      }
      let seen = try String(contentsOfFile: root.appending("seen").string, encoding: .utf8)
        .split(separator: "\n").compactMap { Int($0) }
      #expect(seen.count == 16)
      #expect(try #require(seen.max()) <= 4, "\(seen)")
      // Three steps and the chain ran at once: the other tree had ended, and its place came free.
      let met = try FileManager.default.contentsOfDirectory(atPath: root.appending("met").string)
      #expect(met.count == 3)
    }
  }

  @Test("what a tree's last step leaves unused, the other one gets before that step has ended")
  func lend() async throws {
    try await withTemporaryDirectory { root in
      let meeting = try tree("a", count: 8, meets: true, in: root)
      let waiting = try tree("b", count: 8, meets: false, in: root)
      let recipe = waiting.appending("build.ninja").string
      // Its last steps end when the other tree's three have met, or never will.
      try
        (String(contentsOfFile: recipe, encoding: .utf8) + """
          rule hold
            command = until [ `ls ../met | wc -l` = 3 ] || [ -e ../ended ]; do sleep 0.1; done; touch $out
          build hold0: hold
          build hold1: hold
          build more: phony all hold0 hold1

          """).write(toFile: recipe, atomically: true, encoding: .utf8)
      let builder = try builder(in: root)
      // Three steps and the chain need two more than they have, of four tokens of which the last two steps may hold two.
      let (a, b) = (try Jobserver(jobs: 2), try Jobserver(jobs: 5))
      @Sendable func compile(
        _ target: String,
        _ kind: BuildTree.Kind,
        in folder: FilePath,
        _ jobserver: Jobserver
      )
        async throws
      {
        try await builder.compile(
          [target],
          of: try BuildTreeTests().tree(kind),
          in: folder,
          environment: [:],
          number: kind == .kernels ? 1 : 2,
          jobserver: jobserver
        )
      }
      async let first: Void = compile("all", .core, in: meeting, a)
      let lending = Task { try await b.lend(to: a) }
      defer { lending.cancel() }
      try await compile("more", .kernels, in: waiting, b)
      try await first
      let met = try FileManager.default.contentsOfDirectory(atPath: root.appending("met").string)
      #expect(met.count == 3)
    }
  }

  @Test("what a tree leaves that has ended stays, until a long step's end, with the one it was left to")
  func left() async throws {
    let (kernels, core) = (try Jobserver(jobs: 2), try Jobserver(jobs: 2))
    /// What lies in a jobserver's pipe, taken as Ninja takes it.
    func taken(from jobserver: Jobserver) throws -> Int {
      let flags = try #require(jobserver.environment["MAKEFLAGS"] ?? nil)
      let path = try #require(flags.split(separator: "fifo:").last)
      let pipe = try FileDescriptor.open(FilePath(String(path)), .readOnly, options: .nonBlocking)
      defer { try? pipe.close() }
      return try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { bytes in
        try pipe.read(into: bytes)
      }
    }
    let lending = Task { try await kernels.lend(to: core) }
    defer { lending.cancel() }
    #expect(try taken(from: kernels) == 1)
    try core.leave(to: kernels)
    try await Task.sleep(for: .seconds(1))
    #expect(try taken(from: kernels) == 2)
  }
}
