internal import CArchive
import Foundation
public import SystemPackage

/// Writes compressed tarballs: sorted members, no owners, one time for all.
///
/// libarchive makes the tar stream, xz and zstd. gzip is ours, because libarchive's keeps one core busy, and because the
/// wheel of the same files has them deflated already.
public struct TarballWriter: Sendable {
  /// How the tar stream is compressed.
  public enum Compression: Sendable {
    /// gzip, without a time in its header.
    case gzip
    /// xz, preset 9, in blocks on two threads.
    case xz
    /// zstd, level 19, on two threads.
    case zstd
  }

  /// How the tar stream is compressed.
  public var compression: Compression
  /// The time every member gets, seconds since 1970.
  public var timestamp: Int64

  /// Makes a writer.
  public init(compression: Compression, timestamp: Int64 = 0) {
    self.compression = compression
    self.timestamp = timestamp
  }

  /// Writes a tarball; the file appears under its name only when it is complete.
  ///
  /// - Parameter deflated: files that an archive of ours already holds, by path; used for ``Compression/gzip``.
  /// - Throws: ``ArchiveError``, `CancellationError` when the task it runs in is cancelled.
  public func write(
    _ members: [ZipWriter.Member],
    to path: FilePath,
    reusing deflated: [FilePath: DeflatedFile] = [:]
  ) async throws {
    try ArchiveName.checkAll(members.map(\.name))
    let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    if case .gzip = compression {
      try await GzipTarball(members: sorted, timestamp: timestamp, deflated: deflated).write(to: path)
    } else {
      try NameEncoding.utf8 { try writeArchive(sorted, to: path) }
    }
  }

  private func writeArchive(_ members: [ZipWriter.Member], to path: FilePath) throws {
    guard let archive = archive_write_new() else {
      throw ArchiveError.library("archive_write_new: no memory")
    }
    defer { archive_write_free(archive) }
    let partial = AtomicFile.partial(of: path)
    do {
      try configure(archive, path)
      try check(archive, archive_write_open_filename(archive, partial.string), path)
      for member in members { try append(member, to: archive, path) }
      try check(archive, archive_write_close(archive), path)
      try publish(partial, as: path)
    } catch {
      unlink(partial.string)
      throw error
    }
  }

  private func configure(_ archive: OpaquePointer, _ path: FilePath) throws(ArchiveError) {
    // Threads are a constant, not the machine's cores: the result must not depend on the machine.
    let (filter, level) = compression == .xz ? ("xz", "9") : ("zstd", "19")
    let added =
      compression == .xz ? archive_write_add_filter_xz(archive) : archive_write_add_filter_zstd(archive)
    try check(archive, added, path)
    for (name, value) in [("compression-level", level), ("threads", "2")] {
      try check(archive, archive_write_set_filter_option(archive, filter, name, value), path)
    }
    try check(archive, archive_write_set_format_pax_restricted(archive), path)
    // Without padding the last record to 10 KiB the stream is shorter and no reader minds.
    archive_write_set_bytes_in_last_block(archive, 1)
  }

  private func append(
    _ member: ZipWriter.Member,
    to archive: OpaquePointer,
    _ path: FilePath
  ) throws {
    let data = try member.content.data()
    try TarHeader(of: member, size: data.count, timestamp: timestamp).write(to: archive, path)
    // In pieces, because compressing a library with xz takes minutes and Ctrl-C must not wait for it.
    for start in stride(from: 0, to: data.count, by: 1 << 20) {
      try Task.checkCancellation()
      let count = min(1 << 20, data.count - start)
      let written = data.withUnsafeBytes {
        archive_write_data(archive, $0.baseAddress.map { $0 + start }, count)
      }
      guard written == count else { throw failure(archive, path) }
    }
    try check(archive, archive_write_finish_entry(archive), path)
  }

  private func publish(_ partial: FilePath, as path: FilePath) throws(ArchiveError) {
    do {
      let descriptor = try FileDescriptor.open(partial, .readOnly)
      defer { try? descriptor.close() }
      try AtomicFile.publish(partial, descriptor, as: path)
    } catch {
      throw error as? ArchiveError ?? .from(error as? Errno ?? .ioError, path, "written")
    }
  }

  private func check(_ archive: OpaquePointer, _ status: Int32, _ path: FilePath) throws(ArchiveError) {
    guard status >= ARCHIVE_WARN else { throw failure(archive, path) }
  }

  private func failure(_ archive: OpaquePointer, _ path: FilePath) -> ArchiveError {
    .library(of: archive, path)
  }
}

/// What a tarball says about a member.
struct TarHeader {
  let name: String
  let isExecutable: Bool
  let size: Int
  let timestamp: Int64

  init(of member: ZipWriter.Member, size: Int, timestamp: Int64) {
    (name, isExecutable) = (member.name, member.isExecutable)
    (self.size, self.timestamp) = (size, timestamp)
  }

  func write(to archive: OpaquePointer, _ path: FilePath) throws(ArchiveError) {
    guard let entry = archive_entry_new() else { throw .library("archive_entry_new: no memory") }
    defer { archive_entry_free(entry) }
    archive_entry_update_pathname_utf8(entry, name)
    archive_entry_set_filetype(entry, FileKind.regular)
    archive_entry_set_perm(entry, isExecutable ? 0o755 : 0o644)
    archive_entry_set_mtime(entry, time_t(max(0, timestamp)), 0)
    archive_entry_set_uid(entry, 0)
    archive_entry_set_gid(entry, 0)
    archive_entry_set_size(entry, Int64(size))
    guard archive_write_header(archive, entry) >= ARCHIVE_WARN else { throw .library(of: archive, path) }
  }
}

extension ArchiveError {
  /// What libarchive says went wrong while it wrote.
  static func library(of archive: OpaquePointer, _ path: FilePath) -> ArchiveError {
    let code = archive_errno(archive)
    if code > 0, code < 200 { return .from(Errno(rawValue: code), path, "written") }
    return .library(archive_error_string(archive).map { String(cString: $0) } ?? "libarchive: error \(code)")
  }
}
