import CLZ4
import CZstd
import SystemPackage

/// The two compressions of fat binaries, over liblz4 and libzstd.
///
/// Sizes were checked against the entry header by the callers; a stream that gives another size is an error.
enum FatbinCodec {
  /// Decompresses one raw LZ4 block of a known uncompressed size.
  static func decompressLZ4(
    _ input: ByteSource,
    size: Int,
    in buffer: ExpansionBuffer?
  ) throws(BinaryFormatError) -> ByteSource {
    guard let inputSize = CInt(exactly: input.count), let outputSize = CInt(exactly: size) else {
      throw input.error(.unsupported, "an LZ4 block cannot be larger than 2 GiB")
    }
    return try ByteSource(capacity: size, name: input.name, offset: input.offset, in: buffer) {
      memory throws(BinaryFormatError) in
      let written = input.withUnsafeBytes {
        LZ4_decompress_safe($0.baseAddress, memory.baseAddress, inputSize, outputSize)
      }
      guard written == outputSize else {
        throw input.error(
          .invalid,
          "the LZ4 block must give \(size) bytes; it is broken or gives another number"
        )
      }
      return size
    }
  }

  /// Decompresses only the first bytes of one raw LZ4 block.
  static func prefixOfLZ4(_ input: ByteSource, count: Int) throws(BinaryFormatError) -> ByteSource {
    guard let inputSize = CInt(exactly: input.count), let outputSize = CInt(exactly: count) else {
      throw input.error(.unsupported, "an LZ4 block cannot be larger than 2 GiB")
    }
    return try ByteSource(capacity: count, name: input.name, offset: input.offset) {
      memory throws(BinaryFormatError) in
      let written = input.withUnsafeBytes {
        LZ4_decompress_safe_partial($0.baseAddress, memory.baseAddress, inputSize, outputSize, outputSize)
      }
      guard written == outputSize else { throw input.error(.invalid, "the LZ4 block is broken") }
      return count
    }
  }

  /// Compresses to one raw LZ4 block at the level that liblz4 calls high compression; nil if it does not shrink.
  static func compressLZ4(_ input: ByteSource) throws(BinaryFormatError) -> ByteSource? {
    guard input.count > 0, let inputSize = CInt(exactly: input.count) else { return nil }
    return try ByteSource(capacity: input.count, name: input.name, offset: input.offset) {
      memory throws(BinaryFormatError) in
      // A capacity of the input's size makes liblz4 stop when the result would be larger.
      let written = input.withUnsafeBytes {
        LZ4_compress_HC($0.baseAddress, memory.baseAddress, inputSize, inputSize, LZ4HC_CLEVEL_DEFAULT)
      }
      return Int(max(written, 0))
    }.nonEmpty
  }

  /// Decompresses one zstd frame of a known uncompressed size.
  static func decompressZstd(
    _ input: ByteSource,
    size: Int,
    in buffer: ExpansionBuffer?
  ) throws(BinaryFormatError) -> ByteSource {
    let (frameSize, contentSize) = input.withUnsafeBytes {
      (
        ZSTD_findFrameCompressedSize($0.baseAddress, $0.count),
        ZSTD_getFrameContentSize($0.baseAddress, $0.count)
      )
    }
    guard ZSTD_isError(frameSize) == 0, frameSize == input.count else {
      throw input.error(.invalid, "the payload must be exactly one zstd frame")
    }
    guard contentSize == UInt64(size) else {
      throw input.error(.invalid, "the zstd frame must give \(size) bytes, as the entry header says")
    }
    return try ByteSource(capacity: size, name: input.name, offset: input.offset, in: buffer) {
      memory throws(BinaryFormatError) in
      let written = input.withUnsafeBytes {
        guard let decoder = buffer?.zstd else {
          return ZSTD_decompress(memory.baseAddress, memory.count, $0.baseAddress, $0.count)
        }
        return ZSTD_decompressDCtx(decoder, memory.baseAddress, memory.count, $0.baseAddress, $0.count)
      }
      guard ZSTD_isError(written) == 0, written == size else {
        throw input.error(
          .invalid,
          "the zstd frame is broken: \(String(cString: ZSTD_getErrorName(written)))"
        )
      }
      return size
    }
  }

  /// Decompresses only the first bytes of one zstd frame.
  static func prefixOfZstd(_ input: ByteSource, count: Int) throws(BinaryFormatError) -> ByteSource {
    guard let stream = ZSTD_createDStream() else {
      throw input.error(.system(.noMemory), "no memory for zstd")
    }
    defer { ZSTD_freeDStream(stream) }
    return try ByteSource(capacity: count, name: input.name, offset: input.offset) {
      memory throws(BinaryFormatError) in
      let (status, position) = input.withUnsafeBytes { bytes in
        var output = ZSTD_outBuffer(dst: memory.baseAddress, size: memory.count, pos: 0)
        var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var status = 0
        while output.pos < output.size {
          let before = (output.pos, source.pos)
          status = ZSTD_decompressStream(stream, &output, &source)
          if ZSTD_isError(status) != 0 || (output.pos, source.pos) == before { break }
        }
        return (status, output.pos)
      }
      guard ZSTD_isError(status) == 0, position == count else {
        throw input.error(.invalid, "the zstd frame is broken or too short")
      }
      return count
    }
  }

  /// Compresses to one zstd frame; nil if it does not shrink.
  ///
  /// The frame looks like those of NVIDIA's `fatbinary`: a single segment with its content size, without checksum and
  /// dictionary. For that the window has to hold the whole content.
  static func compressZstd(_ input: ByteSource, level: Int) throws(BinaryFormatError) -> ByteSource? {
    guard input.count > 0 else { return nil }
    guard let context = ZSTD_createCCtx() else { throw input.error(.system(.noMemory), "no memory for zstd") }
    defer { ZSTD_freeCCtx(context) }
    var settings: [(ZSTD_cParameter, Int)] = [
      (ZSTD_c_compressionLevel, level), (ZSTD_c_contentSizeFlag, 1), (ZSTD_c_checksumFlag, 0),
    ]
    // The window of level 19; wider content needs a wider window to stay a single segment.
    let widest = 8 << 20
    if input.count > widest {
      settings.append((ZSTD_c_windowLog, min(Int.bitWidth - (input.count - 1).leadingZeroBitCount, 30)))
    }
    for (parameter, value) in settings {
      let status = ZSTD_CCtx_setParameter(context, parameter, CInt(clamping: value))
      guard ZSTD_isError(status) == 0 else {
        throw input.error(
          .unsupported,
          "zstd refuses a setting: \(String(cString: ZSTD_getErrorName(status)))"
        )
      }
    }
    return try ByteSource(capacity: ZSTD_compressBound(input.count), name: input.name, offset: input.offset) {
      memory throws(BinaryFormatError) in
      let written = input.withUnsafeBytes {
        ZSTD_compress2(context, memory.baseAddress, memory.count, $0.baseAddress, $0.count)
      }
      guard ZSTD_isError(written) == 0 else {
        throw input.error(.invalid, "zstd cannot compress: \(String(cString: ZSTD_getErrorName(written)))")
      }
      return written < input.count ? written : 0
    }.nonEmpty
  }
}

extension ByteSource {
  fileprivate var nonEmpty: ByteSource? { count > 0 ? self : nil }
}
