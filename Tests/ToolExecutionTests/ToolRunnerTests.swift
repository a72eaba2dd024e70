import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@testable import ToolExecution

#if canImport(Glibc)
import Glibc
#endif

@Suite("ToolRunner")
struct ToolRunnerTests {
  let runner = ToolRunner()

  @Test("a failed tool's error holds status, last lines, log and the command to repeat")
  func failure() async throws {
    try await withTemporaryDirectory { folder in
      let log = folder.appending("logs/01-step.log")
      let invocation = Invocation(
        "/bin/sh",
        ["-c", "echo one; echo 'two words' >&2; exit 3"],
        environment: ["A": "b c"]
      )
      let error = await #expect(throws: ToolError.self) { try await runner.run(invocation, log: log) }
      let text = try #require(error).description
      #expect(text.contains("sh ended with status 3"))
      #expect(text.contains("| two words"))
      #expect(text.contains("whole log: \(log)"))
      #expect(text.contains("A='b c' /bin/sh -c"))
      #expect(error?.exitStatus == .buildFailed)
      let logged = try String(contentsOfFile: log.string, encoding: .utf8)
      #expect(logged.hasSuffix("one\ntwo words\n"))
    }
  }

  @Test("a child is as nice as this process, whichever thread starts it")
  func niceness() async throws {
    // Being nicer can't be taken back without privileges, so one step only, for the rest of this run.
    errno = 0
    let before = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(getpid()))
    try #require(errno == 0 && before < 19)
    try #require(setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(getpid()), before + 1) == 0)
    // It is given after the start, which can be a minute later beside other tests, so the child waits to be told.
    try await withTemporaryDirectory { folder in
      let (told, found) = (folder.appending("told").string, folder.appending("niceness").string)
      let look = "while [ ! -e \(told) ]; do sleep 0.1; done; nice > \(found)"
      try await runner.run(
        Invocation("/bin/sh", ["-c", look]),
        onStart: { _ in _ = FileManager.default.createFile(atPath: told, contents: nil) }
      )
      #expect(try String(contentsOfFile: found, encoding: .utf8) == "\(before + 1)\n")
    }
  }

  @Test("a tool that says the disk is full is told apart")
  func diskFull() async throws {
    let invocation = Invocation("/bin/sh", ["-c", "echo 'ld: x: No space left on device'; exit 1"])
    let error = await #expect(throws: ToolError.self) { try await runner.run(invocation) }
    #expect(error?.exitStatus == .diskFull)
  }

  @Test("a missing tool is named")
  func missing() async {
    let error = await #expect(throws: ToolError.self) {
      try await runner.run(Invocation("no-such-tool-here", []))
    }
    #expect(error?.exitStatus == .toolMissing)
    #expect(error?.description.contains("'no-such-tool-here' was not found") == true)
  }

  @Test("the printed command line, given to a shell, repeats the call")
  func repeats() async throws {
    let invocation = Invocation(
      "printf",
      ["%s|", "it's", "a b", "$HOME", ""],
      environment: ["LLCUDA_X": "1", "HOME": nil],
      workingDirectory: "/tmp"
    )
    let first = try await runner.output(of: invocation)
    let again = try await runner.output(of: Invocation("/bin/sh", ["-c", invocation.commandLine]))
    #expect(first == "it's|a b|$HOME||")
    #expect(again == first)
  }

  @Test("cancelling stops the whole tree, also members that ignore SIGTERM or lead groups of their own")
  func cancellation() async throws {
    try await withTemporaryDirectory { folder in
      let script = """
        trap '' TERM
        setsid sh -c "trap '' TERM; echo \\$\\$ > \(folder)/inner; while :; do sleep 0.05; done" &
        echo $$ > \(folder)/outer
        while :; do sleep 0.05; done
        """
      let task = Task { try await runner.run(Invocation("/bin/sh", ["-c", script])) }
      var pids: [Int32] = []
      while pids.count < 2 {
        try await Task.sleep(for: .milliseconds(50))
        pids = ["inner", "outer"].compactMap { name in
          let text = try? String(contentsOfFile: folder.appending(name).string, encoding: .utf8)
          return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      for pid in pids {
        // On a busy machine a killed process is there until it gets a processor once more.
        func isGone() -> Bool {
          let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
          return state == nil || state?.contains(") Z ") == true
        }
        for _ in 0..<100 where !isGone() { try await Task.sleep(for: .milliseconds(50)) }
        #expect(isGone(), "process \(pid) lives on")
      }
    }
  }

  @Test("a companion lives as long as the work beside it")
  func companion() async throws {
    try await withTemporaryDirectory { folder in
      let mark = folder.appending("pid")
      let pid = try await runner.withCompanion(
        Invocation("/bin/sh", ["-c", "echo $$ > \(mark); while :; do sleep 0.05; done"]),
        log: nil
      ) {
        while true {
          if let text = try? String(contentsOfFile: mark.string, encoding: .utf8),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
          {
            return pid
          }
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid)"))
    }
  }
}

@Suite("Machine and folders")
struct MachineTests {
  @Test(
    "jobs follow cores and memory",
    arguments: [(2, 24_000_000_000, 2), (16, 6_000_000_000, 4), (8, 500_000_000, 1)] as [(Int, Int64, Int)]
  )
  func jobs(cores: Int, memory: Int64, expected: Int) {
    #expect(Machine.jobs(cores: cores, memory: memory) == expected)
  }

  @Test("a locked folder refuses a second run and names the first")
  func lock() async throws {
    try await withTemporaryDirectory { folder in
      do {
        let held = try FolderLock(folder: folder)
        let error = #expect(throws: FolderInUse.self) { _ = try FolderLock(folder: folder) }
        #expect(error?.owner.contains("process \(getpid())") == true)
        withExtendedLifetime(held) {}
      }
      _ = try FolderLock(folder: folder)
    }
  }

  @Test("a tool is looked up on PATH; folders and plain files don't count")
  func locate() async throws {
    try await withTemporaryDirectory { folder in
      try FileManager.default.createDirectory(
        atPath: folder.appending("a/tool").string,
        withIntermediateDirectories: true
      )
      try FileManager.default.createDirectory(
        atPath: folder.appending("b").string,
        withIntermediateDirectories: true
      )
      let file = folder.appending("b/tool").string
      _ = FileManager.default.createFile(atPath: file, contents: Data("#!/bin/sh\n".utf8))
      let locator = ToolLocator(path: "\(folder)/a:\(folder)/b")
      #expect(locator.find("tool") == nil)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
      #expect(locator.find("tool")?.string == file)
      #expect(throws: ToolError.self) { try locator.require("other", hint: "install it") }
    }
  }
}
