internal import CDeflate
internal import CZlib
import Foundation
import SystemPackage

extension ZipListing {
  /// Whether this program can unpack a member.
  public static func canRead(_ member: Member) -> Bool {
    !member.isEncrypted && (member.method == 0 || member.method == 8)
  }
}

/// Unpacks members of a zip archive, one after the other.
///
/// A wheel has ten thousand members, so the open file and the memory are those of the member before.
public final class MemberReader {
  private let path: FilePath
  private let file: WindowedFile
  private let inflater: Inflater
  private var input = [UInt8](repeating: 0, count: 1 << 18)

  /// Opens an archive.
  ///
  /// - Throws: ``ArchiveError``
  public init(_ listing: ZipListing) throws(ArchiveError) {
    path = listing.path
    file = try WindowedFile(listing.path)
    inflater = try Inflater()
  }

  /// The digest of a member's bytes as unpacked.
  ///
  /// - Throws: ``ArchiveError`` when it is damaged.
  public func digest(of member: ZipListing.Member) throws -> SHA256Digest {
    let hasher = SHA256Digest.Stream()
    _ = try read(member) { hasher.update($0) }
    return hasher.finish()
  }

  /// The first bytes of a member, unpacked, without reading much more than needed.
  ///
  /// - Throws: ``ArchiveError`` when it is damaged.
  public func prefix(of member: ZipListing.Member, count: Int) throws -> [UInt8] {
    var found: [UInt8] = []
    struct Enough: Error {}
    do {
      _ = try read(member, window: 512 + count, piece: count) { bytes in
        found.append(contentsOf: bytes.prefix(count - found.count))
        if found.count >= count { throw Enough() }
      }
    } catch is Enough {}
    return found
  }

  /// Unpacks a member piece by piece and checks its size and checksum.
  ///
  /// - Parameter body: gets at most 64 KiB at a time; what it throws ends the reading.
  /// - Throws: ``ArchiveError/broken(_:why:)`` for a stream that is damaged, or gives other bytes than promised;
  ///   `CancellationError`.
  public func read(
    _ member: ZipListing.Member,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> CompressionMap {
    try read(member, window: input.count, piece: Inflater.largestPiece, body)
  }

  /// Unpacks a member in pieces of a size, from windows of a size.
  private func read(
    _ member: ZipListing.Member,
    window: Int,
    piece: Int,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> CompressionMap {
    try inflater.begin(isStored: member.method == 0, piece: piece)
    var map = CompressionMap()
    var place = member.data.lowerBound
    var unpacked: Int64 = 0
    var crc: UInt32 = 0
    func broken(_ why: String) -> ArchiveError { .broken(path, why: "its member '\(member.name)' \(why)") }
    while place < member.data.upperBound, !inflater.isFinished {
      try Task.checkCancellation()
      let room = min(window, input.count, Int(clamping: member.data.upperBound - place))
      try input.withUnsafeMutableBytes { memory in
        let memory = UnsafeMutableRawBufferPointer(rebasing: memory[..<room])
        let count = try file.read(into: memory, at: place)
        guard count > 0 else { throw broken("is cut off") }
        place += Int64(count)
        try inflater.feed(UnsafeRawBufferPointer(rebasing: memory[..<count])) { output in
          unpacked += Int64(output.count)
          guard unpacked <= member.byteCount else { throw broken("gives more bytes than it promises") }
          crc = libdeflate_crc32(crc, output.baseAddress, output.count)
          map.append(unpacked: unpacked, compressed: inflater.consumed)
          try body(output)
        } whenBroken: {
          broken("is damaged")
        }
      }
    }
    map.end(compressed: member.compressedByteCount)
    guard inflater.isFinished || member.method == 0 else { throw broken("is cut off") }
    guard unpacked == member.byteCount else { throw broken("gives fewer bytes than it promises") }
    guard crc == member.crc else {
      throw broken("has another checksum than it promises")
    }
    return map
  }
}

/// zlib's raw inflate, piece by piece, for one stream after the other.
private final class Inflater {
  static let largestPiece = 1 << 16

  private let state: RawInflate
  private var stream: UnsafeMutablePointer<z_stream> { state.stream }
  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: largestPiece, alignment: 16)
  private var output: UnsafeMutableRawBufferPointer
  private var isStored = false
  private(set) var isFinished = false
  private(set) var consumed: Int64 = 0

  init() throws(ArchiveError) {
    output = memory
    state = try RawInflate()
  }

  deinit { memory.deallocate() }

  /// Begins a stream, whose bytes come in pieces of at most `piece`.
  func begin(isStored: Bool, piece: Int) throws(ArchiveError) {
    guard inflateReset(stream) == Z_OK else { throw .library("inflateReset") }
    self.isStored = isStored
    isFinished = false
    consumed = 0
    output = UnsafeMutableRawBufferPointer(rebasing: memory[..<min(max(piece, 1), memory.count)])
  }

  func feed(
    _ input: UnsafeRawBufferPointer,
    _ body: (UnsafeRawBufferPointer) throws -> Void,
    whenBroken: () -> ArchiveError
  ) throws {
    guard !isStored else {
      for start in stride(from: 0, to: input.count, by: output.count) {
        let piece = input[start..<min(start + output.count, input.count)]
        consumed += Int64(piece.count)
        try body(UnsafeRawBufferPointer(rebasing: piece))
      }
      return
    }
    let bytes = input.bindMemory(to: UInt8.self)
    stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
    stream.pointee.avail_in = UInt32(input.count)
    var isFull = true
    while !isFinished, stream.pointee.avail_in > 0 || isFull {
      stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(output.count)
      let before = Int64(stream.pointee.avail_in)
      let status = inflate(stream, Z_NO_FLUSH)
      consumed += before - Int64(stream.pointee.avail_in)
      let count = output.count - Int(stream.pointee.avail_out)
      isFull = stream.pointee.avail_out == 0
      if status == Z_STREAM_END { isFinished = true }
      // Z_BUF_ERROR: there was nothing to do, which the next window changes.
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { throw whenBroken() }
      if count > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<count])) }
      if status == Z_BUF_ERROR { break }
    }
  }
}
