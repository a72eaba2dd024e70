internal import CArchive
import Foundation
public import SystemPackage

/// Reads tarballs and zip archives through libarchive.
public struct ArchiveReader: Sendable {
  let path: FilePath
  private let blockSize: Int

  /// Makes a reader; the file is opened when it is read.
  ///
  /// - Parameter blockSize: the bytes that are read at a time, in steps of which ``RawMember/start`` is known.
  public init(_ path: FilePath, blockSize: Int = 1 << 18) {
    self.path = path
    self.blockSize = blockSize
  }

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
          name: try Self.name(of: entry),
          byteCount: archive_entry_size(entry),
          permissions: UInt32(archive_entry_perm(entry)),
          isFile: UInt32(archive_entry_filetype(entry)) == FileKind.regular
        )
      )
    }
    return found
  }

  /// The one folder that every member lies in, `nil` when there are several or members without a folder.
  ///
  /// - Throws: ``ArchiveError``.
  public func commonFolder() throws -> String? {
    var tops: Set<String> = []
    try walk { _, entry in
      let parts = try ArchiveName.parts(try Self.name(of: entry))
      let isFolder = UInt32(archive_entry_filetype(entry)) == FileKind.folder
      guard let top = parts.first, !(isFolder && parts.count == 1) else { return }
      // A file at the top makes a second "folder" that no other member has.
      tops.insert(parts.count == 1 ? "" : String(top))
    }
    guard tops.count == 1, let top = tops.first, !top.isEmpty else { return nil }
    return top
  }

  /// Unpacks into a new folder, which appears only when everything is in it.
  ///
  /// Regular files, folders and symbolic links that stay inside are unpacked; links are made last, so that no file is
  /// written through one. Anything else is refused.
  ///
  /// - Parameters:
  ///   - count: how many leading parts of each name are dropped; members with fewer are skipped.
  ///   - wanted: asked with the whole name in the archive.
  /// - Throws: ``ArchiveError``, `CancellationError`; nothing is left behind in the target's folder.
  public func extract(
    to target: FilePath,
    strippingComponents count: Int = 0,
    where wanted: (String) -> Bool = { _ in true }
  ) throws {
    try IntegrityCheck.run(path)
    let partial = AtomicFile.partial(of: target)
    do {
      try makeFolders(partial)
      var links: [(name: String, target: String)] = []
      try walk { archive, entry in
        let whole = try Self.name(of: entry)
        let parts = try ArchiveName.parts(whole).dropFirst(count)
        guard !parts.isEmpty, wanted(whole) else { return }
        let name = parts.joined(separator: "/")
        try ArchiveName.check(name)
        let place = partial.appending(name)
        switch UInt32(archive_entry_filetype(entry)) {
        case FileKind.folder:
          try makeFolders(place)
        case FileKind.regular where archive_entry_hardlink(entry) == nil:
          try makeFolders(place.removingLastComponent())
          try write(archive, to: place, isExecutable: archive_entry_perm(entry) & 0o100 != 0)
        case FileKind.link:
          links.append((name, archive_entry_symlink(entry).map { String(cString: $0) } ?? ""))
        default:
          throw ArchiveError.badName(whole, why: "it is neither a file, a folder nor a symbolic link")
        }
      }
      try makeLinks(links, in: partial)
      guard rename(partial.string, target.string) == 0 else {
        throw ArchiveError.from(Errno(rawValue: errno), target, "put in place")
      }
    } catch {
      try? FileManager.default.removeItem(atPath: partial.string)
      throw error
    }
  }

  private func makeLinks(_ links: [(name: String, target: String)], in folder: FilePath) throws(ArchiveError)
  {
    let places = Set(links.map { Array($0.name.utf8) })
    for link in links {
      let parts = link.name.utf8.split(separator: UInt8(ascii: "/"))
      // A link below another link lies elsewhere than its name says, and so does the end of its '..'.
      let above = (1..<max(1, parts.count)).map { Array(parts[..<$0].joined(separator: "/".utf8)) }
      guard above.allSatisfy({ !places.contains($0) }) else {
        throw .badName(link.name, why: "its folder is a symbolic link")
      }
      guard ArchiveName.staysInside(link.target, depth: parts.count - 1) else {
        throw .badName(link.name, why: "it is a symbolic link to '\(link.target)', which leaves the folder")
      }
      let place = folder.appending(link.name)
      try makeFolders(place.removingLastComponent())
      guard symlink(link.target, place.string) == 0 else {
        throw .from(Errno(rawValue: errno), place, "created")
      }
    }
  }

  /// Makes a folder and those above it; Foundation's own function hides why it failed.
  private func makeFolders(_ folder: FilePath) throws(ArchiveError) {
    if mkdir(folder.string, 0o777) == 0 { return }
    var code = errno
    var status = stat()
    let above = folder.removingLastComponent()
    if code == ENOENT, !above.isEmpty {
      try makeFolders(above)
      code = mkdir(folder.string, 0o777) == 0 ? 0 : errno
    }
    // Already there; a symbolic link to a folder is one above the target only, because ours are made last.
    if code == EEXIST, stat(folder.string, &status) == 0,
      UInt32(status.st_mode) & FileKind.mask == FileKind.folder
    {
      return
    }
    if code != 0 { throw .from(Errno(rawValue: code), folder, "created") }
  }

  /// Goes through all members; not private, for the file beside this one.
  ///
  /// - Returns: the bytes of the file that were read up to the archive's end mark.
  @discardableResult
  func walk(_ body: (OpaquePointer, OpaquePointer) throws -> Void) throws -> Int64 {
    try NameEncoding.utf8 { try walkEntries(body) }
  }

  private func walkEntries(_ body: (OpaquePointer, OpaquePointer) throws -> Void) throws -> Int64 {
    guard let archive = archive_read_new() else { throw ArchiveError.library("archive_read_new: no memory") }
    defer { archive_read_free(archive) }
    // Not all of libarchive's filters: some of them start programs.
    archive_read_support_filter_gzip(archive)
    archive_read_support_filter_bzip2(archive)
    archive_read_support_filter_xz(archive)
    archive_read_support_filter_zstd(archive)
    archive_read_support_format_tar(archive)
    // With the central directory only: the other reader takes what is left of a zip archive that was cut off.
    archive_read_support_format_zip_seekable(archive)
    guard archive_read_open_filename(archive, path.string, blockSize) == ARCHIVE_OK else {
      throw failure(archive)
    }
    var entry: OpaquePointer?
    var isEmpty = true
    while true {
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF, isEmpty { throw ArchiveError.broken(path, why: "it holds nothing") }
      if status == ARCHIVE_EOF { return archive_filter_bytes(archive, -1) }
      isEmpty = false
      guard status >= ARCHIVE_WARN, let entry else { throw failure(archive) }
      try Task.checkCancellation()
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

  private static func name(of entry: OpaquePointer) throws(ArchiveError) -> String {
    // The first is nil for names in an older tar's own bytes, which are UTF-8 on every system of today.
    guard let bytes = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry),
      let name = String(validatingCString: bytes)
    else { throw .badName("?", why: "a member's name is not in UTF-8") }
    return name
  }

  func failure(_ archive: OpaquePointer) -> ArchiveError {
    let code = Errno(rawValue: archive_errno(archive))
    // What the system refused; libarchive's own complaints have other numbers.
    let refusals: Set<Errno> = [
      .noSuchFileOrDirectory, .permissionDenied, .isDirectory, .ioError, .notDirectory,
    ]
    if refusals.contains(code) { return .system(path, action: "read", code) }
    let why = archive_error_string(archive).map { String(cString: $0) } ?? "error \(archive_errno(archive))"
    return .broken(path, why: why)
  }
}
