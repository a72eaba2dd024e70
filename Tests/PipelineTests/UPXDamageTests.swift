import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Pipeline

@Suite("What UPX broke doesn't ship", .enabled(if: Workbench.isReady, "\(Workbench.absence)"))
struct UPXDamageTests {
  @Test(
    "a packed file that does not start, load or answer as before is kept",
    arguments: [
      // Zeros over compressed code and data; the size stays.
      (
        #"dd if=/dev/zero of="$out" bs=1 seek=30000 count=40000 conv=notrunc 2>/dev/null"#,
        "the packed file does not start", "the packed file does not load"
      ),
      (#"echo no program >"$out""#, "the packed file does not start", "the packed file does not load"),
      (
        #"printf '#!/bin/sh\necho version 2\n' >"$out""#, "the packed file answers otherwise",
        "the packed file does not load"
      ),
    ] as [(String, String, String)]
  )
  func broken(damage: String, program: String, library: String) async throws {
    try await Workbench.use { bench in
      let files = try await [bench.program("tool"), bench.library("libone.so.0")]
      let stage = try bench.stage(.all, upx: bench.spoiledUPX(damage))
      let (packed, records) = try await stage.pack(files)
      #expect(packed.isEmpty)
      #expect(records["tool"]?.keptBecause == program)
      #expect(records["libone.so.0"]?.keptBecause == library)
      #expect(records.allSatisfy { $0.after == $0.before && $0.deflatedAfter == $0.deflatedBefore })
    }
  }

  // Beside other tests a program's answer takes its time, too: eight seconds were once not enough.
  @Test("a packed program that hangs is kept, and its process is gone")
  func hangs() async throws {
    try await Workbench.use { bench in
      let mark = bench.root.appending("pid")
      let damage = #"printf '#!/bin/sh\necho $$ >"\#(mark)"\nexec sleep 600\n' >"$out""#
      let stage = try bench.stage(.executables, upx: bench.spoiledUPX(damage), patience: .seconds(40))
      let (packed, records) = try await stage.pack([bench.program("tool")])
      #expect(packed.isEmpty && records.first?.keptBecause == "the packed file does not start")
      let pid = try #require(
        try String(contentsOfFile: mark.string, encoding: .utf8).split(separator: "\n").first
      )
      #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid)"))
    }
  }

  @Test("libraries that load but spoil a program are all kept; the program is packed")
  func spoiledProgram() async throws {
    try await Workbench.use { bench in
      let library = try await bench.library("libone.so.0")
      let other = try await bench.library("libother.so")
      let program = try await bench.program("tool", with: "libone.so.0")
      let evil = try await bench.library("evil.so", answer: 13, table: "once")
      let damage = "[ $name != libone.so.0 ] || cp '\(evil.path)' \"$out\""
      let files = [program, library, other]
      let (packed, records) = try await bench.stage(.all, upx: bench.spoiledUPX(damage)).pack(files)
      #expect(Set(packed.keys) == ["tool"])
      for name in ["libone.so.0", "libother.so"] {
        #expect(records[name]?.keptBecause == "tool does not work with packed libraries")
      }
      let result = try await bench.install(files, packed: packed, andRun: "tool")
      #expect(result.stdout.contains("version 1.42."), "\(result.stdout)\(result.stderr)")
    }
  }

  @Test("a full disk is no reason to go on")
  func fullDisk() async throws {
    try await Workbench.use { bench in
      let upx = try bench.spoiledUPX(
        "echo \"upx: $out: IOException: write error: No space left on device\"; exit 1"
      )
      let stage = try bench.stage(.executables, upx: upx)
      let file = try await bench.program("tool")
      await #expect {
        try await stage.pack([file])
      } throws: { ($0 as? ToolError)?.exitStatus == .diskFull }
    }
  }

  @Test("what was packed once is taken again until the file changes; what was refused, too")
  func kept() async throws {
    try await Workbench.use { bench in
      let count = bench.root.appending("count")
      let upx = try bench.spoiledUPX("echo $name >>'\(count)'")
      let files = try await [bench.program("tool"), bench.library("libnoise.so", table: "once")]
      func runs() throws -> [Substring] {
        try String(contentsOfFile: count.string, encoding: .utf8).split(separator: "\n").sorted()
      }
      let first = try await bench.stage(.all, upx: upx).pack(files)
      #expect(try runs() == ["libnoise.so", "tool"])
      let second = try await bench.stage(.all, upx: upx).pack(files)
      #expect(try runs() == ["libnoise.so", "tool"])
      #expect(second.packed == first.packed && Set(first.packed.keys) == ["tool"])
      #expect(second.records.map(\.deflatedAfter) == first.records.map(\.deflatedAfter))

      let date = Date(timeIntervalSince1970: 1_000_000_000)
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: files[0].path.string)
      _ = try await bench.stage(.all, upx: upx).pack(files)
      #expect(try runs() == ["libnoise.so", "tool", "tool"])
    }
  }
}
