import Archives
import BinaryFormats
import Foundation
public import ReleaseModel
import SystemPackage
import ToolExecution

/// Sorts any error of a run into an exit code and a message.
public struct RunFailure: Sendable {
  /// The exit code.
  public let exitStatus: ExitStatus
  /// The message, without a leading `error:`.
  public let message: String

  /// Sorts an error.
  public init(_ error: any Error) {
    message = error is CancellationError ? "stopped" : Self.text(of: error)
    if Self.isDiskFull(error) {
      exitStatus = .diskFull
    } else if let known = error as? any ExitStatusProviding {
      exitStatus = known.exitStatus
    } else if error is CancellationError {
      exitStatus = .interrupted
    } else if error is BinaryFormatError || error is ArchiveError {
      exitStatus = .badInput
    } else {
      exitStatus = .unexpected
    }
  }

  private static func text(of error: any Error) -> String {
    // Foundation's errors describe themselves to programmers; everybody else's description is the message.
    error is CocoaError ? error.localizedDescription : "\(error)"
  }

  /// A full disk has many faces: our own writers', Foundation's, the kernel's, and a child's last words.
  static func isDiskFull(_ error: any Error) -> Bool {
    if let error = error as? BinaryFormatError, error.kind == .system(.noSpace) { return true }
    if let error = error as? ArchiveError, case .noSpace = error { return true }
    if let error = error as? Errno { return error == .noSpace || error == .diskQuotaExceeded }
    if let error = error as? CocoaError { return error.code == .fileWriteOutOfSpace }
    return FullDisk.isTold(by: "\(error)")
  }
}
