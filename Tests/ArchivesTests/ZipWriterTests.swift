import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Archives

@Suite("ZipWriter")
struct ZipWriterTests {
  @Test(
    "Python reads every member with its bytes, mode, time and method",
    .enabled(if: Readers.python != nil, Readers.absence)
  )
  func pythonReads() async throws {
    try await withTemporaryDirectory { folder in
      let members = try variedMembers(in: folder)
      let path = folder.appending("x.zip")
      var writer = ZipWriter()
      writer.timestamp = 1_700_000_001
      let written = try await writer.write(members, to: path)
      let listing = try await Readers.python(
        """
        import hashlib, sys, zipfile
        with zipfile.ZipFile(sys.argv[1]) as archive:
            assert archive.testzip() is None
            for i in archive.infolist():
                digest = hashlib.sha256(archive.read(i)).hexdigest()
                print(i.filename, i.file_size, i.compress_size, oct(i.external_attr >> 16), i.compress_type,
                      i.flag_bits, "%d-%d-%dT%d:%d:%d" % i.date_time, digest, sep="|")
        """,
        [path]
      ).split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
      #expect(listing.map { $0[0] } == members.map(\.name))
      #expect(listing.map { $0[1] } == written.map { "\($0.byteCount)" })
      #expect(listing.map { $0[2] } == written.map { "\($0.compressedByteCount)" })
      #expect(listing.map { $0[3] } == members.map { $0.isExecutable ? "0o100755" : "0o100644" })
      #expect(listing.allSatisfy { $0[6] == "2023-11-14T22:13:20" })
      #expect(listing.map { $0[7] } == written.map(\.sha256.hex))
      // Stored: what doesn't get smaller. Bit 11 (UTF-8) for names outside ASCII; no other flag, bit 3 least of all.
      let stored = Set(listing.filter { $0[4] == "0" }.map { $0[0] })
      #expect(stored.isSuperset(of: ["a/empty", "a/empty-file", "a/one-byte", "noise"]))
      #expect(stored.isDisjoint(with: ["chunk", "chunks", "zeros", "bin/tool"]))
      #expect(listing.map { $0[5] } == members.map { $0.name.hasPrefix("gr") ? "2048" : "0" })
    }
  }

