import Foundation
import SystemPackage
import TestSupport
import Testing
import ToolExecution

/// The real llcuda-build and the tools that `ci/setup` installs.
enum Tools {
  static let repository = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  static let executable: FilePath? = {
    let named = ProcessInfo.processInfo.environment["LLCUDA_BUILD_EXECUTABLE"] ?? ""
    let path = named.isEmpty ? repository.appending(".build/debug/llcuda-build") : FilePath(named)
    return FileManager.default.isExecutableFile(atPath: path.string) ? path : nil
  }()

  static let folder: FilePath = {
    let given = ProcessInfo.processInfo.environment["LLCUDA_TOOLS"] ?? ""
    return given.isEmpty ? FilePath(NSHomeDirectory()).appending(".cache/llcuda-build/venv/bin") : FilePath(given)
  }()

  static func tool(_ name: String) -> FilePath? {
    let path = folder.appending(name)
    return FileManager.default.isExecutableFile(atPath: path.string) ? path : nil
  }

  static let isReady =
    executable != nil && ["python", "uv", "twine", "pypi-server"].allSatisfy { tool($0) != nil }
  static let absence: Comment = "needs llcuda-build, uv, twine and pypiserver; run ci/setup"

  /// Runs llcuda-build with a name and a password where uv takes them.
  static func run(
    _ arguments: [String],
    in folder: FilePath,
    environment: [String: String?] = [:]
  ) async throws -> ToolResult {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let own: [String: String?] = [
      "PATH": "\(Self.folder):\(path)", "UV_PUBLISH_USERNAME": "jane", "UV_PUBLISH_PASSWORD": "se-cret",
      "TWINE_USERNAME": "jane", "TWINE_PASSWORD": "se-cret", "UV_HTTP_RETRIES": "0", "UV_PUBLISH_TOKEN": nil,
      "UV_PUBLISH_INDEX": nil, "UV_PUBLISH_CHECK_URL": nil, "CI": nil, "TERM": "dumb", "UV_NO_CONFIG": "1",
      "NO_PROXY": "127.0.0.1",
    ]
    return try await runTool(
      #require(executable),
      arguments,
      environment: own.merging(environment) { $1 },
      in: folder
    )
  }
}

/// Runs `body` with an index on loopback that serves `folder`.
///
/// - Parameters:
///   - cut: the number of the upload whose connection is lost half-way, once.
///   - body: gets the addresses for uploads and of the simple index.
func withIndex(
  of folder: FilePath,
  cut: Int? = nil,
  _ body: @Sendable @escaping (_ upload: String, _ simple: String) async throws -> Void
) async throws {
  try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
  let script = Tools.repository.appending("Tests/Fixtures/index/serve.py")
  let ports = FilePath("\(folder).ports")
  let arguments = [script.string, folder.string, ports.string] + (cut.map { ["\($0)"] } ?? [])
  let log = FilePath("\(folder).log")
  let python = try #require(Tools.tool("python")).string
  try await ToolRunner().withCompanion(Invocation(python, arguments), log: log) {
    for _ in 0..<600 where !FileManager.default.fileExists(atPath: ports.string) {
      try await Task.sleep(for: .milliseconds(50))
    }
    let numbers = try String(contentsOfFile: ports.string, encoding: .utf8).split(separator: " ")
    let address = "http://127.0.0.1:\(numbers[1])"
    try await body("\(address)/", "\(address)/simple/")
  }
}

/// The names in a folder, sorted.
func names(in folder: FilePath) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
}
