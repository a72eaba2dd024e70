import Archives
import Foundation
public import SystemPackage

/// What was tried on this machine with success.
///
/// It lies in the user's cache folder, so that not every build folder and run tries it again. A failure is never kept.
public struct TrialRecord: Sendable {
  private let folder: FilePath

  /// The record in a cache folder.
  public init(cache: FilePath) { folder = cache.appending("trials") }

  /// A file for each trial, so that runs side by side don't undo each other's notes.
  private func file(of trial: String) -> FilePath {
    folder.appending(String(SHA256Digest.of(Array(trial.utf8)).hex.prefix(32)))
  }

  /// Whether a trial succeeded before, and every file that it noted is still there.
  public func holds(_ trial: String) -> Bool {
    guard let data = FileManager.default.contents(atPath: file(of: trial).string) else { return false }
    let text = String(decoding: data, as: UTF8.self)
    guard text.hasPrefix(trial + "\n") else { return false }
    let files = text.dropFirst(trial.count + 1).split(whereSeparator: \.isNewline)
    return files.allSatisfy { FileManager.default.fileExists(atPath: String($0)) }
  }

  /// Notes a success; where that can't be written, the next run tries again.
  ///
  /// - Parameters:
  ///   - trial: everything that decides how it ends.
  ///   - files: what it needs besides and may lose.
  public func note(_ trial: String, needing files: [FilePath] = []) {
    let text = trial + "\n" + files.map { "\($0)\n" }.joined()
    try? FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    try? Data(text.utf8).write(to: URL(fileURLWithPath: file(of: trial).string), options: .atomic)
  }
}
