import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Digests and trees")
struct DigestTests {
  @Test("known digests in both forms")
  func known() {
    let empty = SHA256Digest.of([])
    #expect(empty.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(empty.urlSafeBase64 == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")
    #expect(SHA256Digest.of(Array("abc".utf8)).hex.hasPrefix("ba7816bf8f01cfea414140de5dae2223"))
  }

  @Test("a file's digest is that of its bytes, of an empty file too", arguments: [0, 1, 4096, 100_000])
  func files(count: Int) async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("x")
      try write(noise(count), to: path)
      #expect(try SHA256Digest.ofFile(at: path) == SHA256Digest.of(noise(count)))
    }
  }

  @Test("a tree's digest follows names, contents and execute bits, not caches")
  func trees() async throws {
    try await withTemporaryDirectory { folder in
      let files = FileManager.default
      let path = folder.appending("a")
      try write([1], to: path)
      var seen = [try SHA256Digest.ofTree(at: folder)]
      try files.createDirectory(
        atPath: folder.appending("__pycache__").string,
        withIntermediateDirectories: false
      )
      try write([9], to: folder.appending("__pycache__/x.pyc"))
      #expect(try SHA256Digest.ofTree(at: folder) == seen[0])
      try write([2], to: path)
      seen.append(try SHA256Digest.ofTree(at: folder))
      try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
      seen.append(try SHA256Digest.ofTree(at: folder))
      try files.moveItem(atPath: path.string, toPath: folder.appending("b").string)
      seen.append(try SHA256Digest.ofTree(at: folder))
      #expect(Set(seen).count == 4)
    }
  }

  @Test("a tree is listed in the order of its bytes, links to files as files, without links to folders")
  func listing() async throws {
    try await withTemporaryDirectory { folder in
      let files = FileManager.default
      for name in ["b", "B", "é", "a-b", "a/c"] {
        let path = folder.appending(name)
        try files.createDirectory(
          atPath: path.removingLastComponent().string,
          withIntermediateDirectories: true
        )
        try write([1], to: path)
      }
      try files.createSymbolicLink(atPath: folder.appending("link").string, withDestinationPath: "b")
      try files.createSymbolicLink(atPath: folder.appending("loop").string, withDestinationPath: ".")
      #expect(FileTree.files(below: folder).map(\.name) == ["B", "a-b", "a/c", "b", "link", "é"])
    }
  }

  @Test("predicted sizes are those of the archive, headers left out")
  func predicted() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("x")
      try write(code(2_500_000), to: path)
      let written = try await ZipWriter().write(
        [.init(name: "x", content: .file(path))],
        to: folder.appending("z")
      )
      #expect(try await CompressedSize.deflated(path) == written[0].compressedByteCount)
    }
  }
}
