public import Subprocess
public import SystemPackage

/// What a tool that ran to its end left behind.
public struct ToolResult: Sendable {
  /// How it ended.
  public let status: TerminationStatus
  /// What it wrote to standard output.
  public let stdout: String
  /// What it wrote to standard error.
  public let stderr: String

  /// Whether it ended with exit code 0.
  public var isSuccess: Bool { status.isSuccess }
}

/// Runs a tool to its end and collects what it writes, without blocking a thread.
///
/// A failing tool is no error here: tests look at the result.
///
/// - Parameters:
///   - executable: The tool, by path.
///   - arguments: Its arguments.
///   - environment: Variables to set on top of the test's own; nil removes one.
///   - folder: Where it runs; nil means the test's own working folder.
/// - Throws: `SubprocessError` when the tool cannot be started or writes more than 64 MiB.
public func runTool(
  _ executable: FilePath,
  _ arguments: [String],
  environment: [String: String?] = [:],
  in folder: FilePath? = nil
) async throws -> ToolResult {
  var updates: [Environment.Key: String?] = [:]
  for (name, value) in environment {
    if let key = Environment.Key(rawValue: name) { updates[key] = value }
  }
  let limit = 64 << 20
  let result = try await run(
    .path(executable),
    arguments: Arguments(arguments),
    environment: .inherit.updating(updates),
    workingDirectory: folder,
    output: .string(limit: limit),
    error: .string(limit: limit)
  )
  return ToolResult(
    status: result.terminationStatus,
    stdout: result.standardOutput,
    stderr: result.standardError
  )
}

/// Runs a tool by path given as text; see the other form.
public func runTool(
  _ executable: String,
  _ arguments: [String],
  environment: [String: String?] = [:],
  in folder: FilePath? = nil
) async throws -> ToolResult {
  try await runTool(FilePath(executable), arguments, environment: environment, in: folder)
}
