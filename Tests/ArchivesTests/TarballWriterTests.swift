import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("TarballWriter")
struct TarballWriterTests {
  static let compressions: [TarballWriter.Compression] = [.gzip, .xz, .zstd]

  @Test(
    "Python's tarfile reads every member: sorted, of nobody, at one time",
    .enabled(
      if: Readers.python != nil && CUDAToolkitForTests.onPath("zstd") != nil,
      "needs python3 and zstd on PATH"
    ),
    arguments: compressions
  )
  func pythonReads(compression: TarballWriter.Compression) async throws {
    try await withTemporaryDirectory { folder in
      let members = try variedMembers(in: folder, chunk: 1 << 16)
      var path = folder.appending("x.tar")
      try await TarballWriter(compression: compression, timestamp: 1_700_000_000).write(members, to: path)
      if compression == .zstd {
        let zstd = try #require(CUDAToolkitForTests.onPath("zstd"))
        let plain = folder.appending("plain.tar")
        let result = try await runTool(zstd, ["-q", "-d", path.string, "-o", plain.string])
        #expect(result.isSuccess, "\(result.stderr)")
        path = plain
      }
      let listing = try await Readers.python(
        """
        import hashlib, sys, tarfile
        with tarfile.open(sys.argv[1]) as archive:
            for m in archive:
                print(m.name, oct(m.mode), m.isreg(), m.uid, m.gid, m.uname + m.gname, int(m.mtime),
                      hashlib.sha256(archive.extractfile(m).read()).hexdigest(), sep="|")
        """,
        [path]
      ).split(separator: "\n").map(String.init)
      let expected = try members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }.map {
        member in
        let digest =
          switch member.content {
          case .bytes(let bytes): SHA256Digest.of(bytes)
          case .file(let path): try SHA256Digest.ofFile(at: path)
          }
        return "\(member.name)|\(member.isExecutable ? "0o755" : "0o644")|True|0|0||1700000000|\(digest)"
      }
      #expect(listing == expected)
    }
  }

  @Test(
    "our own reader gives back every byte; the same input gives the same archive",
    arguments: compressions
  )
  func roundTrip(compression: TarballWriter.Compression) async throws {
    try await withTemporaryDirectory { folder in
      let members = try variedMembers(in: folder, chunk: 1 << 16)
      let (first, second) = (folder.appending("first"), folder.appending("second"))
      let writer = TarballWriter(compression: compression, timestamp: 5)
      try await writer.write(members, to: first)
      try await writer.write(members.reversed(), to: second)
      #expect(try bytes(of: first) == bytes(of: second))
      try ArchiveReader(first).extract(to: folder.appending("unpacked"))
      let found = try contents(of: folder.appending("unpacked"))
      #expect(found.count == members.count)
      #expect(found["chunks"] == code(3 * (1 << 16) + 12345))
      #expect(found["grüße/ファイル.txt"] == Array("é".utf8))
      #expect(
        try ArchiveReader(first).entries().map(\.byteCount).reduce(0, +)
          == found.values.reduce(0) { $0 + Int64($1.count) }
      )
    }
  }

  @Test("gzip's header holds neither a time nor a name")
  func gzipHeader() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("x.tar.gz")
      try await TarballWriter(compression: .gzip, timestamp: 1_700_000_000).write(
        [.init(name: "a", content: .bytes([1]))],
        to: path
      )
      #expect(try bytes(of: path).prefix(8) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
    }
  }

  @Test("what a zip archive holds deflated is used again, and nothing changes for who unpacks it")
  func reusing() async throws {
    try await withTemporaryDirectory { folder in
      // Over two chunks long, one that deflate can't make smaller, one of nothing.
      let files = ["large": code(9 << 20), "noise": noise(70_000), "empty": [], "text": Array("é\n".utf8)]
      let members = try files.sorted { $0.key < $1.key }.map { name, bytes in
        let file = folder.appending("source-\(name)")
        try write(bytes, to: file)
        return ZipWriter.Member(name: name, content: .file(file))
      }
      let written = try await ZipWriter().write(members, to: folder.appending("x.zip"))
      var deflated: [FilePath: DeflatedFile] = [:]
      for (member, written) in zip(members, written) {
        if case .file(let file) = member.content { deflated[file] = written.deflated }
      }
      #expect(deflated.keys.map { $0.lastComponent?.string } == ["source-large"])
      let path = folder.appending("x.tar.gz")
      try await TarballWriter(compression: .gzip).write(members, to: path, reusing: deflated)
      if let gzip = CUDAToolkitForTests.onPath("gzip") {
        let result = try await runTool(gzip, ["-t", path.string])
        #expect(result.isSuccess, "\(result.stderr)")
      }
      try ArchiveReader(path).extract(to: folder.appending("unpacked"))
      #expect(try contents(of: folder.appending("unpacked")) == files)
      // The stream is the same as one that was compressed for the tarball.
      let anew = folder.appending("y.tar.gz")
      try await TarballWriter(compression: .gzip).write(members, to: anew)
      #expect(try bytes(of: anew) == bytes(of: path))
    }
  }

  @Test("a zip archive that shrank since is an error that names it, and no tarball")
  func shrunk() async throws {
    try await withTemporaryDirectory { folder in
      let (file, archive) = (folder.appending("a"), folder.appending("x.zip"))
      try write(code(100_000), to: file)
      let members = [ZipWriter.Member(name: "a", content: .file(file))]
      let written = try await ZipWriter().write(members, to: archive)
      try write([1, 2, 3], to: archive)
      let path = folder.appending("x.tar.gz")
      await #expect(throws: ArchiveError.broken(archive, why: "it is shorter than when it was written")) {
        try await TarballWriter(compression: .gzip).write(
          members,
          to: path,
          reusing: [file: try #require(written[0].deflated)]
        )
      }
      #expect(!FileManager.default.fileExists(atPath: path.string))
    }
  }
}
