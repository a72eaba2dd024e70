internal import CDeflate
internal import CZlib
import Foundation

/// Unpacks one member's bytes piece by piece and measures them: nothing is reserved on the word of a header.
public enum MemberStream {
  /// How a zip member's bytes are stored.
  public enum Method: Sendable {
    /// As they are.
    case stored
    /// Raw deflate (RFC 1951).
    case deflated
  }

  /// What was read.
  public struct Summary: Sendable, Hashable {
    /// The bytes that came out.
    public let byteCount: Int64
    /// Their CRC-32.
    public let crc: UInt32
    /// Their SHA-256.
    public let sha256: SHA256Digest
    /// What is wrong with the stream; nil when it ends where it should.
    public let problem: String?
  }

  /// Unpacks `bytes`.
  ///
  /// - Parameters:
  ///   - limit: the size that the member says it has; reading ends at the first byte over it.
  ///   - body: gets the pieces in order.
  /// - Throws: what `body` throws, ``ArchiveError/library(_:)`` when zlib has no memory, `CancellationError`.
  public static func read(
    _ bytes: UnsafeRawBufferPointer,
    _ method: Method,
    limit: Int64,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Summary {
    var meter = Meter()
    var problem: String?
    switch method {
    case .stored:
      for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
        try Task.checkCancellation()
        let piece = UnsafeRawBufferPointer(
          rebasing: bytes[start..<min(bytes.count, start + Self.pieceSize)]
        )
        meter.add(piece)
        try body(piece)
      }
    case .deflated: problem = try inflate(bytes, limit: limit, &meter, body)
    }
    return meter.finish(problem)
  }

  private static let pieceSize = 1 << 18

  /// Counts, checks and digests bytes as they pass.
  private struct Meter: ~Copyable {
    var count: Int64 = 0
    private var crc: UInt32 = 0
    private var hasher = SHA256Digest.Hasher()

    mutating func add(_ piece: UnsafeRawBufferPointer) {
      count += Int64(piece.count)
      hasher.update(piece)
      crc = libdeflate_crc32(crc, piece.baseAddress, piece.count)
    }

    consuming func finish(_ problem: String?) -> Summary {
      let sha256 = hasher.finish()
      return Summary(
        byteCount: count,
        crc: UInt32(truncatingIfNeeded: crc),
        sha256: sha256,
        problem: problem
      )
    }
  }

  private static func inflate(
    _ bytes: UnsafeRawBufferPointer,
    limit: Int64,
    _ meter: inout Meter,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> String? {
    let state = try RawInflate()
    defer { withExtendedLifetime(state) {} }
    let stream = state.stream
    var output = [UInt8](repeating: 0, count: pieceSize)
    let input = bytes.bindMemory(to: UInt8.self)
    var position = 0
    while true {
      try Task.checkCancellation()
      // avail_in has 32 bits, a member may have more.
      let fed = min(input.count - position, 1 << 30)
      stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + position) }
      stream.pointee.avail_in = UInt32(fed)
      let (status, made) = output.withUnsafeMutableBufferPointer { buffer in
        stream.pointee.next_out = buffer.baseAddress
        stream.pointee.avail_out = UInt32(buffer.count)
        let status = CZlib.inflate(stream, Z_NO_FLUSH)
        return (status, buffer.count - Int(stream.pointee.avail_out))
      }
      position += fed - Int(stream.pointee.avail_in)
      if made > 0 {
        try output.withUnsafeBytes { buffer in
          let piece = UnsafeRawBufferPointer(rebasing: buffer[..<made])
          meter.add(piece)
          try body(piece)
        }
      }
      if meter.count > limit { return "it unpacks to more than the \(limit) bytes that it says" }
      switch status {
      case Z_STREAM_END:
        let left = input.count - position
        return left == 0 ? nil : "its deflate stream ends \(left) bytes before the member does"
      case Z_OK where made > 0 || fed > Int(stream.pointee.avail_in): continue
      case Z_OK, Z_BUF_ERROR: return "its deflate stream is cut off"
      default:
        let why = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
        return "its deflate stream is broken: \(why)"
      }
    }
  }
}
