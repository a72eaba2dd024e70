import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import ToolExecution

@Suite("What a container leaves its processes") struct ControlGroupTests {
  private func group(_ files: [String: String], _ body: (ControlGroup) throws -> Void) async throws {
    try await withTemporaryDirectory { folder in
      for (name, text) in files {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.appending(name).string))
      }
      try body(ControlGroup(folder: folder))
    }
  }

  @Test(
    "whole cores' worth of time, one at least",
    arguments: [
      ("200000 100000\n", 2), ("150000 100000", 1), ("50000 100000", 1), ("max 100000\n", nil), ("", nil),
      ("-1 100000", nil), ("1 0", nil), ("9223372036854775807 1", Int(Int64.max)),
    ] as [(String, Int?)]
  )
  func cores(text: String, cores: Int?) async throws {
    try await group(["cpu.max": text]) { #expect($0.cores == cores) }
  }

  @Test("memory that is free, or that the kernel would give back")
  func memory() async throws {
    let statistics = "anon 900\ninactive_file 300\nactive_file 100\n"
    let files = ["memory.max": "2000\n", "memory.current": "1500\n", "memory.stat": statistics]
    try await group(files) { #expect($0.availableMemory == 800 && $0.memory == 2000) }
    try await group(["memory.max": "max\n", "memory.current": "1\n"]) {
      #expect($0.availableMemory == nil && $0.memory == nil)
    }
    try await group(["memory.max": "10", "memory.current": "20"]) { #expect($0.availableMemory == 0) }
    try await group([:]) { #expect($0.availableMemory == nil && $0.cores == nil) }
  }
}
