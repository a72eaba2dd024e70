import Planning
import Testing

@Suite("Jobs of two trees") struct JobSharesTests {
  @Test(
    "the core is done after four fifths of the time, and each tree has a job",
    arguments: [
      (16, 0.4, 8), (16, 0.08, 2), (64, 0.08, 7), (2, 0.5, 1), (2, 0.01, 1), (3, 0.99, 2), (8, 0, 1),
      (8, 1, 7),
    ]
  )
  func shares(jobs: Int, work: Double, core: Int) {
    let shares = JobShares(jobs: jobs, coreWork: work)
    #expect(shares.core == core && shares.kernels == jobs - core)
  }
}
