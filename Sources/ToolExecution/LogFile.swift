import Foundation
import SystemPackage

/// A log that grows line by line; what can't be written is not worth stopping a build for.
final class LogFile: @unchecked Sendable {
  private let handle: FileHandle
  private let lock = NSLock()

  /// Starts a new log, replacing an older one of the same name.
  init(at path: FilePath, heading: String) throws {
    try FileManager.default.createDirectory(
      atPath: path.removingLastComponent().string,
      withIntermediateDirectories: true
    )
    let descriptor = try FileDescriptor.open(
      path,
      .writeOnly,
      options: [.create, .truncate, .closeOnExec],
      permissions: [.ownerReadWrite, .groupRead, .otherRead]
    )
    self.handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
    write("$ \(heading)")
  }

  func write(_ line: String) {
    lock.withLock { try? handle.write(contentsOf: Data((line + "\n").utf8)) }
  }
}
