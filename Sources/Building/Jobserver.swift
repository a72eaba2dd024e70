import Foundation
import Synchronization
import ToolExecution

/// GNU make's jobserver, as Ninja 1.13 speaks it: how many jobs a tree may run, which can become more while it builds.
///
/// Tokens lie in a pipe that exists as long as this object; Ninja opens it by its place in `/proc`, so that there is no
/// file with a name to choose and to clean up. Ninja runs one job without a token. (Protocol: GNU make's manual, "Sharing
/// Job Slots with GNU make".)
///
/// Trees that build side by side have one each. With one for both, the tree that is configured first takes every token and
/// keeps it as long as it has work, and Ninja looks for tokens only when one of its own jobs has ended: on 16 cores the long
/// kernels ran one after the other until the core was done, and then 11 cores idled for 17 s.
public final class Jobserver: Sendable {
  private let jobs: Int
  private let ends: (read: FileHandle, write: FileHandle)

  /// Makes the jobserver of a tree.
  ///
  /// - Parameter jobs: how many compilers it runs at once, one at least.
  public init(jobs: Int) throws {
    precondition(jobs >= 1, "Ninja runs one job without asking")
    let pipe = Pipe()
    ends = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
    self.jobs = jobs
    try give(jobs - 1)
  }

  /// What Ninja finds the tokens by.
  public var environment: [String: String?] {
    let path = "/proc/\(ProcessInfo.processInfo.processIdentifier)/fd/\(ends.read.fileDescriptor)"
    return ["MAKEFLAGS": " -j\(jobs) --jobserver-auth=fifo:\(path)"]
  }

  /// Lets the tree run more jobs at once, such as those of another one that has ended.
  public func give(_ jobs: Int) throws {
    // A pipe holds 64 KiB, so this never waits.
    try ends.write.write(contentsOf: Data(repeating: UInt8(ascii: "+"), count: jobs))
  }
}
