import Foundation
import SystemPackage

/// A file that appears under its name only when it is complete and on disk.
final class AtomicFile {
  let path: FilePath
  /// Where the next byte goes.
  private(set) var position: Int64 = 0
  private let partial: FilePath
  private let descriptor: FileDescriptor
  private var isPublished = false

  init(_ path: FilePath) throws(ArchiveError) {
    self.path = path
    let name = path.lastComponent?.string ?? "file"
    let partial = path.removingLastComponent().appending(".\(name).\(UUID().uuidString.prefix(8)).partial")
    self.partial = partial
    do {
      descriptor = try FileDescriptor.open(
        partial,
        .readWrite,
        options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead]
      )
    } catch {
      throw .from(error as? Errno ?? .ioError, path, "created")
    }
  }

  deinit {
    try? descriptor.close()
    if !isPublished { unlink(partial.string) }
  }

  func append(_ bytes: [UInt8]) throws(ArchiveError) {
    try overwrite(bytes, at: position)
    position += Int64(bytes.count)
  }

  func overwrite(_ bytes: [UInt8], at offset: Int64) throws(ArchiveError) {
    do { _ = try descriptor.writeAll(toAbsoluteOffset: offset, bytes) } catch { throw failure(error) }
  }

  func rewind(to offset: Int64) throws(ArchiveError) {
    do { try descriptor.resize(to: offset) } catch { throw failure(error) }
    position = offset
  }

  /// Gives the file its name, after the disk has it.
  func publish() throws(ArchiveError) {
    guard fsync(descriptor.rawValue) == 0, rename(partial.string, path.string) == 0 else {
      throw .from(Errno(rawValue: errno), path, "written")
    }
    isPublished = true
  }

  private func failure(_ error: any Error) -> ArchiveError {
    .from(error as? Errno ?? .ioError, path, "written")
  }
}
