import Building
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("What was tried before") struct TrialRecordTests {
  @Test("a noted success holds for the same words and as long as its files are there")
  func record() async throws {
    try await withTemporaryDirectory { folder in
      let record = TrialRecord(cache: folder.appending("cache"))
      let header = folder.appending("a header.h")
      try Data().write(to: URL(fileURLWithPath: header.string))
      #expect(!record.holds("nvcc 12.4 with g++"))
      record.note("nvcc 12.4 with g++", needing: [header])
      #expect(record.holds("nvcc 12.4 with g++") && !record.holds("nvcc 12.4 with g++ 13"))
      try FileManager.default.removeItem(atPath: header.string)
      #expect(!record.holds("nvcc 12.4 with g++"))
    }
  }

  @Test("a damaged note counts as none, and a folder that can't be written costs nothing but the note")
  func damage() async throws {
    try await withTemporaryDirectory { folder in
      let record = TrialRecord(cache: folder)
      record.note("a pair")
      let trials = folder.appending("trials")
      let names = try FileManager.default.contentsOfDirectory(atPath: trials.string)
      try Data("a pa".utf8).write(
        to: URL(fileURLWithPath: trials.appending(try #require(names.first)).string)
      )
      #expect(!record.holds("a pair"))
      let nowhere = TrialRecord(cache: "/dev/null/cache")
      nowhere.note("a pair")
      #expect(!nowhere.holds("a pair"))
    }
  }
}
