import Foundation
import SystemPackage

/// Small questions about files, and small changes of them.
enum Files {
  static func exists(_ path: FilePath) -> Bool { FileManager.default.fileExists(atPath: path.string) }

  static func text(_ path: FilePath) -> String? { try? String(contentsOfFile: path.string, encoding: .utf8) }

  static func bytes(_ path: FilePath) -> Data? { FileManager.default.contents(atPath: path.string) }

  static func names(in folder: FilePath) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
  }

  static func makeFolder(_ path: FilePath) throws {
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
  }

  static func write(_ text: String, to path: FilePath, executable: Bool = false) throws {
    try makeFolder(path.removingLastComponent())
    try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
    if executable {
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
    }
  }

  static func copy(_ source: FilePath, to target: FilePath) throws {
    try makeFolder(target.removingLastComponent())
    try FileManager.default.copyItem(atPath: source.string, toPath: target.string)
  }

  static func link(_ target: FilePath, from path: FilePath) throws {
    try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: target.string)
  }

  static func remove(_ path: FilePath) { try? FileManager.default.removeItem(atPath: path.string) }

  /// Every file below a folder with its size and the time of its last change, by path.
  static func times(below folder: FilePath) throws -> [String: String] {
    var times: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder.string) {
      var info = stat()
      guard lstat(folder.appending(name).string, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      times[name] = "\(info.st_size) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec)"
    }
    return times
  }
}
