internal import CDeflate
internal import CZlib

/// Turns a whole deflate stream into one that others can follow.
///
/// The bit that calls its last block the last is cleared, and an empty stored block leads to the next byte boundary. To
/// find that bit the stream has to be unpacked, as zlib's example gzjoin.c does; so everything that is written into an
/// archive has been read back once.
enum DeflateJoint {
  /// The most bytes that a joint adds.
  static let byteCount = 5

  /// Opens the end of a stream.
  ///
  /// - Throws: ``ArchiveError/library(_:)`` when `stream` doesn't unpack to what is expected, or there is no memory.
  static func open(_ stream: inout [UInt8], expecting expected: Deflate.Piece) throws(ArchiveError) {
    let found = try lastBlock(of: stream)
    guard found.crc == expected.crc, found.count == expected.inputCount else {
      throw .library("libdeflate: what it compressed does not unpack to the same bytes")
    }
    stream[found.header / 8] &= ~(1 << UInt8(found.header % 8))
    // The header of a stored block is three bits, all zero here.
    let unused = stream.count * 8 - found.end
    stream[stream.count - 1] &= UInt8(0xFF >> unused)
    stream += unused >= 3 ? [0, 0, 0xFF, 0xFF] : [0, 0, 0, 0xFF, 0xFF]
  }

  /// Where the last block's header and the end of the stream lie, in bits; what the stream unpacks to.
  private struct Reading {
    var header = 0
    var end = 0
    var crc: UInt32 = 0
    var count = 0
  }

  private static func lastBlock(of bytes: [UInt8]) throws(ArchiveError) -> Reading {
    let state = try RawInflate()
    defer { withExtendedLifetime(state) {} }
    let stream = state.stream
    let reading = bytes.withUnsafeBufferPointer { input in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 18) { output -> Reading? in
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        var reading = Reading()
        while true {
          stream.pointee.next_out = output.baseAddress
          stream.pointee.avail_out = UInt32(output.count)
          // Z_BLOCK comes back at the end of each block, with the unused bits of the last byte in data_type.
          guard inflate(stream, Z_BLOCK) == Z_OK else { return nil }
          let made = output.count - Int(stream.pointee.avail_out)
          reading.crc = libdeflate_crc32(reading.crc, output.baseAddress, made)
          reading.count += made
          let state = stream.pointee.data_type
          let position = (input.count - Int(stream.pointee.avail_in)) * 8 - Int(state & 7)
          guard state & 128 != 0 else { continue }
          guard state & 64 != 0 else {
            reading.header = position
            continue
          }
          reading.end = position
          return stream.pointee.avail_in == 0 ? reading : nil
        }
      }
    }
    guard let reading else { throw .library("libdeflate: what it compressed can't be unpacked") }
    return reading
  }
}
