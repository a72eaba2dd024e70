internal import CLzma
import Foundation

/// How many bytes a stream has after xz, without keeping it.
///
/// The settings are those of kernels in one stream: instructions are 16 bytes long, so that places modulo 16 tell more
/// about a byte than the byte before it (`lc=0 lp=4 pb=4`); text takes the usual ones.
public final class XZSize {
  private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private var count: Int64 = 0

  /// Starts a stream.
  ///
  /// - Parameters:
  ///   - isText: whether bytes are text and not machine code.
  ///   - dictionary: how far back equal bytes are found; the memory needed is eleven times that.
  /// - Throws: ``ArchiveError/library(_:)`` when there is no memory.
  public init(isText: Bool, dictionary: Int) throws {
    stream.initialize(to: lzma_stream())
    var options = lzma_options_lzma()
    guard lzma_lzma_preset(&options, 6) == 0 else { throw ArchiveError.library("lzma_lzma_preset") }
    options.dict_size = UInt32(min(max(dictionary, 1 << 16), 64 << 20))
    if !isText { (options.lc, options.lp, options.pb) = (0, 4, 4) }
    let status = withUnsafeMutablePointer(to: &options) { options in
      let filters = [
        lzma_filter(id: 0x21, options: UnsafeMutableRawPointer(options)),  // LZMA_FILTER_LZMA2
        lzma_filter(id: UInt64.max, options: nil),  // LZMA_VLI_UNKNOWN, the end
      ]
      return lzma_stream_encoder(stream, filters, LZMA_CHECK_CRC64)
    }
    guard status == LZMA_OK else { throw ArchiveError.library("lzma_stream_encoder: \(status.rawValue)") }
  }

  deinit {
    lzma_end(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// Adds bytes.
  ///
  /// - Throws: ``ArchiveError/library(_:)``, `CancellationError`.
  public func update(_ bytes: UnsafeRawBufferPointer) throws {
    for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
      try Task.checkCancellation()
      stream.pointee.next_in = bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: UInt8.self) }
      stream.pointee.avail_in = min(1 << 20, bytes.count - start)
      while stream.pointee.avail_in > 0 { try code(LZMA_RUN) }
    }
  }

  /// Ends the stream; call it once.
  ///
  /// - Returns: its bytes.
  public func finish() throws -> Int64 {
    while try code(LZMA_FINISH) != LZMA_STREAM_END { try Task.checkCancellation() }
    return count
  }

  @discardableResult
  private func code(_ action: lzma_action) throws(ArchiveError) -> lzma_ret {
    stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = output.count
    let status = lzma_code(stream, action)
    count += Int64(output.count - stream.pointee.avail_out)
    guard status == LZMA_OK || status == LZMA_STREAM_END else {
      throw .library("lzma_code: \(status.rawValue)")
    }
    return status
  }
}
