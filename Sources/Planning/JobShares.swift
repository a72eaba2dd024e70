/// How many jobs each tree starts with when both compile side by side; what one leaves unused goes to the other.
///
/// The kernels should end first, but not by much. Once they are compiled, slices are carved, packed and deflated while the
/// core's last files are compiled, and those files are short. And the longest kernels must begin early: with 10 of 16 jobs
/// for a core that ended after 0.64 of the time, the last 28 s of 283 ran on two compilers. Played through with the times of
/// a run on 16 cores, all is compiled after 178 s with 5, 6 or 7 jobs for the core, after 191 s with 8 and after 196 s with 9.
public struct JobShares: Hashable, Sendable {
  /// Jobs of the kernels' tree.
  public let kernels: Int
  /// Jobs of the core's tree.
  public let core: Int

  /// How long the core would take with what it starts with, in parts of the whole time: it gets the kernels' jobs before.
  private static let end = 1.1

  /// Shares jobs.
  ///
  /// - Parameters:
  ///   - jobs: how many there are, at least two.
  ///   - coreWork: the core's part of the work of both, 0 to 1.
  public init(jobs: Int, coreWork: Double) {
    let wanted = Int((Double(jobs) * coreWork / Self.end).rounded())
    core = max(1, min(wanted, jobs - 1))
    kernels = max(1, jobs - core)
  }
}
