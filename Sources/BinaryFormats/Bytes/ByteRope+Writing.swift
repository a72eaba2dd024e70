import Glibc
public import SystemPackage

extension ByteRope {
  /// Writes the bytes to a new file beside `path` and renames it to `path`, so that nobody sees half a file.
  ///
  /// Because the old file is replaced and not overwritten, a rope may hold slices of the file that it replaces.
  ///
  /// - Parameters:
  ///   - path: Where the file goes; a file that is there is replaced.
  ///   - permissions: The mode bits of the new file, before the umask.
  /// - Throws: ``BinaryFormatError`` of kind `system` (disk full, no permission, no such folder).
  public func write(
    to path: FilePath,
    permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
  ) throws(BinaryFormatError) {
    let partial = path.string + ".\(getpid()).partial"
    func failure(_ what: String) -> BinaryFormatError {
      let code = Errno(rawValue: errno)
      return BinaryFormatError(.system(code), in: path.string, "cannot be \(what): \(code)")
    }
    unlink(partial)
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions.rawValue)
    guard descriptor >= 0 else { throw failure("created") }
    do {
      try writeAll(to: descriptor, failure)
    } catch {
      close(descriptor)
      unlink(partial)
      throw error
    }
    // Some file systems report a full disk only here.
    guard close(descriptor) == 0, rename(partial, path.string) == 0 else {
      let error = failure("written")
      unlink(partial)
      throw error
    }
  }

  private func writeAll(
    to descriptor: CInt,
    _ failure: (String) -> BinaryFormatError
  ) throws(BinaryFormatError) {
    let batch = 512  // Linux takes at most 1024 (IOV_MAX) slices in one call.
    var next = 0
    var skip = 0  // bytes of pieces[next] that are written already
    while next < pieces.count {
      let slices = pieces[next..<min(next + batch, pieces.count)]
      var vectors = slices.map { $0.withUnsafeBytes { iovec($0) } }
      vectors[0].iov_base = vectors[0].iov_base.map { $0 + skip }
      vectors[0].iov_len -= skip
      // The pieces own the memory and are part of self, so the pointers stay valid here.
      var written = withExtendedLifetime(slices) { writev(descriptor, vectors, CInt(vectors.count)) }
      if written < 0 {
        if errno == EINTR { continue }
        throw failure("written")
      }
      written += skip
      while next < pieces.count, written >= pieces[next].count {
        written -= pieces[next].count
        next += 1
      }
      skip = written
    }
  }
}

extension iovec {
  fileprivate init(_ bytes: UnsafeRawBufferPointer) {
    self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
  }
}
