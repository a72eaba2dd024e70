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

  /// Reads `104857600`, `100MiB`, `1.5GiB` or `100MB`; letters' case and one space before the unit don't matter.
  ///
  /// Binary units (KiB, MiB, GiB) are powers of 1024, decimal ones (kB, MB, GB) powers of 1000.
  ///
  /// - Returns: `nil` when the text is anything else, or the size doesn't fit in 63 bits.
  public init?(parsing text: String) {
    let trimmed = text.filter { $0 != " " && $0 != "," && $0 != "_" }
    let number = trimmed.prefix { $0.isNumber || $0 == "." }
    let unit = trimmed.dropFirst(number.count).lowercased()
    let factors = [
      "": 1.0, "b": 1, "k": 1024, "kib": 1024, "kb": 1e3, "m": 1_048_576, "mib": 1_048_576, "mb": 1e6,
      "g": 1_073_741_824, "gib": 1_073_741_824, "gb": 1e9,
    ]
    guard let value = Double(number), let factor = factors[unit] else { return nil }
    let product = value * factor
    guard product.isFinite, product >= 0, product < 9e18 else { return nil }
    self.bytes = Int64(product.rounded())
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
