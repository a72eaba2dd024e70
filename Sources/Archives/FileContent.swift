// libarchive's header brings stat(2) along, as its own module sees it.
internal import CArchive
import Foundation
import SystemPackage

/// A file's bytes, mapped rather than read: a library of 1 GB costs address space, not memory.
///
/// A file that somebody shortens while it is mapped ends the process; what is archived lies in folders of ours.
struct FileContent: Sendable {
  let data: Data

  /// - Throws: ``ArchiveError`` with the system's own reason; `Data(contentsOf:)` hides it in an error that
  ///   doesn't convert, so that a folder was reported as a missing file.
  init(_ path: FilePath) throws(ArchiveError) {
    do {
      // Not blocking: opening a pipe must fail below, not wait for a writer.
      let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
      defer { try? descriptor.close() }
      var status = stat()
      guard fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
      let kind = UInt32(status.st_mode) & FileKind.mask
      guard kind != FileKind.folder else { throw Errno.isDirectory }
      guard kind == FileKind.regular, let count = Int(exactly: status.st_size) else {
        throw Errno.notSupported
      }
      // An empty mapping is refused by the system, an empty file is not by us.
      guard count > 0 else {
        data = Data()
        return
      }
      guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor.rawValue, 0),
        address != MAP_FAILED
      else { throw Errno(rawValue: errno) }
      data = Data(bytesNoCopy: address, count: count, deallocator: .custom { munmap($0, $1) })
    } catch {
      throw .from(error as? Errno ?? .ioError, path, "read")
    }
  }
}
