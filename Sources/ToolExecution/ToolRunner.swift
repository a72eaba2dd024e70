import Foundation
import Subprocess
public import SystemPackage
import Timeline

/// Runs external programs: the only place that starts processes.
///
/// Every child leads a session of its own, so that it and all it started can be stopped together. When the calling
/// task is cancelled the whole tree gets SIGTERM, and SIGKILL three seconds later, also the members that moved to
/// process groups of their own, as ninja's children do.
public struct ToolRunner: Sendable {
  /// How many of the last lines an error quotes.
  private static let quotedLines = 25
  /// How long a stopped tree may take to clean up.
  private static let patience = Duration.seconds(3)

  /// Makes a runner.
  public init() {}

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - invocation: what to run.
  ///   - log: a file that receives the command and all output, standard error included.
  ///   - onLine: called with every line of output, in order.
  ///   - onStart: called once with the process's identifier.
  /// - Throws: ``ToolError/failed(_:outcome:log:lastLines:)`` for any status but 0, ``ToolError/notFound(_:hint:)``,
  ///   `CancellationError` after the tree was stopped.
  public func run(
    _ invocation: Invocation,
    log: FilePath? = nil,
    onStart: @Sendable (Int32) -> Void = { _ in },
    onLine: @Sendable (String) -> Void = { _ in }
  ) async throws {
    let entry = invocation.timelineEntry
    try await Span.measure(entry.kind, entry.name) {
      try await attend(invocation, log: log, onStart: onStart, onLine: onLine)
    }
  }

  private func attend(
    _ invocation: Invocation,
    log: FilePath?,
    onStart: @Sendable (Int32) -> Void,
    onLine: @Sendable (String) -> Void
  ) async throws {
    let logFile = try log.map { try LogFile(at: $0, heading: invocation.commandLine) }
    let tree = ProcessTree()
    var tail: [String] = []
    let outcome: String?
    do {
      let result = try await withTaskCancellationHandler {
        try await Subprocess.run(
          configuration(of: invocation),
          input: .none,
          output: .sequence,
          error: .combinedWithOutput
        ) { execution in
          let pid = Int32(execution.processIdentifier.value)
          tree.root = pid
          Machine.passOnNiceness(to: pid)
          onStart(pid)
          var splitter = LineSplitter()
          func take(_ line: String) {
            logFile?.write(line)
            onLine(line)
            tail.append(line)
            if tail.count > Self.quotedLines { tail.removeFirst() }
          }
          for try await piece in execution.standardOutput {
            piece.withUnsafeBytes { splitter.add($0, take) }
          }
          splitter.finish(take)
        }
      } onCancel: {
        tree.terminate()
      }
      outcome = Self.failure(result.terminationStatus)
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw ToolError.notFound(invocation.executable, hint: "install it or run ci/setup")
    } catch {
      tree.kill()
      try Task.checkCancellation()
      throw error
    }
    if Task.isCancelled {
      tree.kill()
      throw CancellationError()
    }
    if let outcome {
      while tail.last?.isEmpty == true { tail.removeLast() }
      throw ToolError.failed(invocation, outcome: outcome, log: log, lastLines: tail)
    }
  }

  /// Runs a program and returns what it printed, standard error included.
  ///
  /// - Throws: as ``run(_:log:onStart:onLine:)``.
  public func output(of invocation: Invocation) async throws -> String {
    let lines = LineCollector()
    try await run(invocation, onLine: { lines.append($0) })
    return lines.joined
  }

  /// Keeps a program running while `body` runs, and stops its tree afterwards.
  ///
  /// - Parameters:
  ///   - onEnd: called when the program has ended, by itself or stopped.
  ///   - onLine: called with every line of its output.
  /// - Throws: what `body` throws; a companion that ends early is not an error here, its users will notice.
  public func withCompanion<Result: Sendable>(
    _ invocation: Invocation,
    log: FilePath?,
    onEnd: @Sendable @escaping () -> Void = {},
    onLine: @Sendable @escaping (String) -> Void = { _ in },
    _ body: @Sendable @escaping () async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        try? await attend(invocation, log: log, onStart: { _ in }, onLine: onLine)
        onEnd()
        return nil
      }
      group.addTask { try await body() }
      defer { group.cancelAll() }
      while let finished = try await group.next() {
        if let finished { return finished }
      }
      throw CancellationError()
    }
  }

  private func configuration(of invocation: Invocation) -> Configuration {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [
      .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: Self.patience)
    ]
    var updates: [Environment.Key: String?] = [:]
    for (name, value) in invocation.environment {
      if let key = Environment.Key(rawValue: name) { updates.updateValue(value, forKey: key) }
    }
    let isPath = invocation.executable.contains("/")
    return Configuration(
      executable: isPath ? .path(FilePath(invocation.executable)) : .name(invocation.executable),
      arguments: Arguments(invocation.arguments),
      environment: .inherit.updating(updates),
      workingDirectory: invocation.workingDirectory,
      platformOptions: options
    )
  }

  private static func failure(_ status: TerminationStatus) -> String? {
    switch status {
    case .exited(0): nil
    case .exited(let code): "ended with status \(code)"
    case .signaled(let signal): signal == 9 ? "was killed; is memory short?" : "was ended by signal \(signal)"
    }
  }
}

/// Lines gathered by a callback that may run on any thread.
private final class LineCollector: @unchecked Sendable {
  private let lock = NSLock()
  private var lines: [String] = []

  func append(_ line: String) { lock.withLock { lines.append(line) } }
  var joined: String { lock.withLock { lines.joined(separator: "\n") } }
}