  @Test(
    "what another archive holds deflated is taken over, and the bytes are the same; a file that changed since is not"
  )
  func reusing() async throws {
    try await withTemporaryDirectory { folder in
      let members = try ["kept", "changed"].map { name in
        let file = folder.appending(name)
        try write(code(5 << 20), to: file)
        return ZipWriter.Member(name: name, content: .file(file))
      }
      let first = try await ZipWriter().write(members, to: folder.appending("first.zip"))
      let files = members.map(\.name).map { folder.appending($0) }
      var other = code(5 << 20)
      other[1_000_000] ^= 1
      try write(other, to: files[1])
      let anew = folder.appending("anew.zip")
      let expected = try await ZipWriter().write(members, to: anew)

      let deflated = Dictionary(uniqueKeysWithValues: zip(files, try first.map { try #require($0.deflated) }))
      let again = folder.appending("again.zip")
      var writer = ZipWriter()
      // Whatever is compressed would come out otherwise.
      writer.level = 1
      let written = try await writer.write(Array(members.prefix(1)), to: again, reusing: deflated)
      #expect(written.map(\.sha256) == expected.prefix(1).map(\.sha256))
      #expect(written.map(\.compressedByteCount) == expected.prefix(1).map(\.compressedByteCount))

      _ = try await ZipWriter().write(members, to: again, reusing: deflated)
      #expect(try bytes(of: again) == bytes(of: anew))
    }
  }

  @Test("unzip finds no error", .enabled(if: Readers.unzip != nil, "needs unzip on PATH"))
  func unzipTests() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("x.zip")
      _ = try await ZipWriter().write(variedMembers(in: folder), to: path)
      let result = try await runTool(try #require(Readers.unzip), ["-t", "-qq", path.string])
      #expect(result.isSuccess, "\(result.stdout)\(result.stderr)")
    }
  }

  @Test("our own reader gives back every byte and execute bit")
  func roundTrip() async throws {
    try await withTemporaryDirectory { folder in
      let members = try variedMembers(in: folder)
      let path = folder.appending("x.zip")
      _ = try await ZipWriter().write(members, to: path)
      let target = folder.appending("unpacked")
      try ArchiveReader(path).extract(to: target)
      let found = try contents(of: target)
      #expect(Set(found.keys) == Set(members.map(\.name)))
      for member in members {
        let expected =
          switch member.content {
          case .bytes(let bytes): bytes
          case .file(let path): try bytes(of: path)
          }
        #expect(found[member.name] == expected, "\(member.name)")
        let place = target.appending(member.name).string
        let mode = try FileManager.default.attributesOfItem(atPath: place)[.posixPermissions] as? Int
        #expect((mode ?? 0) & 0o100 == (member.isExecutable ? 0o100 : 0))
      }
    }
  }

  @Test("any number of workers gives the same bytes, twice too", arguments: [1, 2, 5])
  func sameBytes(workers: Int) async throws {
    try await withTemporaryDirectory { folder in
      let members = try variedMembers(in: folder)
      var writer = ZipWriter()
      writer.workers = 3
      _ = try await writer.write(members, to: folder.appending("first"))
      writer.workers = workers
      for name in ["second", "third"] {
        _ = try await writer.write(members, to: folder.appending(name))
        #expect(try bytes(of: folder.appending(name)) == bytes(of: folder.appending("first")))
      }
    }
  }

  @Test("time zone, umask and the working folder don't change a byte")
  func environment() async {
    // In a process of its own, because all three belong to the whole process.
    await #expect(processExitsWith: .success) {
      try await withTemporaryDirectory { folder in
        let members: [ZipWriter.Member] = [
          .init(name: "a", content: .bytes(Array("hello".utf8))),
          .init(name: "b", content: .bytes(code(100_000)), isExecutable: true),
        ]
        func writeAll(_ prefix: String) async throws -> [[UInt8]] {
          var writer = ZipWriter()
          writer.timestamp = 1_700_000_000
          _ = try await writer.write(members, to: folder.appending("\(prefix).zip"))
          let tar = folder.appending("\(prefix).tar.gz")
          try await TarballWriter(compression: .gzip, timestamp: 1_700_000_000).write(members, to: tar)
          return try [bytes(of: folder.appending("\(prefix).zip")), bytes(of: tar)]
        }
        let first = try await writeAll("first")
        setenv("TZ", "Asia/Kathmandu", 1)
        tzset()
        umask(0o077)
        _ = FileManager.default.changeCurrentDirectoryPath("/")
        let second = try await writeAll("second")
        guard first == second, !first[0].isEmpty else { exit(1) }
      }
    }
  }

  @Test("times outside the format's range are clipped", arguments: [(-5, 1980), (4_500_000_000, 2107)])
  func clippedTime(seconds: Int64, year: Int) {
    #expect(Int(ZipFile.dosTime(seconds).date >> 9) + 1980 == year)
  }

  @Test("a large file that is stored is never held in memory")
  func boundedMemory() async {
    await #expect(processExitsWith: .success) {
      try await withTemporaryDirectory { folder in
        // Further apart than deflate's window, so that nothing repeats.
        let path = folder.appending("large")
        try write([], to: path)
        let handle = try #require(FileHandle(forWritingAtPath: path.string))
        let block = Data(noise(1 << 20))
        for _ in 0..<128 { try handle.write(contentsOf: block) }
        try handle.close()
        let before = anonymousMemory()
        let watch = Task {
          var most = 0
          while !Task.isCancelled {
            most = max(most, anonymousMemory())
            try? await Task.sleep(for: .milliseconds(2))
          }
          return most
        }
        var writer = ZipWriter()
        (writer.level, writer.workers) = (1, 2)
        let written = try await writer.write(
          [.init(name: "large", content: .file(path))],
          to: folder.appending("x")
        )
        watch.cancel()
        let growth = await watch.value - before
        guard written[0].compressedByteCount == 128 << 20, growth < 48 << 20 else { exit(1) }
      }
    }
  }

