/// Ninja's own record of what it ran, `.ninja_log`: finished commands with their times.
///
/// Lines of five fields with tabs between: start and end in milliseconds since Ninja began, a time, the output, a hash
/// of the command (`build_log.cc`, versions 5 to 7). The log grows over runs, and an output may stand in it many times.
public struct NinjaLog: Hashable, Sendable {
  /// One finished command.
  public struct Entry: Hashable, Sendable {
    /// When it began, in milliseconds since that run of Ninja began.
    public let start: Int64
    /// When it ended.
    public let end: Int64
    /// What it made.
    public let output: String
    /// The time and the hash, which tell two runs' entries of the same output apart.
    let mark: String
  }

  /// The entries in the order of the file.
  public let entries: [Entry]

  /// Reads a log; lines of another form are no entries.
  public init(parsing text: String) {
    entries = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard !line.hasPrefix("#"), fields.count == 5, let start = Int64(fields[0]), let end = Int64(fields[1]),
        start >= 0, end >= start
      else { return nil }
      return Entry(start: start, end: end, output: String(fields[3]), mark: "\(fields[2]) \(fields[4])")
    }
  }

  /// The entries that an earlier state of the log doesn't have.
  public func entries(since earlier: NinjaLog) -> [Entry] {
    let known = Set(earlier.entries)
    return entries.filter { !known.contains($0) }
  }

  /// What the last run of each output took, in seconds.
  public var secondsByOutput: [String: Double] {
    Dictionary(entries.map { ($0.output, Double($0.end - $0.start) / 1000) }) { $1 }
  }
}

extension NinjaLog.Entry {
  /// The entry as a span; `nil` for what is neither compiled nor linked.
  ///
  /// - Parameter began: when Ninja began, in seconds since 1970.
  public func span(track: String, began: Double) -> Span? {
    let name = output.split(separator: "/").last.map(String.init) ?? output
    let isObject = name.hasSuffix(".o")
    // A library's symbolic links are entries of their own that take no time.
    guard isObject || end - start > 5 else { return nil }
    return Span(
      isObject ? .compile : .link,
      isObject ? String(name.dropLast(2)) : name,
      track: track,
      start: began + Double(start) / 1000,
      end: began + Double(end) / 1000
    )
  }
}
