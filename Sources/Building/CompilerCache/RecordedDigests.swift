import Archives
import Foundation
import SystemPackage

/// Digests of files that hardly ever change, kept beside what tells a change: their size, inode and times.
///
/// A run with nothing to do would hash nvcc's programs and the host's compilers for nothing. The time of the last change of
/// status is among the times: no tool that copies files with their dates can set it.
struct RecordedDigests {
  /// What a file was when it was read.
  private struct Record: Hashable, Codable {
    let stamp: String
    let sha256: String
  }

  private let path: FilePath
  private let now: Date
  private var records: [String: Record]
  private var hasNews = false

  /// Reads the record; one that is missing or damaged counts as empty.
  init(at path: FilePath, now: Date = Date()) {
    self.path = path
    self.now = now
    let data = FileManager.default.contents(atPath: path.string)
    records = data.flatMap { try? JSONDecoder().decode([String: Record].self, from: $0) } ?? [:]
  }

  /// The digest of a file in hexadecimal.
  ///
  /// - Throws: `ArchiveError` when it can't be read.
  mutating func digest(of file: FilePath) throws -> String {
    let stamp = stamp(of: file)
    if let stamp, let record = records[file.string], record.stamp == stamp { return record.sha256 }
    let sha256 = try SHA256Digest.ofFile(at: file).hex
    // What changed while it was read is not recorded.
    if let stamp, stamp == self.stamp(of: file) {
      records[file.string] = Record(stamp: stamp, sha256: sha256)
      hasNews = true
    }
    return sha256
  }

  /// Writes the record if anything was read; without it the next run hashes again.
  func save() {
    guard hasNews else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(records) else { return }
    try? data.write(to: URL(fileURLWithPath: path.string), options: .atomic)
  }

  /// `nil` for a file that isn't there, and for one that changed just now, whose next change might leave the same times.
  private func stamp(of file: FilePath) -> String? {
    var status = stat()
    guard stat(file.string, &status) == 0, now.timeIntervalSince1970 - Double(status.st_ctim.tv_sec) > 2
    else { return nil }
    let times = [status.st_mtim, status.st_ctim].map { "\($0.tv_sec).\($0.tv_nsec)" }
    return "\(status.st_size) \(status.st_dev) \(status.st_ino) \(times.joined(separator: " "))"
  }
}
