public import ReleaseModel

/// What a part of an artifact weighs, in three ways.
public struct Weight: Hashable, Sendable, Codable {
  /// Its bytes in the file as installed; exact, but for a kernel in a compressed image: that one's share by its size.
  public var bytes: ByteCount
  /// Its bytes with fat binaries decompressed.
  public var expandedBytes: ByteCount
  /// Its share of the archive that the file comes in; `nil` for a file that comes in none.
  ///
  /// Shares are taken from the places of the compressed stream at every 64 KiB of the file, so those of small parts are
  /// near and their sum is exact.
  public var archivedBytes: ByteCount?

  /// Makes a weight.
  public init(bytes: Int64 = 0, expandedBytes: Int64? = nil, archivedBytes: Int64? = nil) {
    self.bytes = ByteCount(bytes)
    self.expandedBytes = ByteCount(expandedBytes ?? bytes)
    self.archivedBytes = archivedBytes.map { ByteCount($0) }
  }

  /// No bytes.
  public static let zero = Weight()

  /// The bytes that count against a limit for the file that is uploaded: those in the archive, if there is one.
  public var shipped: ByteCount { archivedBytes ?? bytes }

  /// The sum; what comes in an archive and what doesn't add up to something that does.
  public static func + (left: Weight, right: Weight) -> Weight {
    var sum = left
    sum += right
    return sum
  }

  /// Adds in place.
  public static func += (left: inout Weight, right: Weight) {
    left.bytes = left.bytes.adding(right.bytes)
    left.expandedBytes = left.expandedBytes.adding(right.expandedBytes)
    if let added = right.archivedBytes { left.archivedBytes = (left.archivedBytes ?? .zero).adding(added) }
  }
}

extension ByteCount {
  /// The sum, clamped: sizes that hostile files promise must not overflow.
  public func adding(_ other: ByteCount) -> ByteCount {
    let (sum, overflow) = bytes.addingReportingOverflow(other.bytes)
    return overflow ? ByteCount(Int64.max) : ByteCount(sum)
  }
}
