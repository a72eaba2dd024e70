internal import CArchive
import Foundation
import SystemPackage

extension ArchiveReader {
  /// One member as it is, however hostile; to look at, never to unpack.
  public struct RawMember: Sendable, Hashable {
    /// What a member is.
    public enum Kind: Sendable, Hashable {
      /// A regular file.
      case file
      /// A folder.
      case folder
      /// A symbolic link and its target.
      case link(String)
      /// Another name of an earlier member.
      case hardLink(String)
      /// A device, pipe or socket.
      case special
    }

    /// Its path; bytes that are no UTF-8 are replaced.
    public let name: String
    /// What it is.
    public let kind: Kind
    /// The permission bits, setuid, setgid and sticky included.
    public let mode: UInt32
    /// The size that its header says.
    public let byteCount: Int64
    /// Seconds since 1970.
    public let time: Int64
    /// The bytes of the file that were read before the member's own, in steps of what is read at a time.
    public let start: Int64
    /// Whether parts of it are left out of the archive as holes.
    public let isSparse: Bool
  }

  /// Shows every member with its bytes, which are read only if asked for.
  ///
  /// - Parameter body: gets a member and a function that passes its bytes on, piece by piece.
  /// - Returns: the bytes of the file that were read up to the archive's end mark.
  /// - Throws: ``ArchiveError/broken(_:why:)``, what `body` throws, `CancellationError`.
  @discardableResult
  public func members(
    _ body: (RawMember, (_ pieces: (UnsafeRawBufferPointer) throws -> Void) throws -> Void) throws -> Void
  ) throws -> Int64 {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    return try walk { archive, entry in
      try body(Self.rawMember(entry, start: archive_filter_bytes(archive, -1))) { pieces in
        while true {
          try Task.checkCancellation()
          let count = buffer.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
          if count == 0 { return }
          guard count > 0 else { throw failure(archive) }
          try buffer.withUnsafeBytes { try pieces(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
      }
    }
  }

  private static func rawMember(_ entry: OpaquePointer, start: Int64) -> RawMember {
    func text(_ bytes: UnsafePointer<CChar>?) -> String { bytes.map { String(cString: $0) } ?? "" }
    let kind: RawMember.Kind
    if let target = archive_entry_hardlink(entry) {
      kind = .hardLink(text(target))
    } else {
      switch UInt32(archive_entry_filetype(entry)) {
      case FileKind.regular: kind = .file
      case FileKind.folder: kind = .folder
      case FileKind.link: kind = .link(text(archive_entry_symlink(entry)))
      default: kind = .special
      }
    }
    return RawMember(
      name: text(archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)),
      kind: kind,
      mode: UInt32(archive_entry_perm(entry)),
      byteCount: archive_entry_size(entry),
      time: Int64(archive_entry_mtime(entry)),
      start: start,
      isSparse: archive_entry_sparse_count(entry) > 0
    )
  }
}

extension ArchiveReader {
  /// Reads a compressed archive to its very end, behind the tar format's own, where gzip and xz keep their checksums.
  ///
  /// - Throws: ``ArchiveError/broken(_:why:)`` when it is damaged or cut off.
  public func checkIntegrity() throws { try IntegrityCheck.run(path) }
}
