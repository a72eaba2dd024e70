import Foundation
import Glibc
import Synchronization

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
  /// Whether the tree has left its jobs to another; what it would be lent then would be lost.
  private let hasLeft = Mutex(false)

  /// Makes the jobserver of a tree.
  ///
  /// - Parameter jobs: how many compilers it runs at once, one at least.
  public init(jobs: Int) throws {
    precondition(jobs >= 1, "Ninja runs one job without asking")
    let pipe = Pipe()
    ends = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
    self.jobs = jobs
    // Ninja opens the pipe for itself, so this is about our own reading.
    _ = fcntl(ends.read.fileDescriptor, F_SETFL, O_NONBLOCK)
    try give(jobs - 1)
  }

  /// What Ninja finds the tokens by.
  public var environment: [String: String?] {
    let path = "/proc/\(ProcessInfo.processInfo.processIdentifier)/fd/\(ends.read.fileDescriptor)"
    return ["MAKEFLAGS": " -j\(jobs) --jobserver-auth=fifo:\(path)"]
  }

  /// Lets the tree run more jobs at once.
  public func give(_ jobs: Int) throws {
    // A pipe holds 64 KiB, so this never waits.
    try ends.write.write(contentsOf: Data(repeating: UInt8(ascii: "+"), count: jobs))
  }

  /// Hands the jobs of a tree that has ended to another.
  public func leave(to other: Jobserver) throws {
    hasLeft.withLock { $0 = true }
    try other.give(take() + 1)
  }

  /// Hands jobs that the tree doesn't use to another, until that one has left or the task is cancelled.
  ///
  /// For a tree whose steps wait for none of each other: what it leaves unused it doesn't need any more, as its last steps
  /// run. On 16 cores, the last kernels left up to 9 jobs unused for 14 of 251 s before.
  public func lend(to other: Jobserver) async throws {
    // Until Ninja has come for some, nobody has used any.
    while unused == jobs - 1 { try await Task.sleep(for: .milliseconds(100)) }
    while true {
      let before = unused
      // In between, a step may have ended and the next not begun.
      try await Task.sleep(for: .milliseconds(250))
      let isOver = try other.hasLeft.withLock { hasLeft in
        if !hasLeft, min(before, unused) > 0 { try other.give(take()) }
        return hasLeft
      }
      if isOver { return }
    }
  }

  /// How many tokens lie in the pipe.
  private var unused: Int {
    var count: Int32 = 0
    return ioctl(ends.read.fileDescriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
  }

  /// Takes all tokens out of the pipe.
  private func take() -> Int {
    var tokens = [UInt8](repeating: 0, count: 4096)
    return max(0, read(ends.read.fileDescriptor, &tokens, tokens.count))
  }
}
