import ReleaseModel
import SizeModel

/// Divides slices among as few wheels as possible, exactly.
///
/// Among divisions into equally few wheels, the one whose largest wheel is the smallest is taken, and of those the first
/// in the order of the slices, so that the same list always gives the same plan. Every division is looked at, apart from
/// those that cannot be better; a release has about a dozen slices, and the division of what remains is found once for
/// each set of remaining ones.
struct BinPacking {
  /// The slices' weights.
  let weights: [Weight]
  /// What each wheel has besides.
  let overhead: Weight
  /// What a wheel may have, margin included.
  let capacity: ByteCount

  /// What a wheel of some slices may come to.
  func size(of bin: [Int]) -> ByteCount {
    bin.reduce(overhead) { $0 + weights[$1] }.packedAtMost
  }

  /// The slices of each wheel, by index, ascending; `nil` when one slice alone is too large.
  func bins() -> [[Int]]? {
    guard weights.count < 60, weights.indices.allSatisfy({ size(of: [$0]) <= capacity }) else { return nil }
    guard !weights.isEmpty else { return [] }
    if size(of: Array(weights.indices)) <= capacity { return [Array(weights.indices)] }
    var search = Search(packing: self)
    return search.best(of: (UInt64(1) << UInt64(weights.count)) - 1)?.bins
  }

  private struct Division {
    var bins: [[Int]] = []
    var largest = ByteCount.zero

    func isBetter(than other: Division) -> Bool {
      (bins.count, largest) < (other.bins.count, other.largest)
    }
  }

  private struct Search {
    let packing: BinPacking
    var found: [UInt64: Division] = [0: Division()]

    init(packing: BinPacking) { self.packing = packing }

    /// The best division of the slices of a set.
    mutating func best(of set: UInt64) -> Division? {
      if let known = found[set] { return known }
      // The lowest slice is in some wheel; with it, every choice of the others that fits is tried.
      var best: Division?
      extend([set.trailingZeroBitCount], of: set, best: &best)
      found[set] = best
      return best
    }

    private mutating func extend(_ bin: [Int], of set: UInt64, best: inout Division?) {
      let size = packing.size(of: bin)
      guard let last = bin.last, size <= packing.capacity else { return }
      for next in stride(from: last + 1, to: packing.weights.count, by: 1)
      where set & (1 << UInt64(next)) != 0 {
        extend(bin + [next], of: set, best: &best)
      }
      let rest = bin.reduce(set) { $0 & ~(1 << UInt64($1)) }
      guard var division = self.best(of: rest) else { return }
      division.bins.insert(bin, at: 0)
      division.largest = max(division.largest, size)
      if best.map({ division.isBetter(than: $0) }) ?? true { best = division }
    }
  }
}
