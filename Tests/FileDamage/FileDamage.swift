/// Damages files for tests of what reads them.
public enum FileDamage {
  /// Bytes with one to six places changed, half of them where a format keeps what others rely on: headers, tables, the
  /// ends of archives.
  public static func damage(_ bytes: [UInt8], _ generator: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    let interesting: [UInt64] = [
      0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, UInt64.max, 1 << 63, 8, 64,
    ]
    for _ in 0..<Int.random(in: 1...6, using: &generator) {
      guard bytes.count > 16 else { break }
      // Half of the time near an end, where headers are.
      var place = Int.random(in: 0..<bytes.count - 8, using: &generator)
      if Bool.random(using: &generator) {
        let near = Int.random(in: 0..<min(2048, bytes.count - 8), using: &generator)
        place = Bool.random(using: &generator) ? near : bytes.count - 8 - near
      }
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2, 3:
        let value = interesting.randomElement(using: &generator) ?? 0
        let width = [1, 2, 4, 8].randomElement(using: &generator) ?? 4
        for index in 0..<width {
          bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
        }
      case 4: bytes.removeLast(Int.random(in: 1...min(bytes.count / 2, 4096), using: &generator))
      default:
        let count = Int.random(in: 1...64, using: &generator)
        let from = Int.random(in: 0..<max(1, bytes.count - count), using: &generator)
        let piece = Array(bytes[from..<min(bytes.count, from + count)])
        bytes.replaceSubrange(
          place..<min(bytes.count, place + piece.count),
          with: piece.prefix(bytes.count - place)
        )
      }
    }
    return bytes
  }
}

/// A random number generator that repeats itself when given the same seed (SplitMix64).
public struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  /// Starts at a seed.
  public init(seed: UInt64) { state = seed }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
