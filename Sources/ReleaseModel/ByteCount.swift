/// A number of bytes, exact.
///
/// Limits and sizes are compared as whole numbers of bytes, never as rounded megabytes: PyPI accepts a file of
/// 104,857,600 bytes and refuses one byte more.
public struct ByteCount: Hashable, Sendable, Comparable, Codable {
  /// The number of bytes.
  public var bytes: Int64

  /// Makes a count of that many bytes.
  public init(_ bytes: Int64) { self.bytes = bytes }

  /// Makes a count from a size that the standard library gave as `Int`.
  public init(_ bytes: Int) { self.bytes = Int64(bytes) }

  /// No bytes.
  public static let zero = ByteCount(Int64(0))

  /// PyPI's default limit for one file: 100 MiB, 104,857,600 bytes (warehouse, `MAX_FILESIZE`).
  public static let pypiFileLimit = ByteCount(Int64(100 * 1024 * 1024))

  /// Reads `104857600`, `104,857,600`, `100MiB`, `1.5 GiB` or `100MB`; letters' case doesn't matter.
  ///
  /// Binary units (KiB, MiB, GiB) are powers of 1024, decimal ones (kB, MB, GB) powers of 1000. Commas and
  /// underscores separate thousands only: `1,5GiB` is refused, since it may mean 1.5 or 15.
  ///
  /// - Returns: `nil` when the text is anything else, or the size doesn't fit in 63 bits.
  public init?(parsing text: String) {
    let shape = #/\ *([0-9]+|[0-9]{1,3}(?:[,_][0-9]{3})+)(\.[0-9]+)?\ ?([A-Za-z]*)\ */#
    guard let match = text.wholeMatch(of: shape) else { return nil }
    let factors: [String: Int64] = [
      "": 1, "b": 1, "k": 1024, "kib": 1024, "kb": 1000, "m": 1_048_576, "mib": 1_048_576, "mb": 1_000_000,
      "g": 1_073_741_824, "gib": 1_073_741_824, "gb": 1_000_000_000,
    ]
    guard let whole = Int64(match.1.filter(\.isNumber)), let factor = factors[match.3.lowercased()] else {
      return nil
    }
    // Whole numbers never pass through floating point, which is exact only up to 2^53.
    let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    var part: Int64 = 0
    if let fraction = match.2 {
      guard factor > 1, let value = Double("0\(fraction)") else { return nil }
      part = Int64((value * Double(factor)).rounded())
    }
    let (sum, tooLarge) = product.addingReportingOverflow(part)
    guard !tooLarge else { return nil }
    self.bytes = sum
  }

  /// Writes the bare number of bytes.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bytes)
  }

  /// Reads a bare number of bytes.
  public init(from decoder: any Decoder) throws {
    self.bytes = try decoder.singleValueContainer().decode(Int64.self)
  }

  /// Orders by size.
  public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }

  /// The sum of two counts.
  public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
    ByteCount(left.bytes + right.bytes)
  }

  /// The difference of two counts; may be negative, as in a comparison of two releases.
  public static func - (left: ByteCount, right: ByteCount) -> ByteCount {
    ByteCount(left.bytes - right.bytes)
  }

  /// Adds to a count in place.
  public static func += (left: inout ByteCount, right: ByteCount) { left.bytes += right.bytes }
}

extension ByteCount: CustomStringConvertible {
  /// The number with thousands separated, for people: `104,857,600`.
  public var description: String {
    let digits = String(bytes.magnitude)
    var out = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { out += "," }
      out.append(digit)
    }
    return bytes < 0 ? "-" + out : out
  }

  /// The size in MiB with one decimal, for people: `100.0 MiB`.
  public var mebibytes: String {
    let tenths = (Double(bytes) / 1_048_576 * 10).rounded() / 10
    return "\(tenths) MiB"
  }

  /// This size as a percentage of a limit, with one decimal, such as `97.3 %`.
  public func percentage(of limit: ByteCount) -> String {
    guard limit.bytes > 0 else { return "-" }
    return "\((Double(bytes) / Double(limit.bytes) * 1000).rounded() / 10) %"
  }
}
