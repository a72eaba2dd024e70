internal import CArchive
import Foundation
public import SystemPackage

/// A regular file that is read in windows, so that reading it takes no more memory than one of them.
public struct WindowedFile: Sendable {
  /// The file.
  public let path: FilePath
  /// Its size when it was opened.
  public let byteCount: Int64
  private let handle: Handle

  private final class Handle: Sendable {
    let descriptor: FileDescriptor
    init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }
    deinit { try? descriptor.close() }
  }

  /// Opens a file.
  ///
  /// - Throws: ``ArchiveError`` when it can't be opened or is no regular file.
  public init(_ path: FilePath) throws(ArchiveError) {
    do {
      // Not blocking: opening a pipe must fail below, not wait for a writer.
      let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
      handle = Handle(descriptor)
      var status = stat()
      guard fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
      let kind = UInt32(status.st_mode) & FileKind.mask
      guard kind != FileKind.folder else { throw Errno.isDirectory }
      guard kind == FileKind.regular else { throw Errno.notSupported }
      byteCount = Int64(status.st_size)
    } catch {
      throw .from(error as? Errno ?? .ioError, path, "read")
    }
    self.path = path
  }

  /// The bytes of a range; fewer where the file has ended meanwhile.
  ///
  /// - Throws: ``ArchiveError``; the range must be checked against ``byteCount`` before, since memory is reserved for it.
  public func bytes(_ range: Range<Int64>) throws(ArchiveError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= byteCount else {
      throw .broken(path, why: "a part of it lies past its end")
    }
    var bytes = [UInt8](repeating: 0, count: Int(range.count))
    let result = bytes.withUnsafeMutableBytes { memory in
      Result { () throws(ArchiveError) in try read(into: memory, at: range.lowerBound) }
    }
    let count = try result.get()
    return count == bytes.count ? bytes : Array(bytes.prefix(count))
  }

  /// Fills a buffer from a place on; returns how many bytes there were.
  func read(into memory: UnsafeMutableRawBufferPointer, at place: Int64) throws(ArchiveError) -> Int {
    do {
      var done = 0
      while done < memory.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: memory[done...])
        let count = try handle.descriptor.read(fromAbsoluteOffset: place + Int64(done), into: rest)
        if count == 0 { break }
        done += count
      }
      return done
    } catch {
      throw .from(error as? Errno ?? .ioError, path, "read")
    }
  }
}

/// A file without a name, which is gone when nothing holds it any more, whatever happens to the program.
public final class SpoolFile: Sendable {
  /// The folder it lies in, for messages.
  public let folder: FilePath
  private let file: FileDescriptor
  private nonisolated(unsafe) var count: Int64 = 0

  /// Makes an empty file in the folder for temporary files.
  ///
  /// - Throws: ``ArchiveError``
  public init() throws(ArchiveError) {
    folder = FilePath(FileManager.default.temporaryDirectory.path)
    var template = Array(folder.appending("llcuda-build-XXXXXX").string.utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
      throw .from(Errno(rawValue: errno), folder, "written to")
    }
    unlink(template)
    file = FileDescriptor(rawValue: descriptor)
  }

  deinit { try? file.close() }

  /// Adds bytes at the end; one thread at a time.
  ///
  /// - Throws: ``ArchiveError/noSpace(_:)`` and others.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
    do { try file.writeAll(bytes) } catch {
      throw .from(error as? Errno ?? .ioError, folder, "written to")
    }
    count += Int64(bytes.count)
  }

  /// The bytes written so far.
  public var byteCount: Int64 { count }
  /// The open file, for mapping it.
  public var descriptor: CInt { file.rawValue }
}
