import Foundation
import SystemPackage
import TestSupport
import Testing

/// The Python tools that `ci/setup` installs: `LLCUDA_TOOLS` names their folder, else they are looked for in the cache.
enum PythonTools {
  static let folder: FilePath = {
    let given = ProcessInfo.processInfo.environment["LLCUDA_TOOLS"] ?? ""
    return given.isEmpty
      ? FilePath(NSHomeDirectory()).appending(".cache/llcuda-build/venv/bin") : FilePath(given)
  }()

  static let absence: Comment =
    "needs the Python tools; run ci/setup or set LLCUDA_TOOLS to a venv's bin folder"

  /// A tool by name; nil when it is not there.
  static func tool(_ name: String) -> FilePath? {
    let path = folder.appending(name)
    return FileManager.default.isExecutableFile(atPath: path.string) ? path : nil
  }

  static func has(_ names: String...) -> Bool { names.allSatisfy { tool($0) != nil } }

  /// Any Python for scripts that need the standard library only.
  static let python = tool("python") ?? CUDAToolkitForTests.onPath("python3")

  /// Runs a tool of the venv and fails the test when it fails.
  static func run(_ name: String, _ arguments: [String], in folder: FilePath? = nil) async throws -> String {
    try await run(#require(tool(name)), arguments, in: folder)
  }

  /// Runs any tool and fails the test when it fails.
  static func run(_ path: FilePath, _ arguments: [String], in folder: FilePath? = nil) async throws -> String
  {
    // Without what a developer's shell may set: their index, their settings, their Python path.
    let unset = [
      "PYTHONPATH", "PYTHONHOME", "PIP_INDEX_URL", "PIP_REQUIRE_VIRTUALENV", "UV_INDEX_URL", "VIRTUAL_ENV",
    ]
    let environment = Dictionary(uniqueKeysWithValues: unset.map { ($0, String?.none) })
    let result = try await runTool(path, arguments, environment: environment, in: folder)
    try #require(result.isSuccess, "\(path) \(arguments): \(result.stdout)\(result.stderr)")
    return result.stdout
  }

  /// Our own second opinion on wheels; its findings, one a line.
  static func check(_ wheels: [FilePath]) async throws -> String {
    let here = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let script = here.appending("Fixtures/wheels/check_wheel.py")
    let result = try await runTool(#require(python), ["-I", script.string] + wheels.map(\.string))
    try #require(result.stderr.isEmpty, "\(result.stderr)")
    return result.stdout
  }
}
