import Subprocess

extension ToolResult {
  /// The exit code; `nil` when a signal ended the tool.
  public var exitCode: Int32? {
    if case .exited(let code) = status { return Int32(code) }
    return nil
  }
}
