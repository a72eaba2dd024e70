/// The exit codes of `llcuda-build`, documented in README.md and `--help`; they don't change within a major version.
public enum ExitStatus: Int32, Sendable, CaseIterable {
  /// All that was asked for was done.
  case success = 0
  /// Something that this program didn't foresee.
  case unexpected = 1
  /// CMake, nvcc, the linker or another child failed.
  case buildFailed = 2
  /// The release was written, but an artifact is over its budget.
  case overBudget = 3
  /// What was built isn't what was promised.
  case verificationFailed = 4
  /// A tool is missing or unusable.
  case toolMissing = 5
  /// A disk is full.
  case diskFull = 6
  /// An input (source, configuration, binary) is broken or missing.
  case badInput = 7
  /// Another run holds the build folder, or the output folder holds foreign files.
  case folderInUse = 8
  /// The command line is wrong (`EX_USAGE` of sysexits.h).
  case usage = 64
  /// Ctrl-C, SIGINT.
  case interrupted = 130
  /// SIGTERM.
  case terminated = 143

  /// What the code means, for the table in `--help`.
  public var meaning: String {
    switch self {
    case .success: "done"
    case .unexpected: "an error that llcuda-build did not foresee"
    case .buildFailed: "CMake, nvcc, the linker or another tool failed"
    case .overBudget: "the release is written, but an artifact is over its budget"
    case .verificationFailed: "what was built is not what was promised"
    case .toolMissing: "a tool is missing or unusable"
    case .diskFull: "a disk is full"
    case .badInput: "an input is broken or missing"
    case .folderInUse: "a folder is in use by another run, or holds foreign files"
    case .usage: "the command line or the configuration is wrong"
    case .interrupted: "interrupted (Ctrl-C)"
    case .terminated: "terminated (SIGTERM)"
    }
  }
}

/// An error that knows which exit code it ends the program with.
public protocol ExitStatusProviding: Error {
  /// The exit code.
  var exitStatus: ExitStatus { get }
}

extension ArchitectureListError: ExitStatusProviding {
  /// A wrong list is wrong usage.
  public var exitStatus: ExitStatus { .usage }
}

/// Something a person should know that doesn't stop the run.
public struct Diagnostic: Hashable, Sendable, Codable, CustomStringConvertible {
  /// How much it matters.
  public enum Severity: String, Hashable, Sendable, Codable {
    /// Good to know.
    case note
    /// Probably not what was wanted.
    case warning
  }

  /// How much it matters.
  public var severity: Severity
  /// One line, lower case, without a final period.
  public var message: String

  /// Makes a note.
  public static func note(_ message: String) -> Diagnostic { Diagnostic(severity: .note, message: message) }
  /// Makes a warning.
  public static func warning(_ message: String) -> Diagnostic {
    Diagnostic(severity: .warning, message: message)
  }

  /// The line as it is printed: `warning: …`.
  public var description: String { "\(severity.rawValue): \(message)" }
}
