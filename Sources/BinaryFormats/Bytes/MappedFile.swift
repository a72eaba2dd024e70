import Glibc
public import SystemPackage

/// A regular file, mapped into memory for reading and unmapped when nothing looks into it any more.
///
/// A library of 1 GB costs address space only; pages are read as they are touched. A file that somebody shortens while
/// it is mapped is out of scope: reading past its new end ends the process.
public final class MappedFile: Sendable {
  /// The path that was opened.
  public let path: FilePath
  /// All bytes of the file.
  public let bytes: ByteSource
  /// The length of the file in bytes.
  public var size: Int { bytes.count }

  /// Opens and maps the file.
  ///
  /// - Throws: ``BinaryFormatError`` when the file cannot be opened or mapped, is not a regular file, or is empty.
  public convenience init(_ path: FilePath) throws(BinaryFormatError) {
    let name = path.string
    func failure(_ rule: String, _ code: Errno) -> BinaryFormatError {
      BinaryFormatError(.system(code), in: name, "\(rule): \(code)")
    }

    // O_NONBLOCK: opening a pipe must fail below, not wait for a writer.
    let descriptor = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw failure("cannot be opened", Errno(rawValue: errno)) }
    defer { close(descriptor) }
    try self.init(descriptor: descriptor, path: path)
  }

  /// Maps a file that is open for reading; the caller closes it, and may do so at once.
  ///
  /// - Parameters:
  ///   - descriptor: The open file.
  ///   - path: Its name in messages.
  /// - Throws: ``BinaryFormatError`` as ``init(_:)`` does.
  public init(descriptor: CInt, path: FilePath) throws(BinaryFormatError) {
    let name = path.string
    func failure(_ rule: String, _ code: Errno) -> BinaryFormatError {
      BinaryFormatError(.system(code), in: name, "\(rule): \(code)")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("cannot be read", Errno(rawValue: errno)) }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw BinaryFormatError(.invalid, in: name, "must be a file; it is a folder")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw BinaryFormatError(.invalid, in: name, "must be a regular file; it is a device, pipe or socket")
    }
    guard status.st_size > 0 else {
      throw BinaryFormatError(
        .truncated,
        in: name,
        "is empty; was it cut off by a failed copy or a full disk?"
      )
    }
    let count = Int(status.st_size)
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw failure("cannot be mapped into memory", Errno(rawValue: errno))
    }
    let storage = ByteStorage(mapping: UnsafeRawBufferPointer(start: address, count: count))
    self.path = path
    bytes = ByteSource(name: name, storage: storage, start: 0, count: count, offset: 0)
  }
}
