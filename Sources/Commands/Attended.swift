import ArgumentParser
import Foundation
import Pipeline
import ReleaseModel

/// Runs a job that Ctrl-C and SIGTERM cancel; an error becomes its message on standard error and its exit code.
///
/// - Parameter finish: what is done with the result, such as printing it; its errors end the command in the same way.
/// - Throws: `ExitCode`.
func attended<Value: Sendable, Result>(
  _ job: @escaping @Sendable () async throws -> Value,
  finish: (Value) throws -> Result
) async throws -> Result {
  let trap = SignalTrap()
  let task = Task(operation: job)
  trap.install { task.cancel() }
  do {
    return try finish(try await task.value)
  } catch {
    throw exitCode(of: error, caught: trap.caught)
  }
}

/// Runs a job that Ctrl-C and SIGTERM cancel, and gives its result.
///
/// - Throws: `ExitCode`.
func attended<Value: Sendable>(_ job: @escaping @Sendable () async throws -> Value) async throws -> Value {
  try await attended(job) { $0 }
}

/// Runs a command that starts nothing lasting, and ends as the main job does when it fails.
///
/// - Throws: `ExitCode`.
func reportingErrors(_ work: () async throws -> Void) async throws {
  do {
    try await work()
  } catch {
    throw exitCode(of: error)
  }
}

/// Says on standard error what went wrong, and what the program ends with; a code that was decided already stays.
private func exitCode(of error: any Error, caught: ExitStatus? = nil) -> ExitCode {
  if let code = error as? ExitCode { return code }
  let failure = RunFailure(error)
  FileHandle.standardError.write(Data("error: \(failure.message)\n".utf8))
  return ExitCode((caught ?? failure.exitStatus).rawValue)
}
