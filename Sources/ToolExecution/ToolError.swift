public import ReleaseModel
public import SystemPackage

/// What can go wrong with an external program.
public enum ToolError: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// The program isn't there.
  case notFound(String, hint: String)
  /// It ended with a status other than 0.
  case failed(Invocation, outcome: String, log: FilePath?, lastLines: [String])
  /// It is there but can't do its work.
  case unusable(String, why: String, hint: String)

  /// A missing or unusable tool is one thing, a failed build another; a full disk is told by the tool's own words.
  public var exitStatus: ExitStatus {
    switch self {
    case .notFound, .unusable: .toolMissing
    case .failed(_, _, _, let lines):
      lines.contains(where: FullDisk.isTold) ? .diskFull : .buildFailed
    }
  }

  /// The message, with the log's path, its last lines and the command to repeat.
  public var description: String {
    switch self {
    case .notFound(let name, let hint): return "'\(name)' was not found; \(hint)"
    case .unusable(let name, let why, let hint): return "'\(name)' cannot be used: \(why); \(hint)"
    case .failed(let invocation, let outcome, let log, let lines):
      var text = "\(invocation.name) \(outcome)"
      if !lines.isEmpty { text += "; its last lines:\n" + lines.map { "  | \($0)" }.joined(separator: "\n") }
      if let log { text += "\nwhole log: \(log)" }
      return text + "\nto repeat: \(invocation.commandLine)"
    }
  }
}
