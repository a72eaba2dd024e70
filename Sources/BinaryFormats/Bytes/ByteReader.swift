/// Reads little-endian numbers one after the other and checks every bound.
public struct ByteReader: Sendable {
  /// The bytes that are read.
  public let source: ByteSource
  /// The place of the next read, in bytes from the begin of `source`; never past its end.
  public private(set) var position: Int

  /// Starts reading at the first byte.
  public init(_ source: ByteSource) {
    self.source = source
    position = 0
  }

  /// The bytes that are left.
  public var remaining: Int { source.count - position }

  /// Reads a little-endian number.
  ///
  /// - Throws: ``BinaryFormatError`` of kind `truncated` when too few bytes are left.
  public mutating func read<Number: FixedWidthInteger>(
    _ type: Number.Type = Number.self
  ) throws(BinaryFormatError) -> Number {
    let size = MemoryLayout<Number>.size
    try require(size, "a number")
    defer { position += size }
    return source.load(position, as: type)
  }

  /// Takes the next bytes without copying them.
  ///
  /// - Throws: ``BinaryFormatError`` of kind `truncated` when too few bytes are left.
  public mutating func take(_ count: Int, _ what: String = "the part") throws(BinaryFormatError) -> ByteSource
  {
    try require(count, what)
    defer { position += count }
    return source.unchecked(position..<position + count)
  }

  /// Goes on reading at `place`, in bytes from the begin of the source.
  ///
  /// - Throws: ``BinaryFormatError`` of kind `truncated` when the place lies outside.
  public mutating func seek(to place: Int) throws(BinaryFormatError) {
    guard place >= 0, place <= source.count else {
      throw source.error(.truncated, at: source.count, "byte \(hexadecimal(place)) lies outside of the bytes")
    }
    position = place
  }

  /// Reads text up to its NUL, which is skipped.
  ///
  /// - Throws: ``BinaryFormatError`` when no NUL follows.
  public mutating func readText() throws(BinaryFormatError) -> String {
    let start = position
    let length = source.withUnsafeBytes { bytes in bytes[start...].firstIndex(of: 0).map { $0 - start } }
    guard let length else { throw source.error(.truncated, at: start, "text must end in a NUL byte") }
    position = start + length + 1
    return source.withUnsafeBytes { String(decoding: $0[start..<start + length], as: UTF8.self) }
  }

  private func require(_ count: Int, _ what: String) throws(BinaryFormatError) {
    guard count >= 0, count <= remaining else {
      throw source.error(
        .truncated,
        at: position,
        "\(what) takes \(count) bytes, but only \(remaining) are left; was the file cut off by a failed copy?"
      )
    }
  }
}
