import Foundation
import Synchronization
public import Timeline

/// Gathers the spans of a run.
///
/// It is task-local, so that whatever runs below a job can note what it does without being handed a recorder; without
/// one, nothing is noted.
public final class TimelineRecorder: Sendable {
  /// The recorder of the running job.
  @TaskLocal public static var current: TimelineRecorder?

  private let stored = Mutex<[Span]>([])

  /// Makes an empty recorder.
  public init() {}

  /// What was noted so far.
  public var spans: [Span] { stored.withLock(\.self) }

  /// Notes spans.
  public func add(_ spans: [Span]) { stored.withLock { $0 += spans } }

  /// The time, in seconds since 1970.
  public static var now: Double { Date().timeIntervalSince1970 }
}

extension Span {
  /// Runs `body` and notes how long it took, also when it throws.
  ///
  /// - Throws: what `body` throws.
  public static func measure<Result>(
    _ kind: Kind,
    _ name: String,
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Result
  ) async rethrows -> Result {
    guard let recorder = TimelineRecorder.current else { return try await body() }
    let start = TimelineRecorder.now
    defer { recorder.add([Span(kind, name, track: "release", start: start, end: TimelineRecorder.now)]) }
    return try await body()
  }

  /// The same for work that doesn't wait.
  ///
  /// - Throws: what `body` throws.
  public static func measure<Result>(
    _ kind: Kind,
    _ name: String,
    _ body: () throws -> Result
  ) rethrows -> Result {
    guard let recorder = TimelineRecorder.current else { return try body() }
    let start = TimelineRecorder.now
    defer { recorder.add([Span(kind, name, track: "release", start: start, end: TimelineRecorder.now)]) }
    return try body()
  }
}

extension Invocation {
  /// What a program's run is called in the timeline: the file it makes, if the command says so.
  var timelineEntry: (kind: Span.Kind, name: String) {
    let output = arguments.firstIndex(of: "-o").flatMap { flag in
      flag + 1 < arguments.count ? arguments[flag + 1].split(separator: "/").last.map(String.init) : nil
    }
    if let output, output.contains(".so") { return (.link, output) }
    if name == "strip" {
      return (.strip, arguments.count == 2 ? arguments[1] : "\(arguments.count - 1) files")
    }
    return (.tool, name)
  }
}
