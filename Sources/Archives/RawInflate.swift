internal import CZlib

/// The state of zlib's inflate for raw deflate streams (RFC 1951).
///
/// zlib keeps a pointer to it, so it must not move; it lives as long as this object.
final class RawInflate {
  let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

  /// - Throws: ``ArchiveError/library(_:)`` when there is no memory.
  init() throws(ArchiveError) {
    stream.initialize(to: z_stream())
    guard inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .library("inflateInit2: no memory")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }
}
