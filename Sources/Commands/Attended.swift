import ArgumentParser
import Foundation
import Pipeline
import ReleaseModel

/// Runs a job that Ctrl-C and SIGTERM cancel; an error becomes its message on standard error and its exit code.
///
/// - Throws: `ExitCode`.
func attended<Result: Sendable>(_ job: @escaping @Sendable () async throws -> Result) async throws -> Result {
  let trap = SignalTrap()
  let task = Task { try await job() }
  trap.install { task.cancel() }
  do {
    return try await task.value
  } catch {
    let failure = RunFailure(error)
    FileHandle.standardError.write(Data("error: \(failure.message)\n".utf8))
    throw ExitCode((trap.caught ?? failure.exitStatus).rawValue)
  }
}
