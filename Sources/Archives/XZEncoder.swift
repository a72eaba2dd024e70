internal import CLzma

/// liblzma's encoder for one stream: bytes in, pieces of the stream out.
final class XZEncoder {
  private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

  /// - Throws: ``ArchiveError/library(_:)`` when liblzma refuses the settings or has no memory.
  init(_ settings: XZ.Settings) throws(ArchiveError) {
    stream.initialize(to: lzma_stream())
    var options = lzma_options_lzma()
    let preset = settings.preset | (settings.isExtreme ? 1 << 31 : 0)
    guard lzma_lzma_preset(&options, preset) == 0 else {
      throw ArchiveError.library("xz: no preset \(settings.preset)")
    }
    options.dict_size = settings.dictionary
    options.lc = settings.literalContext
    options.lp = settings.literalPosition
    options.pb = settings.position
    let stream = stream
    let status = withUnsafeMutablePointer(to: &options) { options in
      // LZMA_FILTER_LZMA2 and the end mark LZMA_VLI_UNKNOWN are macros that Swift doesn't see.
      let filters = [lzma_filter(id: 0x21, options: options), lzma_filter(id: UInt64.max, options: nil)]
      return lzma_stream_encoder(stream, filters, LZMA_CHECK_CRC32)
    }
    guard status == LZMA_OK else { throw ArchiveError.library("xz: status \(status.rawValue)") }
  }

  deinit {
    lzma_end(stream)
    stream.deallocate()
    buffer.deallocate()
  }

  /// Adds bytes.
  ///
  /// - Parameter sink: gets what is ready of the stream, in order; possibly nothing.
  /// - Throws: ``ArchiveError/library(_:)``, what `sink` throws.
  func add(_ bytes: UnsafeRawBufferPointer, sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    guard bytes.count > 0 else { return }
    stream.pointee.next_in = bytes.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_in = bytes.count
    while stream.pointee.avail_in > 0 { try code(LZMA_RUN, sink: sink) }
  }

  /// Ends the stream; call it once.
  ///
  /// - Parameter sink: gets the rest of the stream, in order.
  func finish(sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    while try code(LZMA_FINISH, sink: sink) != LZMA_STREAM_END {}
  }

  @discardableResult
  private func code(_ action: lzma_action, sink: (UnsafeRawBufferPointer) throws -> Void) throws -> lzma_ret {
    stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = buffer.count
    let status = lzma_code(stream, action)
    let count = buffer.count - stream.pointee.avail_out
    if count > 0 { try sink(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])) }
    guard status == LZMA_OK || status == LZMA_STREAM_END else {
      throw ArchiveError.library("xz: status \(status.rawValue)")
    }
    return status
  }
}
