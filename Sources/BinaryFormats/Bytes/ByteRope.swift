/// Bytes put together from slices of other bytes, written out without being copied together first.
public struct ByteRope: Sendable {
  /// The slices in order; none is empty.
  public private(set) var pieces: [ByteSource] = []
  /// The length in bytes.
  public private(set) var count = 0

  /// Makes a rope without bytes.
  public init() {}

  /// Makes a rope of one slice.
  public init(_ piece: ByteSource) {
    append(piece)
  }

  /// Adds a slice at the end.
  public mutating func append(_ piece: ByteSource) {
    guard piece.count > 0 else { return }
    pieces.append(piece)
    count += piece.count
  }

  /// Adds the slices of another rope at the end.
  public mutating func append(_ other: ByteRope) {
    pieces += other.pieces
    count += other.count
  }

  /// Adds bytes at the end.
  public mutating func append(_ bytes: [UInt8]) {
    append(ByteSource(bytes, name: "new bytes"))
  }

  /// Adds zero bytes at the end, meant for padding.
  mutating func append(zeros: Int) {
    guard zeros > 0 else { return }
    append([UInt8](repeating: 0, count: zeros))
  }

  /// All bytes, copied into one array.
  public func array() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for piece in pieces { piece.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    return bytes
  }

  /// All bytes in one source; copies only when there are several slices.
  public func joined(name: String) -> ByteSource {
    guard pieces.count == 1, let only = pieces.first else {
      return ByteSource(array(), name: name)
    }
    return only
  }
}

extension ByteRope {
  /// A place in old bytes and what stands there in the new ones.
  struct Edit: Sendable {
    /// The bytes to leave out, counted from the begin of the old bytes.
    let range: Range<Int>
    /// What comes in their place, of any length.
    let replacement: ByteRope
  }

  /// Makes a rope of `source` with some places replaced.
  ///
  /// - Parameters:
  ///   - source: The old bytes.
  ///   - edits: Ranges inside the old bytes that do not overlap, in any order.
  /// - Throws: ``BinaryFormatError`` when ranges overlap or lie outside.
  init(_ source: ByteSource, edits: [Edit]) throws(BinaryFormatError) {
    var place = 0
    for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      guard edit.range.lowerBound >= place else {
        throw source.error(.invalid, at: edit.range.lowerBound, "two parts that have to be rewritten overlap")
      }
      append(try source.slice(place..<edit.range.lowerBound))
      append(edit.replacement)
      place = edit.range.upperBound
    }
    guard place <= source.count else {
      throw source.error(.truncated, at: source.count, "a part that has to be rewritten lies past the end")
    }
    append(source.unchecked(place..<source.count))
  }
}
