internal import CLzma

/// The format of xz, over liblzma: one block, one thread, so that the same bytes give the same stream everywhere.
///
/// Who wants all cores compresses several streams side by side.
public enum XZ {
  /// How hard and after which model bytes are compressed.
  public struct Settings: Hashable, Sendable {
    /// liblzma's preset, 0 to 9.
    public var preset: UInt32
    /// Whether the preset's slower variant is taken.
    public var isExtreme: Bool
    /// How far back repetitions are found, in bytes; also what a reader needs as memory.
    public var dictionary: UInt32
    /// Bits of the byte before that choose a model for literals, 0 to 4.
    public var literalContext: UInt32
    /// Bits of the position that choose a model for literals; at most 4 together with `literalContext`.
    public var literalPosition: UInt32
    /// Bits of the position that choose a model for repetitions, 0 to 4.
    public var position: UInt32

    /// Makes settings.
    public init(
      preset: UInt32,
      isExtreme: Bool = false,
      dictionary: UInt32,
      literalContext: UInt32 = 3,
      literalPosition: UInt32 = 0,
      position: UInt32 = 2
    ) {
      self.preset = preset
      self.isExtreme = isExtreme
      self.dictionary = dictionary
      self.literalContext = literalContext
      self.literalPosition = literalPosition
      self.position = position
    }

    /// About the memory that compressing takes, in bytes (liblzma's own estimate for its binary tree match finders).
    public var memory: Int { Int(dictionary) * 12 }
  }

  private static let chunk = 1 << 18

  /// Compresses what `feed` hands over, piece by piece.
  ///
  /// - Throws: ``ArchiveError/library(_:)`` when liblzma refuses the settings or has no memory; what `feed` throws.
  public static func compress(
    _ settings: Settings,
    feed: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> [UInt8] {
    let encoder = try XZEncoder(settings)
    var output: [UInt8] = []
    try feed { bytes in try encoder.add(bytes) { output.append(contentsOf: $0) } }
    try encoder.finish { output.append(contentsOf: $0) }
    return output
  }

  /// Decompresses one stream and hands it over in pieces of at most 256 KiB.
  ///
  /// - Parameters:
  ///   - limit: the most bytes that are handed over; a stream that holds more is broken.
  ///   - memory: the most bytes that liblzma may take.
  ///   - sink: gets the pieces in order.
  /// - Throws: ``ArchiveError/library(_:)`` for a broken or cut stream and for bytes behind it; what `sink` throws.
  public static func decompress(
    _ input: UnsafeRawBufferPointer,
    limit: Int,
    memory: UInt64 = 512 << 20,
    sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
    stream.initialize(to: lzma_stream())
    defer {
      lzma_end(stream)
      stream.deallocate()
    }
    guard lzma_stream_decoder(stream, memory, 0) == LZMA_OK else {
      throw ArchiveError.library("xz: no memory")
    }
    stream.pointee.next_in = input.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_in = input.count
    var left = limit
    var buffer = [UInt8](repeating: 0, count: chunk)
    try buffer.withUnsafeMutableBufferPointer { buffer in
      while true {
        stream.pointee.next_out = buffer.baseAddress
        stream.pointee.avail_out = buffer.count
        let status = lzma_code(stream, LZMA_FINISH)
        let count = buffer.count - stream.pointee.avail_out
        guard count <= left else { throw ArchiveError.library("an xz stream holds more than \(limit) bytes") }
        left -= count
        if count > 0 { try sink(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])) }
        if status == LZMA_STREAM_END { break }
        guard status == LZMA_OK else {
          throw ArchiveError.library("an xz stream is broken (status \(status.rawValue))")
        }
      }
    }
    guard stream.pointee.avail_in == 0 else { throw ArchiveError.library("bytes stand behind an xz stream") }
  }
}
