import Foundation
import Synchronization
import ToolExecution

/// GNU make's jobserver, as Ninja 1.13 speaks it: trees that build side by side share a number of jobs.
///
/// Tokens lie in a pipe that exists as long as this object; Ninja opens it by its place in `/proc`, so that there is no
/// file with a name to choose and to clean up. Every Ninja may run one job without a token; when one of them has ended,
/// its place goes to the others. (Protocol: GNU make's manual, "Sharing Job Slots with GNU make".)
public final class Jobserver: Sendable {
  private let jobs: Int
  private let ends: (read: FileHandle, write: FileHandle)

  /// Makes a jobserver.
  ///
  /// - Parameters:
  ///   - jobs: how many compilers run at once.
  ///   - clients: how many trees build side by side, at most `jobs`.
  public init(jobs: Int, clients: Int) throws {
    precondition(clients >= 1 && clients <= jobs, "every client has a job of its own")
    let pipe = Pipe()
    ends = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
    self.jobs = jobs
    try add(jobs - clients)
  }

  /// What Ninja finds the tokens by.
  public var environment: [String: String?] {
    let path = "/proc/\(ProcessInfo.processInfo.processIdentifier)/fd/\(ends.read.fileDescriptor)"
    return ["MAKEFLAGS": " -j\(jobs) --jobserver-auth=fifo:\(path)"]
  }

  /// Gives the place of a client that has ended to the others.
  public func clientEnded() throws { try add(1) }

  private func add(_ tokens: Int) throws {
    // A pipe holds 64 KiB, so this never waits.
    try ends.write.write(contentsOf: Data(repeating: UInt8(ascii: "+"), count: tokens))
  }
}
