import Foundation
import SystemPackage

/// What a container's control group leaves its processes (Linux, Documentation/admin-guide/cgroup-v2.rst).
///
/// In a container the group's files lie at the root of `/sys/fs/cgroup`; `/proc` still speaks of the whole machine.
struct ControlGroup: Sendable {
  private let folder: FilePath

  /// Makes the group whose files lie in a folder.
  init(folder: FilePath) { self.folder = folder }

  /// The group of this process, as a container sees it.
  static let ofThisProcess = ControlGroup(folder: "/sys/fs/cgroup")

  private func text(_ file: String) -> String? {
    FileManager.default.contents(atPath: folder.appending(file).string).map {
      String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  /// Whole cores' worth of time, at least 1; `nil` without a limit.
  var cores: Int? {
    // "max 100000", or microseconds of time in each period.
    guard let fields = text("cpu.max")?.split(separator: " "), fields.count == 2,
      let quota = Int64(fields[0]), let period = Int64(fields[1]), quota > 0, period > 0
    else { return nil }
    return Int(clamping: max(1, quota / period))
  }

  /// Bytes that the group may take in all; `nil` without a limit.
  var memory: Int64? { text("memory.max").flatMap { Int64($0) } }

  /// Bytes that the group may still take; `nil` without a limit.
  ///
  /// Page cache counts as taken, but the kernel gives it back under pressure, so what is inactive is left out.
  var availableMemory: Int64? {
    guard let limit = memory, let current = text("memory.current").flatMap({ Int64($0) })
    else { return nil }
    let statistics = text("memory.stat")?.split(separator: "\n") ?? []
    let inactive = statistics.first { $0.hasPrefix("inactive_file ") }
      .flatMap { Int64($0.dropFirst("inactive_file ".count)) }
    return max(0, limit - max(0, current - (inactive ?? 0)))
  }
}
