/// How many bytes a stream has after xz, without keeping it.
///
/// The settings are those of kernels in one stream: instructions are 16 bytes long, so that places modulo 16 tell more
/// about a byte than the byte before it (`lc=0 lp=4 pb=4`); text takes the usual ones.
public final class XZSize {
  private let encoder: XZEncoder
  private var count: Int64 = 0

  /// Starts a stream.
  ///
  /// - Parameters:
  ///   - isText: whether bytes are text and not machine code.
  ///   - dictionary: how far back equal bytes are found; the memory needed is eleven times that.
  /// - Throws: ``ArchiveError/library(_:)`` when there is no memory.
  public init(isText: Bool, dictionary: Int) throws {
    let dictionary = UInt32(min(max(dictionary, 1 << 16), 64 << 20))
    encoder = try XZEncoder(
      isText
        ? XZ.Settings(preset: 6, dictionary: dictionary)
        : XZ.Settings(preset: 6, dictionary: dictionary, literalContext: 0, literalPosition: 4, position: 4)
    )
  }

  /// Adds bytes.
  ///
  /// - Throws: ``ArchiveError/library(_:)``, `CancellationError`.
  public func update(_ bytes: UnsafeRawBufferPointer) throws {
    for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
      try Task.checkCancellation()
      let piece = bytes[start..<min(start + (1 << 20), bytes.count)]
      try encoder.add(UnsafeRawBufferPointer(rebasing: piece)) { count += Int64($0.count) }
    }
  }

  /// Ends the stream; call it once.
  ///
  /// - Returns: its bytes.
  public func finish() throws -> Int64 {
    try encoder.finish { piece in
      try Task.checkCancellation()
      count += Int64(piece.count)
    }
    return count
  }
}
