/// The jobs of a build that a CI system's machines share, in the form of GitHub Actions' `strategy.matrix`.
///
///     strategy:
///       matrix: ${{ fromJSON(needs.plan.outputs.matrix) }}
///     steps:
///       - run: llcuda-build --archs 75,80,86 --shard ${{ matrix.shard }} --out ${{ matrix.artifact }}
public struct ShardMatrix: Hashable, Sendable, Codable {
  /// One machine's job.
  public struct Job: Hashable, Sendable, Codable {
    /// What `--shard` is given: `core` or `2/3`.
    public let shard: String
    /// A name for the part's folder and artifact, without a slash, which artifact names can't have.
    public let artifact: String
    /// Its share of the kernels' compile time, in percent of all; 0 for the core.
    public let percent: Double
  }

  /// The jobs; GitHub runs one for each member of a matrix's `include`.
  public let include: [Job]

  /// Lists the jobs of a plan, the core's first, as every other job's result waits for the longest.
  public init(_ plan: ShardPlan) {
    let total = plan.shares.reduce(0) { $0 + $1.seconds }
    include =
      [Self.job(.core, share: 0)]
      + plan.shares.map { Self.job(.kernels($0.shard), share: $0.seconds / max(total, 1e-9)) }
  }

  private static func job(_ selection: ShardSelection, share: Double) -> Job {
    Job(
      shard: selection.description,
      artifact: "part-\(selection.fileName)",
      percent: (share * 1000).rounded() / 10
    )
  }
}
