import Planning
import Testing

@Suite("Jobs of two trees") struct JobSharesTests {
  @Test(
    "the kernels are done shortly before the core, and each tree has a job",
    arguments: [
      (16, 0.42, 6), (16, 0.48, 7), (16, 0.08, 1), (64, 0.08, 5), (2, 0.5, 1), (2, 0.01, 1), (3, 0.99, 2),
      (8, 0, 1),
      (8, 1, 7),
    ]
  )
  func shares(jobs: Int, work: Double, core: Int) {
    let shares = JobShares(jobs: jobs, coreWork: work)
    #expect(shares.core == core && shares.kernels == jobs - core)
  }
}
