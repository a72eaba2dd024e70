import Foundation
public import SystemPackage

/// Runs `body` with a new, empty folder and removes the folder afterwards, also when `body` throws.
///
/// `LLCUDA_KEEP_TEMPS=1` in the environment keeps the folder and prints its path, to look at after a failure.
public func withTemporaryDirectory<Result>(
  _ name: String = #function,
  _ body: (FilePath) async throws -> Result
) async throws -> Result {
  let stem = String(name.prefix { $0.isLetter || $0.isNumber })
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("llcuda-test-\(stem)-\(UUID().uuidString.prefix(8))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer {
    if ProcessInfo.processInfo.environment["LLCUDA_KEEP_TEMPS"] == "1" {
      print("kept \(folder.path)")
    } else {
      try? FileManager.default.removeItem(at: folder)
    }
  }
  return try await body(FilePath(folder.path))
}
