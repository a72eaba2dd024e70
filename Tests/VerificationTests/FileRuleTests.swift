import Archives
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// The rules for files as a whole, for sdists, and for several files together.
@Suite("Rules for files")
struct FileRuleTests {
  private func rules(_ paths: [FilePath], _ options: Verifier.Options = .init()) async throws -> Set<String> {
    Set(try await Verifier(options).verify(paths).findings.map(\.rule.id))
  }

  private func write(_ text: String, to path: FilePath) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
  }

  private static let info = """
    Metadata-Version: 2.4
    Name: sample.kit
    Version: 1.2.0
    Description-Content-Type: text/plain

    A sample.
    """

  private func sdist(
    _ name: String = "sample_kit-1.2.0",
    top: String? = nil,
    more: [(String, String)] = [],
    info: String? = FileRuleTests.info,
    in folder: FilePath
  ) async throws -> FilePath {
    let path = folder.appending("\(name).tar.gz")
    let top = top ?? name
    var members = info.map { [("\(top)/PKG-INFO", $0)] } ?? []
    members += [("\(top)/setup.py", "x")] + more
    try await TarballWriter(compression: .gzip).write(
      members.map { .init(name: $0.0, content: .bytes(Array($0.1.utf8))) },
      to: path
    )
    return path
  }

  @Test func `Nothing to look at is an error`() async throws {
    try await withTemporaryDirectory { folder in
      await #expect(throws: VerificationError.self) { try await Verifier().verify([]) }
      await #expect(throws: VerificationError.self) { try await Verifier().verify([folder]) }
      await #expect(throws: VerificationError.self) {
        try await Verifier().verify([folder.appending("x.whl")])
      }
    }
  }

  @Test func `Kinds and names`() async throws {
    try await withTemporaryDirectory { folder in
      try write("x", to: folder.appending("sample.exe"))
      #expect(try await rules([folder.appending("sample.exe")]) == ["P01"])
      try write("", to: folder.appending("sample_kit-1.2.0-py3-none-any.whl"))
      #expect(try await rules([folder.appending("sample_kit-1.2.0-py3-none-any.whl")]) == ["Z01"])
      let tarball = folder.appending("a\u{1}b.tar.gz")
      let member = ZipWriter.Member(name: "x", content: .bytes([1]))
      try await TarballWriter(compression: .gzip).write([member], to: tarball)
      #expect(try await rules([tarball]) == ["P02"])
    }
  }

  @Test func `Budgets`() async throws {
    try await withTemporaryDirectory { folder in
      let path = try WheelDraft().write(into: folder)
      let size = ByteCount(try Data(contentsOf: URL(fileURLWithPath: path.string)).count)
      var options = Verifier.Options()
      options.cap = size
      #expect(try await rules([path], options) == ["X09"])
      options.cap = ByteCount(size.bytes - 1)
      #expect(try await rules([path], options) == ["P04"])
      options.cap = ByteCount(size.bytes * 2)
      #expect(try await rules([path], options) == [])
      options.uploaded = ByteCount(Int64(10) << 30)
      #expect(try await rules([path], options) == ["P05"])
      options.uploaded = ByteCount((Int64(10) << 30) - size.bytes)
      #expect(try await rules([path], options) == [])
    }
  }

  @Test func `Several files`() async throws {
    try await withTemporaryDirectory { folder in
      let path = try WheelDraft().write(into: folder)
      let copy = folder.appending("copy").appending(path.lastComponent?.string ?? "")
      try FileManager.default.createDirectory(
        atPath: folder.appending("copy").string,
        withIntermediateDirectories: true
      )
      try FileManager.default.copyItem(atPath: path.string, toPath: copy.string)
      #expect(try await rules([path, copy]) == ["P07"])
      var paths: [FilePath] = []
      for number in 0..<21 {
        var draft = WheelDraft()
        draft.name = "sample_\(number)"
        draft.replace("Name", with: "Name: sample-\(number)")
        draft.bill = nil
        paths.append(try draft.write(into: folder))
      }
      #expect(try await rules(paths) == ["P12"])
      #expect(try await rules(paths.dropLast()) == [])
    }
  }

  @Test func `Source distributions`() async throws {
    try await withTemporaryDirectory { folder in
      #expect(try await rules([sdist(in: folder)]) == [])
      #expect(try await rules([sdist(top: "other", in: folder)]) == ["P10-top"])
      #expect(try await rules([sdist(info: nil, in: folder)]) == ["P10-top"])
      #expect(try await rules([sdist(more: [("more/x", "x")], in: folder)]) == ["P10-top"])
      #expect(try await rules([sdist("sample-kit-1.2.0", in: folder)]) == ["P10-name"])
      #expect(try await rules([sdist("sample_kit-1.2.1", in: folder)]) == ["F04"])
      #expect(try await rules([sdist("sample_kit-1.2.0+cu12", in: folder)]) == ["F05", "F04"])
      let licensed = Self.info.replacing("Version: 1.2.0", with: "Version: 1.2.0\nLicense-File: LICENSE")
      #expect(try await rules([sdist(info: licensed, in: folder)]) == ["M04"])
      let other = folder.appending("other")
      try FileManager.default.createDirectory(atPath: other.string, withIntermediateDirectories: true)
      let second = try await sdist(more: [("sample_kit-1.2.0/more.py", "x")], in: other)
      let both = try await rules([sdist(in: folder), second])
      #expect(both == ["P10-single"])
    }
  }

  @Test(.enabled(if: CUDAToolkitForTests.onPath("tar") != nil)) func `Holes in a tarball`() async throws {
    try await withTemporaryDirectory { folder in
      let inner = folder.appending("sample_kit-1.2.0")
      try FileManager.default.createDirectory(atPath: inner.string, withIntermediateDirectories: true)
      try write(Self.info, to: inner.appending("PKG-INFO"))
      try write("x", to: inner.appending("hole"))
      try #require(truncate(inner.appending("hole").string, 1 << 20) == 0)
      let path = folder.appending("sample_kit-1.2.0.tar.gz")
      let tar = try #require(CUDAToolkitForTests.onPath("tar"))
      let made = try await runTool(tar, ["-S", "-czf", path.string, "sample_kit-1.2.0"], in: folder)
      try #require(made.isSuccess, "\(made.stderr)")
      #expect(try await rules([path]) == ["P10-sparse"])
    }
  }

  @Test func `Attestations beside a file`() async throws {
    try await withTemporaryDirectory { folder in
      let path = try WheelDraft().write(into: folder)
      let digest = try SHA256Digest.ofFile(at: path).hex
      func attest(_ digest: String, _ predicate: String) throws {
        let statement = #"{"subject":[{"digest":{"sha256":"\#(digest)"}}],"predicateType":"\#(predicate)"}"#
        let text = Data(statement.utf8).base64EncodedString()
        try write(
          #"{"version":1,"envelope":{"statement":"\#(text)","signature":""}}"#,
          to: FilePath("\(path).publish.attestation")
        )
      }
      try attest(digest, "https://slsa.dev/provenance/v1")
      #expect(try await rules([path]) == [])
      try attest(digest, "https://example.com/other")
      #expect(try await rules([path]) == ["A01"])
      try attest(String(repeating: "0", count: 64), "https://slsa.dev/provenance/v1")
      #expect(try await rules([path]) == ["A01"])
      try write("{}", to: FilePath("\(path).publish.attestation"))
      #expect(try await rules([path]) == ["A01"])
    }
  }

  @Test func `Every rule is well said, and known by its id`() throws {
    #expect(Set(Rule.all.map(\.id)).count == Rule.all.count)
    for rule in Rule.all {
      #expect(Rule.named(rule.id.lowercased()) == rule)
      #expect(!rule.sentence.hasSuffix(".") && !rule.source.isEmpty && !rule.wayOut.isEmpty)
    }
  }

  /// The tests of this target are the list of rules that were seen broken.
  @Test func `Every rule has a test that breaks it`() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    let text = try files.filter { $0.pathExtension == "swift" }.map {
      try String(contentsOf: $0, encoding: .utf8)
    }.joined()
    for rule in Rule.all { #expect(text.contains("\"\(rule.id)\""), "\(rule.id)") }
  }
}
