import Foundation
import SystemPackage
import ToolExecution

/// Starts a program or loads a library twice, as it was and packed, and compares.
struct UPXTrial: Sendable {
  let runner: ToolRunner
  /// The interpreter that loads libraries; without one they are not packed.
  let python: FilePath?
  /// How long one attempt may take.
  let patience: Duration

  /// What a comparison shows.
  enum Verdict: Hashable, Sendable {
    /// Both work alike; the seconds that each takes.
    case same(before: Double, after: Double)
    /// Why the packed file must not ship.
    case different(String)
  }

  /// The reason when nothing can be said about the packed file.
  static let untried = "the original could not be tried out on this machine"

  private struct Answer {
    var text: String
    var seconds: Double
  }

  /// Compares a file with its packed form, which lies elsewhere.
  ///
  /// - Throws: `CancellationError` only.
  func compare(_ file: UPXStage.Candidate, with packed: FilePath) async throws -> Verdict {
    if !file.isProgram, python == nil { return .different("there is no python3 to load it with") }
    guard let before = try await bestAnswer(of: file, at: file.path) else { return .different(Self.untried) }
    guard let after = try await bestAnswer(of: file, at: packed) else {
      return .different("the packed file does not \(file.isProgram ? "start" : "load")")
    }
    guard before.text == after.text else { return .different("the packed file answers otherwise") }
    return .same(before: before.seconds, after: after.seconds)
  }

  /// The answer, with the shortest of three times; `nil` when there is none.
  private func bestAnswer(of file: UPXStage.Candidate, at path: FilePath) async throws -> Answer? {
    var best: Answer?
    for _ in 0..<3 {
      guard let next = try await answer(of: file, at: path) else { return nil }
      if best.map({ next.seconds < $0.seconds }) ?? true { best = next }
    }
    if let seconds = best?.seconds { best?.seconds = (seconds * 10_000).rounded() / 10_000 }
    return best
  }

  private func answer(of file: UPXStage.Candidate, at path: FilePath) async throws -> Answer? {
    guard !file.isProgram else {
      // No LD_LIBRARY_PATH: a packed program must find its libraries beside itself, as its users' will.
      let call = Invocation(path.string, ["--version"], environment: ["LD_LIBRARY_PATH": nil])
      let start = ContinuousClock.now
      guard let text = try await output(of: call) else { return nil }
      let elapsed = start.duration(to: .now).components
      return Answer(
        text: text.replacing("\(path.removingLastComponent())/", with: ""),
        seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
      )
    }
    guard let python else { return nil }
    // The interpreter's own start is no part of the time.
    let program = """
      import ctypes, sys, time
      start = time.perf_counter()
      ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_LOCAL)
      print("\\n%.6f" % (time.perf_counter() - start))
      """
    let folders = file.libraryFolders.map(\.string).joined(separator: ":")
    let call = Invocation(
      python.string,
      ["-c", program, path.string],
      environment: ["LD_LIBRARY_PATH": folders]
    )
    guard let line = try await output(of: call)?.split(separator: "\n").last, let seconds = Double(line)
    else {
      return nil
    }
    return Answer(text: "", seconds: seconds)
  }

  /// What a call prints, with its status where that isn't 0; `nil` when it can't be started, crashes or hangs.
  ///
  /// A status of its own is an answer too: llama-quantize knows no `--version` and prints its usage.
  private func output(of call: Invocation) async throws -> String? {
    do {
      return try await withThrowingTaskGroup(of: String?.self) { group in
        group.addTask { try await runner.output(of: call) }
        group.addTask {
          try await Task.sleep(for: patience)
          return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
      }
    } catch ToolError.failed(_, let outcome, _, let lines) {
      // 126 and 127 are the loader's; a signal has no status.
      guard let status = outcome.firstMatch(of: #/status (\d+)$/#), let code = Int(status.1), code < 126
      else {
        return nil
      }
      return (lines + [outcome]).joined(separator: "\n")
    } catch {
      // A file that the kernel refuses isn't even started.
      try Task.checkCancellation()
      return nil
    }
  }
}
