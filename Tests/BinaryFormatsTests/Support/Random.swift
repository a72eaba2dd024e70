import Foundation

/// A random number generator that repeats itself when given the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  /// A generator with a new seed, which is printed; `LLCUDA_FUZZ_SEED` repeats a run.
  static func printingSeed(_ test: String) -> SeededGenerator {
    let given = ProcessInfo.processInfo.environment["LLCUDA_FUZZ_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("\(test): repeat with LLCUDA_FUZZ_SEED=\(seed)")
    return SeededGenerator(seed: seed)
  }
}
