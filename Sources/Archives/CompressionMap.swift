/// Where the bytes of an unpacked member lie in the compressed stream, at every 64 KiB.
public struct CompressionMap: Sendable, Hashable {
  /// Unpacked bytes and compressed bytes up to there; ascending in both.
  private var points: [(unpacked: Int64, compressed: Int64)] = [(0, 0)]

  /// Makes a map of nothing yet.
  public init() {}

  /// A map in which all bytes compress alike.
  public init(unpacked: Int64, compressed: Int64) {
    append(unpacked: unpacked, compressed: compressed)
  }

  /// Adds a place; one that isn't behind the last is left out.
  public mutating func append(unpacked: Int64, compressed: Int64) {
    guard let last = points.last, unpacked > last.unpacked else { return }
    points.append((unpacked, max(compressed, last.compressed)))
  }

  /// Sets how many compressed bytes there are altogether: the last block's end, a checksum.
  public mutating func end(compressed: Int64) {
    guard let last = points.indices.last, last > 0 else { return }
    points[last].compressed = max(compressed, points[last].compressed)
  }

  /// Cuts what is beyond a number of compressed bytes.
  public mutating func limit(to compressed: Int64) {
    for index in points.indices { points[index].compressed = min(points[index].compressed, compressed) }
    end(compressed: compressed)
  }

  /// The compressed bytes up to a place of the unpacked ones; between two known places as the crow flies.
  public func compressed(upTo place: Int64) -> Int64 {
    var low = 0
    var high = points.count - 1
    guard place < points[high].unpacked else { return points[high].compressed }
    while high - low > 1 {
      let middle = (low + high) / 2
      if points[middle].unpacked <= place { low = middle } else { high = middle }
    }
    let (from, to) = (points[low], points[high])
    let part =
      to.unpacked == from.unpacked ? 0 : Double(place - from.unpacked) / Double(to.unpacked - from.unpacked)
    return from.compressed + Int64(Double(to.compressed - from.compressed) * part)
  }

  /// The compressed bytes of a range; ranges side by side add up exactly.
  public func compressed(_ range: Range<Int>) -> Int64 {
    compressed(upTo: Int64(range.upperBound)) - compressed(upTo: Int64(range.lowerBound))
  }

  /// Compares the places.
  public static func == (left: CompressionMap, right: CompressionMap) -> Bool {
    left.points.elementsEqual(right.points, by: ==)
  }
  /// Hashes the places.
  public func hash(into hasher: inout Hasher) {
    for point in points {
      hasher.combine(point.unpacked)
      hasher.combine(point.compressed)
    }
  }
}
