internal import CArchive
internal import CZlib
import Foundation
import SystemPackage

/// Reads a compressed tarball through to its end before anything is unpacked.
///
/// libarchive stops at the tar format's end mark, so it never sees the checksums and the index at the end of a gzip or
/// xz stream, and it leaves gzip's checksum unread altogether (`consume_trailer` in archive_read_support_filter_gzip.c).
/// A zip archive has a checksum for each member, which libarchive does check.
enum IntegrityCheck {
  /// - Throws: ``ArchiveError/broken(_:why:)`` for what is damaged, cut off or of no known kind,
  ///   ``ArchiveError/system(_:action:_:)`` for a file that can't be read, `CancellationError`.
  static func run(_ path: FilePath) throws {
    let start = try FileContent(path).data.prefix(4)
    switch Array(start) {
    case []: throw ArchiveError.broken(path, why: "it is empty")
    case let bytes where bytes.starts(with: [0x1F, 0x8B]): try gzip(path)
    case let bytes where bytes.starts(with: [0x50, 0x4B]): return
    default: try stream(path)
    }
  }

  private static func gzip(_ path: FilePath) throws {
    guard let file = gzopen(path.string, "rbe") else {
      throw ArchiveError.from(Errno(rawValue: errno), path, "read")
    }
    var isOpen = true
    defer { if isOpen { gzclose_r(file) } }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      try Task.checkCancellation()
      let count = buffer.withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32($0.count)) }
      if count == 0 { break }
      guard count > 0 else {
        var code: Int32 = 0
        let why = gzerror(file, &code).map { String(cString: $0) } ?? "error \(code)"
        throw ArchiveError.broken(path, why: why)
      }
    }
    isOpen = false
    // A stream that was cut off reads to its end without an error; closing it tells.
    guard gzclose_r(file) == Z_OK else { throw ArchiveError.broken(path, why: "it is cut off") }
  }

  /// Every other compression: its own reader, with the bytes behind it taken as they are.
  private static func stream(_ path: FilePath) throws {
    guard let archive = archive_read_new() else { throw ArchiveError.library("archive_read_new: no memory") }
    defer { archive_read_free(archive) }
    archive_read_support_filter_bzip2(archive)
    archive_read_support_filter_xz(archive)
    archive_read_support_filter_zstd(archive)
    archive_read_support_format_raw(archive)
    func check(_ isFine: Bool) throws(ArchiveError) {
      guard isFine else {
        throw .broken(
          path,
          why: archive_error_string(archive).map { String(cString: $0) } ?? "it cannot be read"
        )
      }
    }
    var entry: OpaquePointer?
    try check(archive_read_open_filename(archive, path.string, 1 << 18) == ARCHIVE_OK)
    try check(archive_read_next_header(archive, &entry) == ARCHIVE_OK)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      try Task.checkCancellation()
      let count = buffer.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
      if count == 0 { return }
      try check(count > 0)
    }
  }
}