  @Test(
    "two names that are one on some system are refused, and so are odd ones",
    arguments: [
      ["a", "a"], ["Readme", "README"], ["caf\u{E9}", "cafe\u{301}"], ["a", "a/b"], ["A/b", "a"], ["../x"],
      ["/x"],
      ["a//b"], ["a/./b"], ["a/"], [""], ["a\\b"], ["a\nb"], ["a\u{202E}b"], ["..\u{2F}\u{301}x"],
      [String(repeating: "x", count: 256)], [String(repeating: "abc/", count: 20_000) + "x"],
    ]
  )
  func refusedNames(names: [String]) async throws {
    try await withTemporaryDirectory { folder in
      let members = names.map { ZipWriter.Member(name: $0, content: .bytes([1])) }
      await #expect(throws: ArchiveError.self) {
        _ = try await ZipWriter().write(members, to: folder.appending("x"))
      }
      await #expect(throws: ArchiveError.self) {
        try await TarballWriter(compression: .gzip).write(members, to: folder.appending("x"))
      }
      let left = try namesIn(folder)
      #expect(left == [])
    }
  }

  @Test("the last member may not repeat a name either, and its maker's error leaves nothing behind")
  func lastMember() async throws {
    try await withTemporaryDirectory { folder in
      let members = [ZipWriter.Member(name: "a", content: .bytes([1]))]
      await #expect(throws: ArchiveError.self) {
        _ = try await ZipWriter().write(members, to: folder.appending("x")) { _ in members[0] }
      }
      await #expect(throws: CancellationError.self) {
        _ = try await ZipWriter().write(members, to: folder.appending("x")) { _ in throw CancellationError() }
      }
      let left = try namesIn(folder)
      #expect(left == [])
    }
  }

  @Test("what can't be read is named with the system's own reason")
  func unreadable() async throws {
    try await withTemporaryDirectory { folder in
      let missing = folder.appending("missing")
      let expected: [(FilePath, Errno)] = [(missing, .noSuchFileOrDirectory), (folder, .isDirectory)]
      for (path, errno) in expected {
        let member = ZipWriter.Member(name: "a", content: .file(path))
        let error = ArchiveError.system(path, action: "read", errno)
        await #expect(throws: error) {
          _ = try await ZipWriter().write([member], to: folder.appending("x"))
        }
        #expect(throws: error) { try SHA256Digest.ofFile(at: path) }
        #expect(throws: error) { try ArchiveReader(path).extract(to: folder.appending("y")) }
      }
      let left = try namesIn(folder)
      #expect(left == [])
    }
  }

  @Test("a cancelled task stops and leaves nothing behind")
  func cancelled() async throws {
    try await withTemporaryDirectory { folder in
      let member = ZipWriter.Member(name: "a", content: .bytes(noise(4 << 20)))
      for write in [
        { _ = try await ZipWriter().write([member], to: folder.appending("x")) },
        { try await TarballWriter(compression: .gzip).write([member], to: folder.appending("x")) },
      ] as [@Sendable () async throws -> Void] {
        let task = Task {
          withUnsafeCurrentTask { $0?.cancel() }
          try await write()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
      }
      let left = try namesIn(folder)
      #expect(left == [])
    }
  }
}

/// Memory of this process that no file backs, in bytes.
private func anonymousMemory() -> Int {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
  return (line?.split(whereSeparator: { !$0.isNumber }).first).flatMap { Int($0) }.map { $0 << 10 } ?? 0
}
