/// Gives every byte of a file to exactly one part, whatever the parts say about themselves.
///
/// Of parts that overlap, the one that was claimed first has the bytes.
struct Claims<Owner> {
  /// A run of bytes and whose it is; `nil` for bytes that nobody claimed.
  struct Piece {
    let range: Range<Int>
    let owner: Owner?
  }

  private struct Claim {
    let range: Range<Int>
    let owner: Owner
  }

  /// The length of the file in bytes.
  let count: Int
  private var claims: [Claim] = []

  /// Makes claims on a file of `count` bytes.
  init(count: Int) { self.count = count }

  /// Claims a range; what lies outside of the file is left out.
  mutating func claim(_ range: Range<Int>, _ owner: Owner) {
    let inside = range.clamped(to: 0..<count)
    if !inside.isEmpty { claims.append(Claim(range: inside, owner: owner)) }
  }

  /// Claims a range given by untrusted numbers.
  mutating func claim(from start: UInt64, count length: UInt64, _ owner: Owner) {
    guard start < UInt64(count) else { return }
    let room = UInt64(count) - start
    claim(Int(start)..<Int(start + min(length, room)), owner)
  }

  /// All bytes of the file in order; how many bytes were claimed twice.
  func pieces() -> (pieces: [Piece], overlap: Int) {
    let order = claims.indices.sorted {
      (claims[$0].range.lowerBound, $0) < (claims[$1].range.lowerBound, $1)
    }
    // Sweep over the borders with the claims that are open, of which the earliest made wins.
    var pieces: [Piece] = []
    var overlap = 0
    var position = 0
    var open: [Int] = []  // claims that reach beyond `position`, in the order they were made
    var next = 0
    func append(_ range: Range<Int>, _ owner: Int?) {
      guard !range.isEmpty else { return }
      pieces.append(Piece(range: range, owner: owner.map { claims[$0].owner }))
    }
    while position < count {
      while next < order.count, claims[order[next]].range.lowerBound <= position {
        let index = order[next]
        open.insert(index, at: open.firstIndex { $0 > index } ?? open.endIndex)
        next += 1
      }
      open.removeAll { claims[$0].range.upperBound <= position }
      let border = next < order.count ? claims[order[next]].range.lowerBound : count
      guard let first = open.first else {
        append(position..<border, nil)
        position = border
        continue
      }
      // A claim that was made earlier may begin later, so a piece ends at the next begin at the latest.
      let end = min(border, open.map { claims[$0].range.upperBound }.min() ?? border)
      append(position..<end, first)
      overlap += (end - position) * (open.count - 1)
      position = end
    }
    return (pieces, overlap)
  }
}
