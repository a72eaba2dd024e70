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

  /// The same costs in a build without flash attention: its units are compiled all the same, with empty kernels.
  ///
  /// Such a unit takes about twice as long as one of the small ones, whose time goes into reading headers: what instantiates
  /// many templates has host code for all of them (measured with 7.5 and CUDA 13.0 on 16 busy cores: 6 to 19 s, 11.7 on
  /// average, and 4.3 to 6 s for the small ones).
  public var withoutFlashAttention: UnitCosts {
    let empty = 2.3 * least
    return UnitCosts(
      Dictionary(
        uniqueKeysWithValues: seconds.map { unit, time in
          (unit, unit.hasPrefix("fattn") ? min(time, empty) : time)
        }
      )
    )
  }

  /// The same costs where some units are compiled as one.
  public func merging(_ merged: MergedUnits) -> UnitCosts {
    var seconds = seconds
    for unit in merged.units {
      for member in unit.members { seconds[member] = nil }
      seconds[unit.name] = unit.seconds
    }
    return UnitCosts(seconds)
  }

  /// What the shortest unit takes: about the time in which one reads its headers.
  var least: Double { seconds.values.min() ?? median }

  /// What the longest unit takes; on many cores, that one decides.
  var longest: Double { seconds.values.max() ?? median }

  /// Whether a unit, by file name, was measured.
  func isMeasured(_ unit: String) -> Bool { seconds[unit] != nil }

  /// The units that were measured, by name.
  public var units: [String] { seconds.keys.sorted() }

  /// Units or their objects with their seconds, the longest first; ties go by name.
  func longestFirst(_ units: [String]) -> [(name: String, seconds: Double)] {
    units.map { (name: $0, seconds: seconds(of: $0)) }
      .sorted { $0.seconds == $1.seconds ? $0.name < $1.name : $0.seconds > $1.seconds }
  }

  /// The seconds of a unit or of its object, by the last part of its path.
  public func seconds(of unit: String) -> Double {
    let name = unit.split(separator: "/").last.map(String.init) ?? unit
    return seconds[name.hasSuffix(".o") ? String(name.dropLast(2)) : name] ?? median
  }
}
