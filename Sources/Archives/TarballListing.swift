internal import CArchive
import Foundation
public import SystemPackage

/// Goes through a tarball once, member by member, without unpacking to disk.
public struct TarballListing: Sendable {
  /// What a member is.
  public enum Kind: Sendable, Hashable {
    /// A regular file.
    case file
    /// A folder.
    case folder
    /// A symbolic link.
    case link(String)
    /// Another name for an earlier member.
    case hardLink(String)
    /// A device, pipe or socket.
    case other
  }

  /// One member.
  public struct Member: Sendable, Hashable {
    /// Its path in the archive.
    public let name: String
    /// What it is.
    public let kind: Kind
    /// Its bytes as unpacked; a promise.
    public let byteCount: Int64
    /// The bytes of the compressed archive that were read before its data; in steps of what a reader takes at once.
    public let start: Int64
  }

  private let path: FilePath

  /// Makes a reader; the file is opened when it is read.
  public init(_ path: FilePath) { self.path = path }

  /// Goes through the archive.
  ///
  /// - Parameter body: gets each member and a function that reads its bytes piece by piece; what it throws ends it.
  /// - Returns: the bytes of the compressed archive that were read up to the end mark.
  /// - Throws: ``ArchiveError/broken(_:why:)`` for what is damaged or no tarball; `CancellationError`.
  public func read(
    _ body: (Member, (_ each: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64) throws -> Void
  ) throws -> Int64 {
    try NameEncoding.utf8 { try walk(body) }
  }

  private func walk(
    _ body: (Member, (_ each: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64) throws -> Void
  ) throws -> Int64 {
    guard let archive = archive_read_new() else { throw ArchiveError.library("archive_read_new: no memory") }
    defer { archive_read_free(archive) }
    // Not all of libarchive's filters: some of them start programs.
    archive_read_support_filter_gzip(archive)
    archive_read_support_filter_bzip2(archive)
    archive_read_support_filter_xz(archive)
    archive_read_support_filter_zstd(archive)
    archive_read_support_format_tar(archive)
    // Small blocks, so that the place in the compressed file is known well.
    guard archive_read_open_filename(archive, path.string, 1 << 14) == ARCHIVE_OK else {
      throw failure(archive)
    }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var entry: OpaquePointer?
    while true {
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF { return archive_filter_bytes(archive, -1) }
      guard status >= ARCHIVE_WARN, let entry else { throw failure(archive) }
      try Task.checkCancellation()
      try body(try member(entry, archive)) { each in
        while true {
          try Task.checkCancellation()
          let count = buffer.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
          if count == 0 { return archive_filter_bytes(archive, -1) }
          guard count > 0 else { throw failure(archive) }
          try buffer.withUnsafeBytes { try each(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
      }
    }
  }

  private func member(_ entry: OpaquePointer, _ archive: OpaquePointer) throws(ArchiveError) -> Member {
    guard let bytes = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry) else {
      throw .broken(path, why: "a member has no name")
    }
    func text(_ bytes: UnsafePointer<CChar>?) -> String { bytes.map { String(cString: $0) } ?? "" }
    let kind: Kind
    if let target = archive_entry_hardlink(entry) {
      kind = .hardLink(text(target))
    } else {
      switch UInt32(archive_entry_filetype(entry)) {
      case FileKind.regular: kind = .file
      case FileKind.folder: kind = .folder
      case FileKind.link: kind = .link(text(archive_entry_symlink(entry)))
      default: kind = .other
      }
    }
    return Member(
      name: text(bytes),
      kind: kind,
      byteCount: kind == .file ? max(0, archive_entry_size(entry)) : 0,
      start: archive_filter_bytes(archive, -1)
    )
  }

  private func failure(_ archive: OpaquePointer) -> ArchiveError {
    let why = archive_error_string(archive).map { String(cString: $0) } ?? "error \(archive_errno(archive))"
    return .broken(path, why: why)
  }
}

/// The rules for names in archives, for those who only look.
public enum MemberName {
  /// What is wrong with a name, in words; `nil` for one that can be unpacked anywhere.
  public static func problem(_ name: String) -> String? {
    // A folder's name ends in a slash, and tar puts './' in front.
    var trimmed = Substring(name)
    if trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    while trimmed.hasPrefix("./") { trimmed = trimmed.dropFirst(2) }
    guard !trimmed.isEmpty, trimmed != "." else { return nil }
    do { try ArchiveName.check(String(trimmed)) } catch {
      guard case .badName(_, let why) = error else { return "\(error)" }
      return why
    }
    return nil
  }

  /// Whether a symbolic link stays in the folder that the archive is unpacked into.
  public static func staysInside(_ name: String, target: String) -> Bool {
    let depth = name.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.count - 1
    return ArchiveName.staysInside(target, depth: max(0, depth))
  }
}
