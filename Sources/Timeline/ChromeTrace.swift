import Foundation

/// Spans in the Trace Event Format that Perfetto and chrome://tracing open.
///
/// Complete events (`"ph": "X"`) with times in microseconds. A process is a track, a thread is a row in it: spans that
/// overlap get rows of their own, so that a compile tree shows one row per job.
public struct ChromeTrace: Hashable, Sendable {
  private let spans: [Span]

  /// Makes the trace of a run.
  public init(_ spans: [Span]) { self.spans = spans.sorted { ($0.start, $1.end) < ($1.start, $0.end) } }

  /// The JSON text.
  public var json: String {
    let origin = spans.map(\.start).min() ?? 0
    var events: [Event] = []
    let stages = spans.filter { $0.kind == .stage }
    let others = Dictionary(grouping: spans.filter { $0.kind != .stage }, by: \.track)
    let tracks = [("stages", stages)] + others.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    for (index, (track, spans)) in tracks.enumerated() {
      events.append(Event(name: "process_name", phase: "M", process: index + 1, label: track))
      var rows: [Double] = []
      for span in spans {
        let row = rows.firstIndex { $0 <= span.start + 1e-6 } ?? rows.count
        if row == rows.count { rows.append(0) }
        rows[row] = span.end
        events.append(
          Event(
            name: span.name,
            phase: "X",
            process: index + 1,
            thread: row + 1,
            category: span.kind.rawValue,
            time: Int64((span.start - origin) * 1e6),
            duration: Int64(span.seconds * 1e6)
          )
        )
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings and integers always encode. A line an event, so that the file can be searched.
    let lines = events.map { String(decoding: (try? encoder.encode($0)) ?? Data(), as: UTF8.self) }
    return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + lines.joined(separator: ",\n") + "\n]}\n"
  }

  private struct Event: Encodable {
    var name: String
    var phase: String
    var process: Int
    var thread: Int?
    var category: String?
    var time: Int64?
    var duration: Int64?
    var arguments: [String: String]?

    init(name: String, phase: String, process: Int, label: String) {
      (self.name, self.phase, self.process) = (name, phase, process)
      arguments = ["name": label]
    }

    init(
      name: String,
      phase: String,
      process: Int,
      thread: Int,
      category: String,
      time: Int64,
      duration: Int64
    ) {
      (self.name, self.phase, self.process, self.thread) = (name, phase, process, thread)
      (self.category, self.time, self.duration) = (category, time, duration)
    }

    enum CodingKeys: String, CodingKey {
      case name
      case phase = "ph"
      case process = "pid"
      case thread = "tid"
      case category = "cat"
      case time = "ts"
      case duration = "dur"
      case arguments = "args"
    }
  }
}
