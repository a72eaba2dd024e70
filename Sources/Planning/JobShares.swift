/// How many jobs each tree starts with when both compile side by side; what one leaves unused goes to the other.
///
/// The kernels should end first. Their last compilers run long and leave jobs unused, for which the core's short units are
/// just right; and the longest kernels must begin early: with 6 of 16 jobs for the kernels and 10 for a core that ended after
/// 0.64 of the time, some began so late that the last 28 s of 283 ran on two compilers.
public struct JobShares: Hashable, Sendable {
  /// Jobs of the kernels' tree.
  public let kernels: Int
  /// Jobs of the core's tree.
  public let core: Int

  /// How long the core would take with what it starts with, in parts of the whole time.
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
