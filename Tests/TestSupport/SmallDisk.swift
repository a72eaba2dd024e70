import Foundation
public import SystemPackage

/// A file system of its own in a folder, small enough to fill; only root may make one.
public struct SmallDisk: Sendable {
  /// Where it is mounted.
  public let folder: FilePath

  /// Gives `body` such a disk and takes it away afterwards.
  ///
  /// Where there can be none, a line is printed and `body` never runs.
  ///
  /// - Parameter size: as `mount -o size=` takes it.
  public static func with(
    at folder: FilePath,
    size: String,
    _ body: (SmallDisk) async throws -> Void
  ) async throws {
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    guard getuid() == 0, try await mount(["-t", "tmpfs", "-o", "size=\(size)", "none", folder.string]) else {
      print("skipped: a small file system cannot be mounted here")
      return
    }
    do {
      try await body(SmallDisk(folder: folder))
      _ = try await runTool("/bin/umount", [folder.string])
    } catch {
      _ = try await runTool("/bin/umount", ["-l", folder.string])
      throw error
    }
  }

  /// Gives it another size; `false` if more than that is on it.
  public func resize(to size: String) async throws -> Bool {
    try await Self.mount(["-o", "remount,size=\(size)", folder.string])
  }

  private static func mount(_ arguments: [String]) async throws -> Bool {
    let path = ["/bin/mount", "/usr/bin/mount"].first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let path else { return false }
    return try await runTool(FilePath(path), arguments).isSuccess
  }
}
