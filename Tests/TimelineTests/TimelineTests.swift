import Foundation
import Testing
import Timeline

@Suite("Timeline") struct TimelineTests {
  private func unit(_ name: String, _ start: Double, _ end: Double, _ track: String = "kernels") -> Span {
    Span(.compile, name, track: track, start: start, end: end)
  }

  @Test("Ninja's log of two runs: only what is new counts")
  func ninjaLog() throws {
    let first = "# ninja log v7\n0\t100\t17\tx/a.cu.o\tabc\n"
    let second = first + "3\t2003\t18\tx/a.cu.o\tabc\n3\t5\t18\tbin/lib.so\tdef\nhalf a li\n9\t1\t1\tbad\tx\n"
    let log = NinjaLog(parsing: second)
    #expect(log.entries.count == 3)
    let new = log.entries(since: NinjaLog(parsing: first))
    #expect(new.map(\.output) == ["x/a.cu.o", "bin/lib.so"])
    #expect(log.secondsByOutput["x/a.cu.o"] == 2)
    let spans = new.compactMap { $0.span(track: "kernels", began: 1000) }
    let span = try #require(spans.first)
    #expect(spans.count == 1 && span.name == "a.cu" && span.kind == .compile)
    #expect(abs(span.start - 1000.003) < 1e-6 && abs(span.seconds - 2) < 1e-6)
  }

  @Test("the critical path goes back from the end, through what ended last before each begin")
  func criticalPath() {
    let spans = [
      unit("a.cu", 0, 4), unit("b.cu", 0, 6), unit("c.cu", 4, 9), unit("d.cu", 6.005, 7),
      Span(.link, "x.so", track: "kernels", start: 9, end: 10),
      Span(.stage, "compile", track: "release", start: 0, end: 20),
      Span(.tool, "ninja", track: "release", start: 0, end: 10),
      Span(.archive, "x.whl", track: "release", start: 10.5, end: 12),
    ]
    let path = CriticalPath(spans)
    #expect(path.spans.map(\.name) == ["a.cu", "c.cu", "x.so", "x.whl"])
    #expect(path.seconds == 12)
    #expect(path.legs.map(\.count) == [2, 1, 1] && path.legs[0].longest.name == "c.cu")
    #expect(CriticalPath([]).seconds == 0)
  }

  @Test("how busy a tree was, its tail, and what more machines would bring")
  func treeLoad() throws {
    let spans = [unit("a", 0, 10), unit("b", 0, 4), unit("c", 4, 8), unit("x", 20, 99, "core")]
    let load = try #require(TreeLoad(spans, track: "kernels"))
    #expect(load.jobs == 2 && load.work == 18 && load.wall == 10)
    #expect(abs(load.busy - 0.9) < 1e-9 && abs(load.tail - 2) < 1e-9)
    // A core that compiles beside it keeps cores busy that the kernels leave.
    let beside = try #require(TreeLoad(spans + [unit("y", 8, 12, "core")], track: "kernels"))
    #expect(beside.jobs == 2 && beside.work == 18 && beside.busy == 1 && beside.tail == 0)
    #expect(load.seconds(onMachines: 1) == 10 && load.seconds(onMachines: 5) == 10)
    #expect(TreeLoad(spans, track: "nothing") == nil)
  }

  @Test("the summary names the path, the longest unit and the number of machines that pays")
  func summary() throws {
    // 24 units of 30 s on 2 compilers: 6 minutes.
    let spans = (0..<24).map { index -> Span in
      let start = Double(index / 2) * 30
      return unit("u\(index).cu", start, start + 30)
    }
    let lines = TimelineSummary(spans).lines
    #expect(lines.count == 2)
    #expect(
      lines[0].hasPrefix("critical path, 6 min 0 s: compile kernels 6 min 0 s (12 units in a row"),
      "\(lines)"
    )
    #expect(
      lines[1].contains("4 machines") && lines[1].contains("about 1 min 30 s instead of 6 min 0 s"),
      "\(lines)"
    )
    #expect(lines[1].contains("busy 100 %") && lines[1].contains("alone takes 30.0 s"))
    #expect(TimelineSummary([unit("a", 0, 0.5)]).lines.isEmpty)
    let one = TimelineSummary([unit("a.cu", 0, 100), unit("b.cu", 0, 20)]).lines
    #expect(one.last?.hasPrefix("shorter with: nothing outside of the longest units") == true, "\(one)")
  }

  @Test("the trace is what Perfetto reads: complete events in microseconds, a row for each job")
  func chromeTrace() throws {
    let spans = [
      unit("a.cu", 1000, 1002), unit("b \"quoted\".cu", 1001, 1003), unit("c.cu", 1002, 1003),
      Span(.stage, "compile", track: "release", start: 1000, end: 1003),
    ]
    struct Trace: Decodable {
      struct Event: Decodable {
        let name: String, ph: String, pid: Int, tid: Int?, cat: String?, ts: Int?, dur: Int?
        let args: [String: String]?
      }
      let traceEvents: [Event]
    }
    let trace = try JSONDecoder().decode(Trace.self, from: Data(ChromeTrace(spans).json.utf8)).traceEvents
    #expect(trace.filter { $0.ph == "M" }.compactMap { $0.args?["name"] } == ["stages", "kernels"])
    let work = trace.filter { $0.ph == "X" && $0.cat == "compile" }
    #expect(work.map(\.name) == ["a.cu", "b \"quoted\".cu", "c.cu"])
    #expect(
      work.map(\.ts) == [0, 1_000_000, 2_000_000] && work.map(\.dur) == [2_000_000, 2_000_000, 1_000_000]
    )
    #expect(work.map(\.tid) == [1, 2, 1], "c starts where a ended, in its row")
    #expect(
      try JSONDecoder().decode(Trace.self, from: Data(ChromeTrace([]).json.utf8)).traceEvents.count == 1
    )
  }
}
