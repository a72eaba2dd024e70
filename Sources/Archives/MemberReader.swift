internal import CZlib
import Foundation
import SystemPackage

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

extension ZipListing {
  /// Whether this program can unpack a member.
  public static func canRead(_ member: Member) -> Bool {
    !member.isEncrypted && (member.method == 0 || member.method == 8)
  }

  /// The digest of a member's bytes as unpacked.
  ///
  /// - Throws: ``ArchiveError`` when it is damaged.
  public func digest(of member: Member) throws -> SHA256Digest {
    let hasher = SHA256Digest.Stream()
    _ = try read(member) { hasher.update($0) }
    return hasher.finish()
  }

  /// The first bytes of a member, unpacked, without reading more than needed.
  ///
  /// - Throws: ``ArchiveError`` when it is damaged.
  public func prefix(of member: Member, count: Int) throws -> [UInt8] {
    var found: [UInt8] = []
    struct Enough: Error {}
    do {
      _ = try read(member) { bytes in
        found.append(contentsOf: bytes.prefix(count - found.count))
        if found.count >= count { throw Enough() }
      }
    } catch is Enough {}
    return found
  }

  /// Unpacks a member piece by piece and checks its size and checksum.
  ///
  /// - Parameter body: gets at most 64 KiB at a time; what it throws ends the reading.
  /// - Throws: ``ArchiveError/broken(_:why:)`` for a stream that is damaged, or gives other bytes than promised;
  ///   `CancellationError`.
  public func read(_ member: Member, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> CompressionMap
  {
    let file = try WindowedFile(path)
    let inflater = try Inflater(isStored: member.method == 0)
    var map = CompressionMap()
    var input = [UInt8](repeating: 0, count: 1 << 18)
    var place = member.data.lowerBound
    var unpacked: Int64 = 0
    var crc: UInt = 0
    func broken(_ why: String) -> ArchiveError { .broken(path, why: "its member '\(member.name)' \(why)") }
    while place < member.data.upperBound, !inflater.isFinished {
      try Task.checkCancellation()
      let room = Int(min(Int64(input.count), member.data.upperBound - place))
      if room < input.count { input.removeLast(input.count - room) }
      let count = try file.read(into: &input, at: place)
      guard count > 0 else { throw broken("is cut off") }
      place += Int64(count)
      try input.withUnsafeBytes { bytes in
        try inflater.feed(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { output in
          unpacked += Int64(output.count)
          guard unpacked <= member.byteCount else { throw broken("gives more bytes than it promises") }
          crc = output.withMemoryRebound(to: UInt8.self) { crc32(crc, $0.baseAddress, UInt32($0.count)) }
          map.append(unpacked: unpacked, compressed: inflater.consumed)
          try body(output)
        } whenBroken: {
          broken("is damaged")
        }
      }
    }
    map.end(compressed: member.compressedByteCount)
    guard inflater.isFinished || member.method == 0 else { throw broken("is cut off") }
    guard unpacked == member.byteCount else { throw broken("gives fewer bytes than it promises") }
    guard UInt32(truncatingIfNeeded: crc) == member.crc else {
      throw broken("has another checksum than it promises")
    }
    return map
  }
}

/// zlib's raw inflate, piece by piece.
private final class Inflater {
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private let isStored: Bool
  private(set) var isFinished = false
  private(set) var consumed: Int64 = 0

  init(isStored: Bool) throws(ArchiveError) {
    self.isStored = isStored
    stream.initialize(to: z_stream())
    guard inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .library("inflateInit2")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  func feed(
    _ input: UnsafeRawBufferPointer,
    _ body: (UnsafeRawBufferPointer) throws -> Void,
    whenBroken: () -> ArchiveError
  ) throws {
    guard !isStored else {
      for start in stride(from: 0, to: input.count, by: output.count) {
        let piece = input[start..<min(start + output.count, input.count)]
        consumed += Int64(piece.count)
        try body(UnsafeRawBufferPointer(rebasing: piece))
      }
      return
    }
    let bytes = input.bindMemory(to: UInt8.self)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
    stream.pointee.avail_in = UInt32(input.count)
    var isFull = true
    while !isFinished, stream.pointee.avail_in > 0 || isFull {
      stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(output.count)
      let before = Int64(stream.pointee.avail_in)
      let status = inflate(stream, Z_NO_FLUSH)
      consumed += before - Int64(stream.pointee.avail_in)
      let count = output.count - Int(stream.pointee.avail_out)
      isFull = stream.pointee.avail_out == 0
      if status == Z_STREAM_END { isFinished = true }
      // Z_BUF_ERROR: there was nothing to do, which the next window changes.
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw whenBroken() }
      if count > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<count])) }
      if status == Z_BUF_ERROR { break }
    }
  }
}
