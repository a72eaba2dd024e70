internal import CArchive
import Foundation
public import SystemPackage

/// Reads tarballs and zip archives through libarchive.
public struct ArchiveReader: Sendable {
  private let path: FilePath

  /// Makes a reader; the file is opened when it is read.
  public init(_ path: FilePath) { self.path = path }

  /// One member, as its header says.
  public struct Entry: Hashable, Sendable {
    /// Its path in the archive.
    public let name: String
    /// Its bytes as unpacked.
    public let byteCount: Int64
    /// Its permission bits.
    public let permissions: UInt32
    /// Whether it is a regular file.
    public let isFile: Bool
  }

  /// Every member in order.
  ///
  /// - Throws: ``ArchiveError/broken(_:why:)``.
  public func entries() throws -> [Entry] {
    var found: [Entry] = []
    try walk { _, entry in
      found.append(
        Entry(
          name: Self.name(of: entry),
          byteCount: archive_entry_size(entry),
          permissions: UInt32(archive_entry_perm(entry)),
          isFile: UInt32(archive_entry_filetype(entry)) == FileKind.regular
        )
      )
    }
    return found
  }

  /// Unpacks into a new folder, which appears only when everything is in it.
  ///
  /// Regular files, folders and symbolic links that stay inside are unpacked; links are made last, so that no file is
  /// written through one. Anything else is refused.
  ///
  /// - Parameters:
  ///   - count: how many leading parts of each name are dropped; members with fewer are skipped.
  ///   - wanted: asked with the whole name in the archive.
  /// - Throws: ``ArchiveError``; nothing is left behind.
  public func extract(
    to target: FilePath,
    strippingComponents count: Int = 0,
    where wanted: (String) -> Bool = { _ in true }
  ) throws {
    let parent = target.removingLastComponent()
    let partial = parent.appending(
      ".\(target.lastComponent?.string ?? "folder").\(UUID().uuidString.prefix(8)).partial"
    )
    let files = FileManager.default
    do {
      try files.createDirectory(atPath: partial.string, withIntermediateDirectories: true)
      var links: [(at: FilePath, to: String)] = []
      try walk { archive, entry in
        let whole = Self.name(of: entry)
        let parts = whole.split(separator: "/").dropFirst(count)
        guard !parts.isEmpty, wanted(whole) else { return }
        let name = parts.joined(separator: "/")
        try ArchiveName.check(name)
        let place = partial.appending(name)
        switch UInt32(archive_entry_filetype(entry)) {
        case FileKind.folder:
          try files.createDirectory(atPath: place.string, withIntermediateDirectories: true)
        case FileKind.regular where archive_entry_hardlink(entry) == nil:
          try files.createDirectory(
            atPath: place.removingLastComponent().string,
            withIntermediateDirectories: true
          )
          try write(archive, to: place, isExecutable: archive_entry_perm(entry) & 0o100 != 0)
        case FileKind.link:
          links.append((place, archive_entry_symlink(entry).map { String(cString: $0) } ?? ""))
        default:
          throw ArchiveError.badName(whole, why: "it is neither a file, a folder nor a symbolic link")
        }
      }
      for link in links {
        let end = link.at.removingLastComponent().pushing(FilePath(link.to)).lexicallyNormalized()
        guard end.starts(with: partial) else {
          throw ArchiveError.badName(link.to, why: "a symbolic link to it leaves the folder")
        }
        try files.createDirectory(
          atPath: link.at.removingLastComponent().string,
          withIntermediateDirectories: true
        )
        try files.createSymbolicLink(atPath: link.at.string, withDestinationPath: link.to)
      }
      guard rename(partial.string, target.string) == 0 else {
        throw ArchiveError.from(Errno(rawValue: errno), target, "put in place")
      }
    } catch {
      try? files.removeItem(atPath: partial.string)
      throw error
    }
  }

  private func walk(_ body: (OpaquePointer, OpaquePointer) throws -> Void) throws {
    guard let archive = archive_read_new() else { throw ArchiveError.library("archive_read_new: no memory") }
    defer { archive_read_free(archive) }
    archive_read_support_filter_all(archive)
    archive_read_support_format_tar(archive)
    archive_read_support_format_zip(archive)
    guard archive_read_open_filename(archive, path.string, 1 << 18) == ARCHIVE_OK else {
      throw failure(archive)
    }
    var entry: OpaquePointer?
    while true {
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF { return }
      guard status >= ARCHIVE_WARN, let entry else { throw failure(archive) }
      try body(archive, entry)
    }
  }

  private func write(_ archive: OpaquePointer, to place: FilePath, isExecutable: Bool) throws {
    let permissions: FilePermissions = isExecutable ? .init(rawValue: 0o755) : .init(rawValue: 0o644)
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(
        place,
        .writeOnly,
        options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
        permissions: permissions
      )
    } catch {
      throw ArchiveError.from(error as? Errno ?? .ioError, place, "created")
    }
    defer { try? file.close() }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = buffer.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
      if count == 0 { return }
      guard count > 0 else { throw failure(archive) }
      do { try file.writeAll(buffer[..<count]) } catch {
        throw ArchiveError.from(error as? Errno ?? .ioError, place, "written")
      }
    }
  }

  private static func name(of entry: OpaquePointer) -> String {
    if let text = archive_entry_pathname_utf8(entry) { return String(cString: text) }
    return archive_entry_pathname(entry).map { String(cString: $0) } ?? ""
  }

  private func failure(_ archive: OpaquePointer) -> ArchiveError {
    let why = archive_error_string(archive).map { String(cString: $0) } ?? "error \(archive_errno(archive))"
    return .broken(path, why: why)
  }
}
