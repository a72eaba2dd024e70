import Foundation
public import SystemPackage

/// A folder that appears under its name only when everything is in it.
public enum AtomicFolder {
  /// Assembles a folder beside its place, and puts it there in one step.
  ///
  /// - Parameters:
  ///   - check: asked just before the old folder goes, as somebody may have put a file there meanwhile.
  ///   - assemble: fills the new folder.
  /// - Throws: what both of them throw, and Foundation's errors; the folder is then as it was.
  public static func replace(
    _ path: FilePath,
    check: () throws -> Void,
    _ assemble: (FilePath) async throws -> Void
  ) async throws {
    let parent = path.removingLastComponent()
    let name = path.lastComponent?.string ?? "out"
    let unique = UUID().uuidString.prefix(8)
    let partial = parent.appending(".\(name).partial-\(unique)")
    let old = parent.appending(".\(name).old-\(unique)")
    let files = FileManager.default
    try files.createDirectory(atPath: partial.string, withIntermediateDirectories: true)
    do {
      try await assemble(partial)
      try check()
    } catch {
      try? files.removeItem(atPath: partial.string)
      throw error
    }
    let existed = files.fileExists(atPath: path.string)
    if existed { try files.moveItem(atPath: path.string, toPath: old.string) }
    try files.moveItem(atPath: partial.string, toPath: path.string)
    if existed { try files.removeItem(atPath: old.string) }
  }
}
