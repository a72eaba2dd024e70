/// How many jobs each tree starts with when both compile side by side; what one leaves unused goes to the other.
///
/// The core should end first, but not by much. Its last files run long, one of them for a tenth of the time on 16 cores, and
/// leave jobs unused, for which the kernels' short last units are just right: with 7 of 16 jobs for a core that ended last,
/// the last 20 s of 228 ran on half of the cores. And the longest kernels must begin early: with 10 jobs for a core that ended
/// after 0.64 of the time, the last 28 s of 283 ran on two compilers.
public struct JobShares: Hashable, Sendable {
  /// Jobs of the kernels' tree.
  public let kernels: Int
  /// Jobs of the core's tree.
  public let core: Int

  /// How long the core would take with what it starts with, in parts of the whole time.
  private static let end = 0.95

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
