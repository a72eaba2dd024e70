internal import CRename
import Foundation
public import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A folder that appears under its name only when everything is in it.
public enum AtomicFolder {
  /// Assembles a folder beside its place, and puts it there in one step.
  ///
  /// The old folder and the new one change places in one step where the file system can do that (renameat2(2),
  /// `RENAME_EXCHANGE`). A folder that is a mount point has to stay; its files are replaced one by one.
  ///
  /// - Parameters:
  ///   - lastFile: the file without which the folder is nothing: the first that goes and the last that comes where files
  ///     are replaced one by one, so that a run that is stopped in between leaves nothing that passes for finished.
  ///   - check: asked just before the old folder goes, as somebody may have put a file there meanwhile.
  ///   - assemble: fills the new folder.
  /// - Throws: what both of them throw, and Foundation's errors; the folder is then as it was.
  public static func replace(
    _ path: FilePath,
    lastFile: String,
    check: () throws -> Void,
    _ assemble: (FilePath) async throws -> Void
  ) async throws {
    removeRemains(beside: path)
    let files = FileManager.default
    let partial = path.removingLastComponent().appending("\(prefix(of: path))\(getpid())")
    try files.createDirectory(atPath: partial.string, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: partial.string) }
    try await assemble(partial)
    try check()
    guard files.fileExists(atPath: path.string) else {
      return try files.moveItem(atPath: partial.string, toPath: path.string)
    }
    let exchange: UInt32 = 2  // RENAME_EXCHANGE, linux/fs.h
    if renameat2(AT_FDCWD, partial.string, AT_FDCWD, path.string, exchange) == 0 { return }
    let refusal = Errno(rawValue: errno)
    guard [.resourceBusy, .improperLink, .invalidArgument, .noFunction].contains(refusal) else {
      throw refusal
    }
    try refill(path, from: partial, lastFile: lastFile)
  }

  private static func refill(_ path: FilePath, from partial: FilePath, lastFile: String) throws {
    let files = FileManager.default
    func names(_ folder: FilePath) throws -> [String] {
      try files.contentsOfDirectory(atPath: folder.string).filter { $0 != lastFile }.sorted()
    }
    try? files.removeItem(atPath: path.appending(lastFile).string)
    for name in try names(path) { try files.removeItem(atPath: path.appending(name).string) }
    for name in try names(partial) + [lastFile] {
      try files.moveItem(atPath: partial.appending(name).string, toPath: path.appending(name).string)
    }
  }

  private static func prefix(of path: FilePath) -> String {
    ".\(path.lastComponent?.string ?? "out").partial-"
  }

  /// Removes what runs that were killed while they filled a folder left beside it.
  private static func removeRemains(beside path: FilePath) {
    let parent = path.removingLastComponent()
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.string)) ?? [] {
      guard name.hasPrefix(prefix(of: path)), let process = Int32(name.dropFirst(prefix(of: path).count))
      else { continue }
      if kill(process, 0) != 0, errno == ESRCH {
        try? FileManager.default.removeItem(atPath: parent.appending(name).string)
      }
    }
  }
}
