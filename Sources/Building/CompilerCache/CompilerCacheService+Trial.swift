import Foundation
public import ReleaseModel
public import SystemPackage
public import ToolExecution

extension CompilerCacheService {
  /// Tries whether sccache can compile with a toolkit's nvcc, whose steps it takes from `nvcc --dryrun` and runs itself.
  ///
  /// sccache 0.16 can't with CUDA 13.5, which words these steps in another way. Tried once for a pair of versions.
  ///
  /// - Parameters:
  ///   - version: what `sccache --version` prints.
  ///   - scratch: the folder of the toolkit's own trial.
  ///   - record: what was tried before.
  /// - Returns: this cache.
  /// - Throws: ``Unable`` when it can't.
  public func tried(
    with toolkit: CUDAToolkit,
    version: String,
    scratch: FilePath,
    record: TrialRecord,
    runner: ToolRunner
  ) async throws -> CompilerCacheService {
    let pair =
      "\(version.trimmingCharacters(in: .whitespacesAndNewlines)) with CUDA \(toolkit.capabilities.version)"
    if record.holds(pair) { return self }
    let log = scratch.appending("probe-sccache.log")
    // Whether a storage on the network answers is another question.
    let cache = local
    let trial = toolkit.trial(in: scratch, output: "probe-sccache.o")
    let call = Invocation(
      sccache.string,
      [trial.executable] + trial.arguments,
      environment: cache.environment.merging(["TMPDIR": scratch.string]) { $1 }
    )
    do {
      try await cache.whileRunning(
        runner: runner,
        log: scratch.appending("probe-sccache-server.log"),
        told: { _ in }
      ) {
        try await runner.run(call, log: log)
      }
    } catch ToolError.failed(_, _, _, let lines) {
      throw Unable(pair: pair, why: lines.last { !$0.hasPrefix("sccache:") } ?? lines.last ?? "", log: log)
    }
    record.note(pair)
    return self
  }

  /// sccache doesn't understand this nvcc.
  public struct Unable: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
    /// Both versions.
    public let pair: String
    /// The last words of the trial.
    public let why: String
    /// Its log.
    public let log: FilePath

    /// A tool that can't be used.
    public var exitStatus: ExitStatus { .toolMissing }

    /// The message.
    public var description: String {
      "\(pair) compiles nothing (\(why)); use another CUDA or sccache, or --compiler-cache none; see \(log)"
    }
  }
}
