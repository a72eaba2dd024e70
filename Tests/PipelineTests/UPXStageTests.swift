import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Pipeline

@Suite("UPX packs what gets smaller and works", .enabled(if: Workbench.isReady, "\(Workbench.absence)"))
struct UPXStageTests {
  @Test("a program and its library are packed and work together, with gain and load times on record")
  func packs() async throws {
    try await Workbench.use { bench in
      let library = try await bench.library("libone.so.0")
      let files = [try await bench.program("tool", with: "libone.so.0"), library]
      let (packed, records) = try await bench.stage(.all).pack(files)
      #expect(Set(packed.keys) == ["tool", "libone.so.0"])
      for name in ["tool", "libone.so.0"] {
        let record = try #require(records[name])
        #expect(record.keptBecause == nil)
        #expect(record.after < record.before && record.deflatedAfter < record.deflatedBefore)
        // Deflate can't reach back to the first of three copies, UPX can.
        #expect(record.deflatedBefore.bytes > 300_000 && record.deflatedAfter.bytes < 120_000)
        let shipped = try #require(packed[name])
        let bytes = try #require(FileManager.default.contents(atPath: shipped.string))
        #expect(record.after.bytes == Int64(bytes.count))
        #expect(bytes.range(of: Data("UPX!".utf8)) != nil)
        let seconds = try (#require(record.loadSecondsBefore), #require(record.loadSecondsAfter))
        #expect(seconds.0 > 0 && seconds.1 > 0)
      }
      let result = try await bench.install(files, packed: packed, andRun: "tool")
      #expect(result.stdout.contains("tool: version 1.42."), "\(result.stderr)")
      // The originals are as they were.
      let original = try #require(FileManager.default.contents(atPath: library.path.string))
      #expect(original.range(of: Data("UPX!".utf8)) == nil)
    }
  }

  @Test("--upx leaves libraries alone; none leaves everything")
  func scopes() async throws {
    try await Workbench.use { bench in
      let library = try await bench.library("libone.so.0")
      let files = [try await bench.program("tool", with: "libone.so.0"), library]
      let programs = try await bench.stage(.executables).pack(files)
      #expect(programs.records.map(\.file) == ["tool"] && Set(programs.packed.keys) == ["tool"])
      let result = try await bench.install(files, packed: programs.packed, andRun: "tool")
      #expect(result.stdout.contains("version 1.42."), "\(result.stderr)")
      let nothing = try await bench.stage(.none).pack(files)
      #expect(nothing.records.isEmpty && nothing.packed.isEmpty)
    }
  }

  @Test("a program that answers --version with its usage and a status is tried out all the same")
  func usage() async throws {
    try await Workbench.use { bench in
      let (packed, records) = try await bench.stage(.executables).pack([bench.program("tool", status: 1)])
      #expect(Set(packed.keys) == ["tool"], "\(records)")
    }
  }

  @Test("a library without DT_INIT is kept")
  func noInit() async throws {
    try await Workbench.use { bench in
      let file = try await bench.library("libbare.so", ["-nostartfiles"])
      let (packed, records) = try await bench.stage(.all).pack([file])
      #expect(packed.isEmpty && records.map(\.keptBecause) == ["it has no DT_INIT"])
    }
  }

  @Test("what UPX refuses is kept, in UPX's words without our paths")
  func refused() async throws {
    try await Workbench.use { bench in
      let first = try await bench.stage(.all).pack([bench.program("tool"), bench.library("libone.so.0")])
      let again = try ["tool", "libone.so.0"].map {
        bench.candidate("again-\($0)", try #require(first.packed[$0]), isProgram: $0 == "tool")
      }
      let (packed, records) = try await bench.stage(.all).pack(again)
      #expect(packed.isEmpty)
      #expect(records["again-tool"]?.keptBecause == "UPX: AlreadyPackedException")
      let reason = try #require(records["again-libone.so.0"]?.keptBecause)
      #expect(reason.hasPrefix("UPX: ") && !reason.contains("/"), "\(reason)")
    }
  }

  @Test("what gets smaller by itself but not in a wheel is kept, and the record says how large it would be")
  func noGain() async throws {
    try await Workbench.use { bench in
      let file = try await bench.library("libnoise.so", table: "once")
      let byHand = bench.root.appending("by-hand")
      let upx = try await runTool(
        try #require(Workbench.upx),
        ["--best", "-qq", "-o", byHand.string, file.path.string]
      )
      try #require(upx.isSuccess, "\(upx.stderr)")
      let size = { (path: FilePath) in try #require(FileManager.default.contents(atPath: path.string)).count }
      #expect(try size(byHand) < size(file.path))

      let (packed, records) = try await bench.stage(.all).pack([file])
      let record = try #require(records.first)
      #expect(packed.isEmpty && record.after == record.before)
      #expect(record.deflatedAfter == record.deflatedBefore)
      let reason = try #require(record.keptBecause)
      let match = try #require(reason.firstMatch(of: #/packed file would take ([\d,]+) bytes/#), "\(reason)")
      let number = try #require(Int64(match.1.replacing(",", with: "")))
      #expect(number >= record.deflatedBefore.bytes)
    }
  }

  @Test("a library whose own libraries aren't on this machine is kept")
  func untried() async throws {
    try await Workbench.use { bench in
      let gone = try await bench.library("libgone.so")
      let file = try await bench.library(
        "libone.so.0",
        ["-L\(bench.core)", "-Wl,--no-as-needed", "-l:libgone.so"]
      )
      try FileManager.default.removeItem(atPath: gone.path.string)
      let (packed, records) = try await bench.stage(.all).pack([file])
      #expect(packed.isEmpty && records.first?.keptBecause == UPXTrial.untried)
    }
  }

  @Test("without Python libraries are kept, programs are not")
  func noPython() async throws {
    try await Workbench.use { bench in
      let files = try await [bench.program("tool"), bench.library("libone.so.0")]
      let (packed, records) = try await bench.stage(.all, python: nil).pack(files)
      #expect(Set(packed.keys) == ["tool"])
      #expect(records["libone.so.0"]?.keptBecause == "there is no python3 to load it with")
    }
  }

  @Test("without UPX: the tool is missing, and how to get it")
  func noUPX() {
    #expect {
      try UPXStage.locate(ToolLocator(path: "/nowhere"))
    } throws: { error in
      (error as? ToolError)?.exitStatus == .toolMissing && "\(error)".contains("'upx'")
        && "\(error)".contains("ci/setup")
    }
  }
}
