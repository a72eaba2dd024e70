internal import CArchive
import Foundation
public import SystemPackage

/// Writes compressed tarballs through libarchive: sorted members, no owners, one time for all.
public struct TarballWriter: Sendable {
  /// How the tar stream is compressed.
  public enum Compression: Sendable {
    /// gzip, level 9, without a time in its header.
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
  /// - Throws: ``ArchiveError``, `CancellationError` when the task it runs in is cancelled.
  public func write(_ members: [ZipWriter.Member], to path: FilePath) throws {
    try ArchiveName.checkAll(members.map(\.name))
    try NameEncoding.utf8 { try writeArchive(members, to: path) }
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
      let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      for member in sorted { try append(member, to: archive, path) }
      try check(archive, archive_write_close(archive), path)
      try publish(partial, as: path)
    } catch {
      unlink(partial.string)
      throw error
    }
  }

  private func configure(_ archive: OpaquePointer, _ path: FilePath) throws(ArchiveError) {
    // Threads are a constant, not the machine's cores: the result must not depend on the machine.
    let options: [(String, String, String)]
    switch compression {
    case .gzip:
      try check(archive, archive_write_add_filter_gzip(archive), path)
      options = [("gzip", "compression-level", "9"), ("gzip", "timestamp", "")]
    case .xz:
      try check(archive, archive_write_add_filter_xz(archive), path)
      options = [("xz", "compression-level", "9"), ("xz", "threads", "2")]
    case .zstd:
      try check(archive, archive_write_add_filter_zstd(archive), path)
      options = [("zstd", "compression-level", "19"), ("zstd", "threads", "2")]
    }
    try check(archive, archive_write_set_format_pax_restricted(archive), path)
    for (module, name, value) in options {
      // A null value switches an option off.
      let status =
        value.isEmpty
        ? archive_write_set_filter_option(archive, module, name, nil)
        : archive_write_set_filter_option(archive, module, name, value)
      try check(archive, status, path)
    }
    // Without padding the last record to 10 KiB the stream is shorter and no reader minds.
    archive_write_set_bytes_in_last_block(archive, 1)
  }

  private func append(
    _ member: ZipWriter.Member,
    to archive: OpaquePointer,
    _ path: FilePath
  ) throws {
    let data =
      switch member.content {
      case .file(let file): try FileContent(file).data
      case .bytes(let bytes): Data(bytes)
      }
    guard let entry = archive_entry_new() else { throw ArchiveError.library("archive_entry_new: no memory") }
    defer { archive_entry_free(entry) }
    archive_entry_update_pathname_utf8(entry, member.name)
    archive_entry_set_filetype(entry, FileKind.regular)
    archive_entry_set_perm(entry, member.isExecutable ? 0o755 : 0o644)
    archive_entry_set_mtime(entry, time_t(max(0, timestamp)), 0)
    archive_entry_set_uid(entry, 0)
    archive_entry_set_gid(entry, 0)
    archive_entry_set_size(entry, Int64(data.count))
    try check(archive, archive_write_header(archive, entry), path)
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
    let code = archive_errno(archive)
    if code > 0, code < 200 { return .from(Errno(rawValue: code), path, "written") }
    return .library(archive_error_string(archive).map { String(cString: $0) } ?? "libarchive: error \(code)")
  }
}
