import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@testable import Configuration

@Suite struct LlamaCppSourceTests {
  @Test(arguments: [
    ("https://host/llama.cpp.git@b4567", "https://host/llama.cpp.git", "b4567"),
    ("git+https://host/ggml-org/llama.cpp@master", "https://host/ggml-org/llama.cpp", "master"),
    ("https://host/x@feature/new-kernels", "https://host/x", "feature/new-kernels"),
    ("https://me:secret@host/x.git@v1.0", "https://me:secret@host/x.git", "v1.0"),
    ("git@host:ggml-org/llama.cpp.git@0a1b2c3", "git@host:ggml-org/llama.cpp.git", "0a1b2c3"),
    ("ssh://git@host:22/x.git@main", "ssh://git@host:22/x.git", "main"),
    ("file:///srv/git/x.git@b1", "file:///srv/git/x.git", "b1"),
    ("git+file:///srv/git/x@b1", "file:///srv/git/x", "b1"),
    ("  https://host/x.git@b1\n", "https://host/x.git", "b1"),
  ])
  func git(text: String, url: String, reference: String) throws {
    let source = try LlamaCppSource(parsing: text, relativeTo: "/")
    #expect(source == .git(url: url, reference: reference))
  }

  @Test(arguments: [
    ("", LlamaCppSourceError.empty), ("  ", .empty),
    ("https://host/x.git", .missingReference("https://host/x.git")),
    ("https://host/x.git@", .missingReference("https://host/x.git")),
    ("git@host:x.git", .missingReference("git@host:x.git")),
    ("https://user@host/x.git", .missingReference("https://***@host/x.git")),
    ("https://host/x.tar.gz", .archiveAddress("https://host/x.tar.gz")),
    ("https://host/x.git@--upload-pack=evil", .badReference("--upload-pack=evil")),
    ("https://host/x.git@a b", .badReference("a b")), ("https://host/x.git@a..b", .badReference("a..b")),
    ("https://host/x.git@a^", .badReference("a^")), ("https://host/x.git@a:b", .badReference("a:b")),
    ("ftp://host/x.git@b1", .unsupportedScheme("ftp://host/x.git@b1", scheme: "ftp")),
    ("git+ext::sh -c id@b1", .notAnAddress("git+ext::sh -c id@b1")),
    ("ssh://-oProxyCommand=id/x.git@b1", .notAnAddress("ssh://-oProxyCommand=id/x.git@b1")),
    ("https:///x.git@b1", .notAnAddress("https:///x.git@b1")),
    ("https://host/@b1", .notAnAddress("https://host/@b1")), ("git+x", .notAnAddress("git+x")),
    ("/no/such/folder", .notFound("/no/such/folder", isArchive: false)),
    ("no/../such.tar.gz", .notFound("/base/such.tar.gz", isArchive: true)),
  ])
  func refused(text: String, error: LlamaCppSourceError) {
    #expect(throws: error) { try LlamaCppSource(parsing: text, relativeTo: "/base") }
    #expect(!error.description.contains("\n") && error.exitStatus == .usage)
  }

  @Test func `Passwords and tokens stay out of messages`() {
    let error = #expect(throws: LlamaCppSourceError.self) {
      try LlamaCppSource(parsing: "https://me:ghp_secret@host/x.git", relativeTo: "/")
    }
    #expect(error?.description.contains("ghp_secret") == false)
    let source = LlamaCppSource.git(url: "https://ghp_secret@host/x.git", reference: "b1")
    #expect(source.summary == "https://***@host/x.git at b1")
    #expect(
      LlamaCppSource.git(url: "ssh://git@host/x.git", reference: "b1").summary == "ssh://git@host/x.git at b1"
    )
  }

  @Test func `Folders and archives are found from the base folder and made absolute`() async throws {
    try await withTemporaryDirectory { folder in
      let manager = FileManager.default
      try manager.createDirectory(
        atPath: folder.appending("llama.cpp").string,
        withIntermediateDirectories: true
      )
      for name in ["src.tar.gz", "b.ZIP", "notes.txt"] {
        _ = manager.createFile(atPath: folder.appending(name).string, contents: Data())
      }
      func parse(_ text: String) throws -> LlamaCppSource {
        try LlamaCppSource(parsing: text, relativeTo: folder)
      }
      #expect(try parse("pinned") == .pinned)
      #expect(try parse("llama.cpp") == .folder(folder.appending("llama.cpp").string))
      #expect(try parse("./llama.cpp/../llama.cpp/") == .folder(folder.appending("llama.cpp").string))
      #expect(try parse("src.tar.gz") == .tarball(folder.appending("src.tar.gz").string))
      #expect(try parse("b.ZIP") == .tarball(folder.appending("b.ZIP").string))
      #expect(throws: LlamaCppSourceError.notAnArchive(folder.appending("notes.txt").string)) {
        try parse("notes.txt")
      }
      let inside = folder.appending("notes.txt").appending("x")
      #expect(throws: LlamaCppSourceError.unreadable(inside.string, reason: "Not a directory")) {
        try parse(inside.string)
      }
    }
  }
}
