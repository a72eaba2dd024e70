import Archives
import Foundation
import SystemPackage

/// A folder that artifacts are copied to: a web server's, or a mounted share.
struct AssetFolder: Sendable {
  let folder: FilePath

  /// The names that are there already, with the same contents.
  ///
  /// - Throws: ``PublishError/conflicts(place:_:)`` for other contents, unless the file is one of the lists that each
  ///   run of a release may write anew, `ArchiveError` for files that can't be read.
  func present(_ files: [FilePath]) throws -> Set<String> {
    var same: Set<String> = []
    var conflicts: [String] = []
    for file in files {
      let name = file.lastComponent?.string ?? ""
      let target = folder.appending(name)
      guard FileManager.default.fileExists(atPath: target.string) else { continue }
      if try SHA256Digest.ofFile(at: target) == SHA256Digest.ofFile(at: file) {
        same.insert(name)
      } else {
        conflicts.append("'\(name)' is there with other contents")
      }
    }
    guard conflicts.isEmpty else { throw PublishError.conflicts(place: "'\(folder)'", conflicts) }
    return same
  }

  /// Copies one file; it appears under its name only when it is whole.
  func copy(_ file: FilePath) throws {
    let name = file.lastComponent?.string ?? ""
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    let partial = folder.appending(".\(name).\(UUID().uuidString.prefix(8)).partial")
    do {
      try FileManager.default.copyItem(atPath: file.string, toPath: partial.string)
      guard rename(partial.string, folder.appending(name).string) == 0 else {
        throw Errno(rawValue: errno)
      }
    } catch {
      try? FileManager.default.removeItem(atPath: partial.string)
      throw error
    }
  }
}
