import Foundation
public import ReleaseModel
public import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Keeps two runs out of one folder.
///
/// The lock is the kernel's (`flock`), so a killed run never leaves a stale one; the file's text only tells whose it is.
public final class FolderLock: Sendable {
  private let descriptor: FileDescriptor

  /// Takes the lock of a folder that exists.
  ///
  /// - Parameter sharing: whether others may share it; only one that nobody else holds is taken otherwise.
  /// - Throws: ``FolderInUse`` when another process holds it.
  public init(folder: FilePath, sharing: Bool = false) throws {
    let path = folder.appending(".llcuda-build.lock")
    let descriptor = try FileDescriptor.open(
      path,
      .readWrite,
      options: [.create, .closeOnExec],
      permissions: [.ownerReadWrite, .groupRead, .otherRead]
    )
    guard flock(descriptor.rawValue, (sharing ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else {
      let owner = FileManager.default.contents(atPath: path.string).map {
        String(decoding: $0, as: UTF8.self)
      }
      try? descriptor.close()
      throw FolderInUse(folder: folder, owner: owner?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "")
    }
    let owner = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n"
    try descriptor.resize(to: 0)
    _ = try descriptor.writeAll(toAbsoluteOffset: 0, owner.utf8)
    self.descriptor = descriptor
  }

  deinit {
    // A child that another thread has just forked holds the file, and with it the lock, until it runs its program.
    flock(descriptor.rawValue, LOCK_UN)
    try? descriptor.close()
  }
}

/// Another run works in a folder.
public struct FolderInUse: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// The folder.
  public let folder: FilePath
  /// Who holds it, as that run wrote it down.
  public let owner: String

  /// The folder is in use.
  public var exitStatus: ExitStatus { .folderInUse }

  /// The message.
  public var description: String {
    "another llcuda-build works in '\(folder)'\(owner.isEmpty ? "" : " (\(owner))"); wait for it, or use another folder with --build"
  }
}
