/// How long translation units take to compile, as measured (`cmake/long-units.txt`).
public struct UnitCosts: Hashable, Sendable {
  private let seconds: [String: Double]
  /// What a unit counts that nobody measured: the median of those that were.
  public let median: Double

  /// Makes the value from measured seconds by file name.
  public init(_ seconds: [String: Double]) {
    self.seconds = seconds
    let sorted = seconds.values.sorted()
    median = sorted.isEmpty ? 1 : sorted[sorted.count / 2]
  }

  /// Reads lines of a file name and seconds; other lines, comments among them, say nothing.
  public init(parsing text: String) {
    var seconds: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let fields = line.split(separator: " ")
      guard fields.count == 2, let value = Double(fields[1]), value.isFinite, value > 0 else { continue }
      seconds[String(fields[0])] = value
    }
    self.init(seconds)
  }

  /// The units that were measured, by name.
  public var units: [String] { seconds.keys.sorted() }

  /// The seconds of a unit or of its object, by the last part of its path.
  public func seconds(of unit: String) -> Double {
    let name = unit.split(separator: "/").last.map(String.init) ?? unit
    return seconds[name.hasSuffix(".o") ? String(name.dropLast(2)) : name] ?? median
  }
}
