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
            try await builder.compile(
              ["all"],
              of: tree,
              in: folders[index],
              environment: [:],
              number: 1,
              jobserver: jobservers[index],
              heir: jobservers[1 - index]
            )
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
        _ jobserver: Jobserver,
        heir: Jobserver? = nil
      ) async throws {
        try await builder.compile(
          [target],
          of: try BuildTreeTests().tree(kind),
          in: folder,
          environment: [:],
          number: kind == .kernels ? 1 : 2,
          jobserver: jobserver,
          heir: heir
        )
      }
      async let first: Void = compile("all", .core, in: meeting, a)
      try await compile("more", .kernels, in: waiting, b, heir: a)
      try await first
      let met = try FileManager.default.contentsOfDirectory(atPath: root.appending("met").string)
      #expect(met.count == 3)
    }
  }

  /// Takes tokens out of a jobserver's pipe, as Ninja does.
  private func take(_ count: Int, from jobserver: Jobserver) throws -> Int {
    let pipe = try open(jobserver)
    defer { try? pipe.close() }
    return try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { bytes in
      do { return try pipe.read(into: bytes) } catch Errno.wouldBlock { return 0 }
    }
  }

  @Test("what is left or lent to a tree that has ended stays where it is")
  func left() throws {
    let (kernels, core) = (try Jobserver(jobs: 2), try Jobserver(jobs: 2))
    #expect(try take(9, from: kernels) == 1)
    try core.leave(to: kernels)
    for _ in 0..<2 { try kernels.lend(to: core, remaining: 1, isEnding: true) }
    #expect(try take(9, from: kernels) == 2)
    #expect(try take(9, from: core) == 0)
  }

  @Test(
    "a job is lent that was unused twice and that no step waits for, or, near the end, that none will need",
    arguments: [
      // Three of five jobs run; two lie unused.
      (remaining: 9, isEnding: false, lent: 0), (remaining: 4, isEnding: false, lent: 1),
      (remaining: 3, isEnding: false, lent: 2), (remaining: 9, isEnding: true, lent: 2),
    ]
  )
  func spare(remaining: Int, isEnding: Bool, lent: Int) throws {
    let (kernels, core) = (try Jobserver(jobs: 2), try Jobserver(jobs: 5))
    func lend() throws -> Int {
      try core.lend(to: kernels, remaining: remaining, isEnding: isEnding)
      return try take(9, from: kernels)
    }
    #expect(try lend() == 1, "before Ninja runs: its own")
    #expect(try take(4, from: core) == 4)
    #expect(try lend() == 0, "all run")
    // Two steps end. What is unused now was not the last time.
    try putBack(2, into: core)
    #expect(try lend() == 0)
    #expect(try lend() == lent)
    #expect(try take(9, from: core) == 2 - lent)
  }

  private func putBack(_ count: Int, into jobserver: Jobserver) throws {
    let pipe = try open(jobserver)
    defer { try? pipe.close() }
    try pipe.writeAll(Array(repeating: UInt8(ascii: "+"), count: count))
  }

  private func open(_ jobserver: Jobserver) throws -> FileDescriptor {
    let flags = try #require(jobserver.environment["MAKEFLAGS"] ?? nil)
    let path = try #require(flags.split(separator: "fifo:").last)
    return try FileDescriptor.open(FilePath(String(path)), .readWrite, options: .nonBlocking)
  }
}
