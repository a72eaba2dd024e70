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
  private let state: Mutex<State>

  private struct State {
    /// How many jobs the tree may run now.
    var held: Int
    /// Tokens that lay in the pipe when it was looked at last.
    var unused: Int
    /// Whether Ninja has come for a token yet.
    var hasBegun = false
    /// Whether the tree has left its jobs to another; what it would be lent then would be lost.
    var hasLeft = false
  }

  /// Makes the jobserver of a tree.
  ///
  /// - Parameter jobs: how many compilers it runs at once, one at least.
  public init(jobs: Int) throws {
    precondition(jobs >= 1, "Ninja runs one job without asking")
    let pipe = Pipe()
    ends = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
    self.jobs = jobs
    state = Mutex(State(held: jobs, unused: jobs - 1))
    // Ninja opens the pipe for itself, so this is about our own reading.
    _ = fcntl(ends.read.fileDescriptor, F_SETFL, O_NONBLOCK)
    try put(jobs - 1)
  }

  /// What Ninja finds the tokens by.
  public var environment: [String: String?] {
    let path = "/proc/\(ProcessInfo.processInfo.processIdentifier)/fd/\(ends.read.fileDescriptor)"
    return ["MAKEFLAGS": " -j\(jobs) --jobserver-auth=fifo:\(path)"]
  }

  /// Hands the jobs of a tree that has ended to another.
  public func leave(to other: Jobserver) throws {
    let all = state.withLock { state in
      state.hasLeft = true
      return take(state.held) + 1
    }
    _ = try other.receive(all)
  }

  /// Hands jobs to another tree that this one doesn't use, and won't use again.
  ///
  /// On 16 cores, the last kernels left up to 9 jobs unused for 14 of 251 s, the core's last files as many for 20 of 228.
  ///
  /// - Parameters:
  ///   - remaining: the tree's steps that have not ended.
  ///   - isEnding: whether the remaining steps mostly wait for those that run, so that what is unused stays so.
  public func lend(to other: Jobserver, remaining: Int, isEnding: Bool) throws {
    let spare = state.withLock { state in
      let unused = self.unused
      // In between, a step may have ended and the next not begun; so only what was unused the last time, too.
      let steady = min(state.unused, unused)
      state.unused = unused
      state.hasBegun = state.hasBegun || unused < jobs - 1
      guard state.hasBegun, !state.hasLeft else { return 0 }
      let waiting = max(0, remaining - (state.held - unused))
      let spare = take(isEnding ? steady : min(steady, unused - waiting))
      state.held -= spare
      return spare
    }
    if try spare > 0 && !other.receive(spare) { _ = try receive(spare) }
  }

  /// Lets the tree run more jobs at once, unless it has left.
  private func receive(_ jobs: Int) throws -> Bool {
    try state.withLock { state in
      guard !state.hasLeft else { return false }
      state.held += jobs
      try put(jobs)
      return true
    }
  }

  /// How many tokens lie in the pipe.
  private var unused: Int {
    var count: Int32 = 0
    return ioctl(ends.read.fileDescriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
  }

  /// Puts tokens into the pipe.
  private func put(_ count: Int) throws {
    // A pipe holds 64 KiB, so this never waits.
    try ends.write.write(contentsOf: Data(repeating: UInt8(ascii: "+"), count: count))
  }

  /// Takes up to `count` tokens out of the pipe.
  private func take(_ count: Int) -> Int {
    guard count > 0 else { return 0 }
    var tokens = [UInt8](repeating: 0, count: count)
    return max(0, read(ends.read.fileDescriptor, &tokens, tokens.count))
  }
}
