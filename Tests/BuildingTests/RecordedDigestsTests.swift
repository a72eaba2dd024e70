import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Building

@Suite("Recorded digests")
struct RecordedDigestsTests {
  private let later = Date(timeIntervalSinceNow: 60)

  private func write(_ text: String, to path: FilePath) throws {
    try text.write(toFile: path.string, atomically: false, encoding: .utf8)
  }

  @Test("a file that didn't change is not read again, one that did is")
  func recorded() async throws {
    try await withTemporaryDirectory { folder in
      let (file, record) = (folder.appending("cicc"), folder.appending("record.json"))
      try write("one", to: file)
      let first = SHA256Digest.of(Array("one".utf8)).hex
      var digests = RecordedDigests(at: record, now: later)
      #expect(try digests.digest(of: file) == first)
      digests.save()
      // What stands in the record is believed.
      let other = String(repeating: "0", count: 64)
      let text = try String(contentsOfFile: record.string, encoding: .utf8)
      try write(text.replacingOccurrences(of: first, with: other), to: record)
      var again = RecordedDigests(at: record, now: later)
      #expect(try again.digest(of: file) == other)
      try write("two", to: file)
      #expect(try again.digest(of: file) == SHA256Digest.of(Array("two".utf8)).hex)
    }
  }

  @Test("the same bytes under the old date are read again: another file was copied there")
  func replaced() async throws {
    try await withTemporaryDirectory { folder in
      let (file, record) = (folder.appending("cicc"), folder.appending("record.json"))
      try write("one", to: file)
      let date = try FileManager.default.attributesOfItem(atPath: file.string)[.modificationDate]
      var digests = RecordedDigests(at: record, now: later)
      let first = try digests.digest(of: file)
      try FileManager.default.removeItem(atPath: file.string)
      try write("two", to: file)
      try FileManager.default.setAttributes([.modificationDate: date as Any], ofItemAtPath: file.string)
      #expect(try digests.digest(of: file) != first)
    }
  }

  @Test("a file that changed just now is not recorded, and a damaged record is none")
  func fresh() async throws {
    try await withTemporaryDirectory { folder in
      let (file, record) = (folder.appending("cicc"), folder.appending("record.json"))
      try write("one", to: file)
      try write("no JSON", to: record)
      var digests = RecordedDigests(at: record)
      #expect(try digests.digest(of: file) == SHA256Digest.of(Array("one".utf8)).hex)
      digests.save()
      #expect(try String(contentsOfFile: record.string, encoding: .utf8) == "no JSON")
      #expect(throws: ArchiveError.self) { try digests.digest(of: folder.appending("none")) }
    }
  }
}
