internal import CArchive
import Foundation
import SystemPackage

/// A tarball compressed by ``Deflate`` (RFC 1952) on all cores; members that are deflated already are taken as they are.
struct GzipTarball {
  /// Sorted.
  let members: [ZipWriter.Member]
  let timestamp: Int64
  let deflated: [FilePath: DeflatedFile]

  /// No time, no name, no operating system.
  private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

  func write(to path: FilePath) async throws {
    let work = try self.work(path)
    let file = try AtomicFile(path)
    try file.append(Self.header)
    var crc: UInt32 = 0
    var size: UInt32 = 0
    try await OrderedWork().run(work.count) { number in
      try work[number].piece(level: Deflate.level)
    } take: { _, piece in
      try file.append(piece.bytes)
      crc = Deflate.combine(crc, piece.crc, rightCount: piece.inputCount)
      size &+= UInt32(truncatingIfNeeded: piece.inputCount)
    }
    try file.append(Deflate.end)
    for number in [crc, size] { try file.append(withUnsafeBytes(of: number.littleEndian, Array.init)) }
    try file.publish()
  }

  /// What the gzip stream is made of.
  private func work(_ path: FilePath) throws -> [DeflateWork] {
    let contents = try members.map { try $0.content.data() }
    return try NameEncoding.utf8 { try frames(contents.map(\.count), path) }.flatMap { frame in
      switch frame {
      case .bytes(let bytes): return DeflateWork.all(for: Data(bytes))
      case .member(let index):
        return DeflateWork.all(for: members[index].content, contents[index], reusing: deflated)
      }
    }
  }

  /// A piece of the tar stream.
  private enum Frame {
    /// Headers and padding.
    case bytes([UInt8])
    /// The content of a member.
    case member(Int)
  }

  /// What libarchive puts around the members' contents.
  private func frames(_ sizes: [Int], _ path: FilePath) throws -> [Frame] {
    guard let archive = archive_write_new() else {
      throw ArchiveError.library("archive_write_new: no memory")
    }
    defer { archive_write_free(archive) }
    let sink = Sink()
    func check(_ status: Int32) throws {
      guard status >= ARCHIVE_WARN else { throw ArchiveError.library(of: archive, path) }
    }
    try check(archive_write_set_format_pax_restricted(archive))
    // Unbuffered, so that what was written so far has arrived.
    try check(archive_write_set_bytes_per_block(archive, 0))
    let opened = archive_write_open(
      archive,
      Unmanaged.passUnretained(sink).toOpaque(),
      nil,
      { _, sink, bytes, count in
        guard let sink, let bytes else { return -1 }
        Unmanaged<Sink>.fromOpaque(sink).takeUnretainedValue().write(bytes, count)
        return count
      },
      nil
    )
    try check(opened)
    var frames: [Frame] = []
    for (index, member) in members.enumerated() {
      try TarHeader(of: member, size: sizes[index], timestamp: timestamp).write(to: archive, path)
      frames += [.bytes(sink.take()), .member(index)]
      // libarchive fills the place of content that it isn't given with zeros; they stand for the content.
      sink.skip(sizes[index])
      try check(archive_write_finish_entry(archive))
    }
    try check(archive_write_close(archive))
    return withExtendedLifetime(sink) { frames + [.bytes(sink.take())] }
  }

  /// Receives the tar stream.
  private final class Sink {
    private var bytes: [UInt8] = []
    private var skipped = 0

    func skip(_ count: Int) { skipped = count }

    func write(_ source: UnsafeRawPointer, _ count: Int) {
      let left = min(skipped, count)
      skipped -= left
      bytes += UnsafeRawBufferPointer(start: source + left, count: count - left)
    }

    func take() -> [UInt8] {
      defer { bytes = [] }
      return bytes
    }
  }
}
