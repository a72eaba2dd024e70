internal import CDeflate
internal import CZlib
import Foundation

/// Raw deflate (RFC 1951) in independent chunks, so that one large file keeps every core busy.
///
/// libdeflate looks for the cheapest parse where zlib takes the longest match: of 175 MB, a slice for 7.5 and the core, it
/// makes 0.946 of `zip -9`'s bytes in half its CPU time (`ci/bench/packaging`). It makes whole streams only, so a chunk is made one that others can
/// follow (``DeflateJoint``), as zlib's example gzjoin does. A ``Piece`` therefore stands by itself: joined in any
/// order, with ``end`` behind the last, pieces are one ordinary stream. They depend on the chunk size only, never on the
/// number of workers.
enum Deflate {
  /// Bytes of input per piece of work.
  ///
  /// A chunk can't see the one before it, which costs a part of a window of 32 KiB each time.
  static let chunkSize = 4 << 20
  /// libdeflate's level, of 12.
  ///
  /// Level 8 takes 0.4 of the time for 4 % more bytes (`ci/bench/packaging`), and bytes are
  /// what everybody downloads.
  static let level: Int32 = 11
  /// The empty last block behind the pieces of a stream.
  static let end: [UInt8] = [3, 0]

  /// Compressed bytes that end on a byte boundary, with more to follow.
  struct Piece: Sendable {
    var bytes: [UInt8]
    /// The CRC-32 of the input.
    var crc: UInt32
    /// The input's bytes.
    var inputCount: Int

    static let empty = Piece(bytes: [], crc: 0, inputCount: 0)
  }

  /// The ranges of the chunks of `count` bytes; one empty range for no bytes.
  static func chunks(of count: Int) -> [Range<Int>] {
    guard count > 0 else { return [0..<0] }
    return stride(from: 0, to: count, by: chunkSize).map { $0..<min(count, $0 + chunkSize) }
  }

  /// Compresses one chunk of `data`.
  ///
  /// - Throws: ``ArchiveError/library(_:)`` when there is no memory, or when the result doesn't unpack to the input.
  static func compress(_ data: Data, _ range: Range<Int>, level: Int32) throws(ArchiveError) -> Piece {
    guard !range.isEmpty else { return .empty }
    guard let compressor = libdeflate_alloc_compressor(level) else {
      throw .library("libdeflate_alloc_compressor: no memory")
    }
    defer { libdeflate_free_compressor(compressor) }
    let capacity = libdeflate_deflate_compress_bound(compressor, range.count)
    var crc: UInt32 = 0
    // Room for what a joint adds, so that the bytes are never copied.
    var bytes = [UInt8](unsafeUninitializedCapacity: capacity + DeflateJoint.byteCount) { buffer, count in
      data.withUnsafeBytes { input in
        let chunk = UnsafeRawBufferPointer(rebasing: input[range])
        crc = libdeflate_crc32(0, chunk.baseAddress, chunk.count)
        count = libdeflate_deflate_compress(
          compressor,
          chunk.baseAddress,
          chunk.count,
          buffer.baseAddress,
          capacity
        )
      }
    }
    guard !bytes.isEmpty else { throw .library("libdeflate: no room") }
    try DeflateJoint.open(&bytes, expecting: Piece(bytes: [], crc: crc, inputCount: range.count))
    return Piece(bytes: bytes, crc: crc, inputCount: range.count)
  }

  /// The checksum of two parts put together.
  static func combine(_ left: UInt32, _ right: UInt32, rightCount: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_combine(UInt(left), UInt(right), rightCount))
  }
}
