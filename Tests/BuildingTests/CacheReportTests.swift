import Testing

@testable import Building

@Suite("The compiler cache's report") struct CacheReportTests {
  // Lines and numbers of sccache 0.16 with nvcc 12.4, shortened.
  private let log = """
    [2026-11-24T22:39:49Z DEBUG sccache::compiler::compiler] [mmvq.cu.o]: Cache miss in 0.006 s
    [2026-11-24T22:40:20Z DEBUG sccache::compiler::compiler] [mmvq.module_id]: Cache hit in 0.000 s
    [2026-11-24T22:40:21Z DEBUG sccache::compiler::compiler] [mmvq.compute_86.ptx]: Cache hit in 0.006 s
    [2026-11-24T22:40:21Z DEBUG sccache::compiler::compiler] [mmvq.compute_86.sm_86.cubin]: Cache miss in 0.000 s
    [2026-11-24T22:40:22Z DEBUG sccache::compiler::compiler] [mmvq.compute_75.ptx]: Cache hit in 0.000 s
    [2026-11-24T22:40:22Z DEBUG sccache::compiler::compiler] [acc.compute_75.ptx]: Cache miss in 0.000 s
    [2026-11-24T22:40:22Z DEBUG sccache::compiler::compiler] [mmvq.compute_90a.cubin]: Cache hit in 0.000 s
    """
  private let statistics = """
    {"stats": {"cache_hits": {"counts": {"PTX": 2, "CUBIN": 1}}, "cache_misses": {"counts": {"CUDA": 1}},
     "cache_timeouts": 0, "cache_read_errors": 0, "cache_write_errors": 0}}
    """

  @Test("rates by architecture, in the architectures' order")
  func rates() {
    let report = CacheReport(log: log, statistics: statistics)
    #expect(
      report.lines(storage: "folder /c") == [
        "compiler cache (folder /c): 3 of 4 steps were there, 75 %", "  75: PTX 1 of 2",
        "  86: PTX 1 of 1, cubins 0 of 1",
        "  90a: cubins 1 of 1",
      ]
    )
  }

  @Test("a list of one architecture, which nvcc leaves out of its files' names")
  func oneArchitecture() {
    let log = """
      [2026-11-28T15:09:44Z DEBUG sccache::compiler::compiler] [mmvq.ptx]: Cache hit in 0.005 s
      [2026-11-28T15:09:45Z DEBUG sccache::compiler::compiler] [mmvq.cubin]: Cache miss in 0.000 s
      [2026-11-28T15:09:46Z DEBUG sccache::compiler::compiler] [acc.ptx]: Cache miss in 0.000 s
      """
    let report = CacheReport(log: log, statistics: statistics, only: "75")
    #expect(report.lines(storage: "folder /c").last == "  75: PTX 1 of 2, cubins 0 of 1")
    #expect(CacheReport(log: log, statistics: statistics).byArchitecture.isEmpty)
  }

  @Test("a storage that went away is told; a run that compiled nothing says nothing")
  func failures() {
    let failing = statistics.replacing("\"cache_timeouts\": 0", with: "\"cache_timeouts\": 3")
    let lines = CacheReport(log: "", statistics: failing).lines(storage: "Redis")
    #expect(lines.last?.contains("3 times the cache's storage failed") == true)
    #expect(CacheReport(log: "", statistics: "not JSON").lines(storage: "x").isEmpty)
    #expect(CacheReport(log: "", statistics: "{}").lines(storage: "x").isEmpty)
  }

  @Test("what other machines compiled, and what they failed at")
  func distribution() {
    let spread = statistics.replacing(
      "\"cache_timeouts\"",
      with:
        "\"dist_compiles\": {\"10.0.0.2:1\": 4, \"10.0.0.1:1\": 7}, \"dist_errors\": 2, \"cache_timeouts\""
    )
    #expect(
      CacheReport(log: "", statistics: spread).lines(storage: "folder /c").suffix(2) == [
        "  compiled by other machines: 10.0.0.1:1 7, 10.0.0.2:1 4",
        "  2 steps could not be distributed and were compiled here",
      ]
    )
    #expect(CacheReport(log: "", statistics: statistics).lines(storage: "folder /c").count == 1)
  }

  @Test("the scheduler is named by sccache's configuration file only")
  func scheduler() {
    let text = """
      # scheduler_url = "http://old"
      [dist]
      scheduler_url = "http://user:secret@host:10600"
      """
    #expect(
      CacheStorage(environment: [:], folder: "/d", configuration: text).scheduler == "http://host:10600"
    )
    #expect(CacheStorage(environment: [:], folder: "/d", configuration: "[dist]\n").scheduler == nil)
    #expect(CacheStorage.configurationFile(environment: ["SCCACHE_CONF": "/c", "HOME": "/h"]) == "/c")
    #expect(CacheStorage.configurationFile(environment: ["HOME": "/h"]) == "/h/.config/sccache/config")
  }

  @Test("a storage that gives no answer shows in the log only: a miss after 30 seconds")
  func trouble() {
    let line = "[2026 DEBUG sccache::compiler::compiler] [a.compute_75.ptx]: Cache miss in"
    #expect(
      CacheReport.isTrouble("\(line) 30.004 s") && CacheReport.isTrouble("[a.o]: Cache read error: refused")
    )
    #expect(
      !CacheReport.isTrouble("\(line) 0.904 s") && !CacheReport.isTrouble("[error.cu.o]: Compiled in 90.1 s")
    )
    let lines = CacheReport(log: "\(line) 30.004 s", statistics: statistics).lines(storage: "Redis")
    #expect(lines.last?.contains("1 times") == true)
  }

  @Test(
    "where results go, by sccache's variables, without passwords",
    arguments: [
      ([:], "folder /d", false, 0),
      (["SCCACHE_REDIS_ENDPOINT": "redis://u:secret@h:6379"], "Redis at redis://h:6379", true, 0),
      (["SCCACHE_BUCKET": "b"], "S3 bucket b", true, 1),
      (["SCCACHE_GHA_ENABLED": "on"], "GitHub's cache", true, 1),
      (["SCCACHE_BUCKET": "b", "SCCACHE_REGION": "r", "SCCACHE_ENDPOINT": "e"], "S3 bucket b at e", true, 0),
      (["SCCACHE_REDIS": "", "SCCACHE_MEMCACHED": "tcp://m"], "memcached at tcp://m", true, 0),
    ] as [([String: String], String, Bool, Int)]
  )
  func storage(environment: [String: String], says: String, isRemote: Bool, gaps: Int) {
    let storage = CacheStorage(environment: environment, folder: "/d")
    #expect(storage.description == says && storage.isRemote == isRemote && storage.gaps.count == gaps)
  }
}
