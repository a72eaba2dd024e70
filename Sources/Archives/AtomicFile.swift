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
    let partial = Self.partial(of: path)
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

  /// Appends bytes where they are; a large file that is mapped is not copied into memory.
  func append(_ data: Data) throws(ArchiveError) {
    do {
      _ = try data.withUnsafeBytes { try descriptor.writeAll(toAbsoluteOffset: position, $0) }
    } catch { throw failure(error) }
    position += Int64(data.count)
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
    try Self.publish(partial, descriptor, as: path)
    isPublished = true
  }

  /// Where a file lies until it is complete: in the same folder, under a name that nobody else takes.
  static func partial(of path: FilePath) -> FilePath {
    let name = path.lastComponent?.string.prefix(100) ?? "file"
    return path.removingLastComponent().appending(".\(name).\(UUID().uuidString.prefix(8)).partial")
  }

  /// Gives a complete file its name; after a loss of power there is the whole file or none.
  static func publish(
    _ partial: FilePath,
    _ descriptor: FileDescriptor,
    as path: FilePath
  ) throws(ArchiveError) {
    guard fsync(descriptor.rawValue) == 0, rename(partial.string, path.string) == 0 else {
      throw .from(Errno(rawValue: errno), path, "written")
    }
    // The name is the folder's content. Some file systems can't sync folders, which is no reason to fail.
    let folder = path.removingLastComponent()
    if let folder = try? FileDescriptor.open(folder.isEmpty ? "." : folder, .readOnly, options: .directory) {
      fsync(folder.rawValue)
      try? folder.close()
    }
  }

  private func failure(_ error: any Error) -> ArchiveError {
    .from(error as? Errno ?? .ioError, path, "written")
  }
}
