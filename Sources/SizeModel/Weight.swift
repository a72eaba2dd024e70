public import ReleaseModel

/// A predicted size, and how sure it is.
public struct Weight: Hashable, Sendable, Codable {
  /// Bytes when installed or unpacked.
  public var installed: ByteCount
  /// Bytes as a member of a wheel, or as a file to download.
  public var packed: ByteCount
  /// Why it is only an estimate, each in a few words; empty when this very combination was measured.
  public var estimates: [String]

  /// Makes a weight.
  public init(installed: ByteCount, packed: ByteCount, estimates: [String] = []) {
    self.installed = installed
    self.packed = packed
    self.estimates = estimates
  }

  /// Nothing.
  public static let zero = Weight(installed: .zero, packed: .zero)

  /// Both together; an estimate on either side makes the sum one.
  public static func + (left: Weight, right: Weight) -> Weight {
    let new = right.estimates.filter { !left.estimates.contains($0) }
    return Weight(
      installed: left.installed + right.installed,
      packed: left.packed + right.packed,
      estimates: left.estimates + new
    )
  }

  /// Adds in place.
  public static func += (left: inout Weight, right: Weight) { left = left + right }

  /// How far the truth may lie above, as a share: 3 % for what was measured, 15 % for a neighbour of it.
  public var margin: Double { estimates.isEmpty ? 0.03 : 0.15 }

  /// The packed size with its margin: what a plan that promises to fit reckons with.
  public var packedAtMost: ByteCount { ByteCount(Int64((Double(packed.bytes) * (1 + margin)).rounded(.up))) }
}
