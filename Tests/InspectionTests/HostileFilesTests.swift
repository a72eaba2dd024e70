import Foundation
import Inspection
import Inventory
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

/// Archives and binaries that somebody made with bad intent: reported, and nothing is written anywhere.
@Suite("Hostile files", .enabled(if: CUDAToolkitForTests.onPath("python3") != nil, "needs python3"))
struct HostileFilesTests {
  /// Writes a file called `x.whl` or `x.tar` by a few lines of Python and inspects it.
  private func inspect(_ name: String, _ lines: String) async throws -> Artifact {
    try await withTemporaryDirectory { folder in
      let program = """
        import io, struct, sys, tarfile, zipfile, zlib
        path = sys.argv[1]
        def zip(*members, method=zipfile.ZIP_DEFLATED):
            with zipfile.ZipFile(path, "w", method) as archive:
                for name, data in members: archive.writestr(name, data)
        def tar(*members):
            with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
                for name, type, data in members:
                    info = tarfile.TarInfo(name); info.type = type
                    if type == tarfile.REGTYPE: info.size = len(data); archive.addfile(info, io.BytesIO(data))
                    else: info.linkname = data; archive.addfile(info)
        def patch(old, new, count=-1):
            data = open(path, "rb").read(); assert old in data
            open(path, "wb").write(data.replace(old, new, count))
        \(lines)
        """
      let file = folder.appending(name)
      let python = try #require(CUDAToolkitForTests.onPath("python3"))
      let made = try await runTool(python, ["-I", "-c", program, file.string], in: folder)
      try #require(made.isSuccess, "\(made.stderr)")
      let inventory = try await Inspector(detail: .everything).inspect([file])
      #expect(inventory.discrepancies == [])
      // Nothing but the file itself, and nothing above the folder.
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.string)
      #expect(names == [name])
      #expect(
        !FileManager.default.fileExists(atPath: folder.removingLastComponent().appending("evil").string)
      )
      return try #require(inventory.artifacts.first)
    }
  }

  private func ids(_ artifact: Artifact) -> Set<String> {
    Set(artifact.findings.filter { $0.severity != .note }.map(\.id))
  }

  @Test(
    "names that leave the folder are told",
    arguments: [
      "../evil", "a/../../evil", "/evil", "a\\\\evil", "a\\nb", "a//b",
      "x" + String(repeating: "y", count: 300),
    ]
  )
  func names(_ name: String) async throws {
    #expect(ids(try await inspect("x.whl", "zip(('\(name)', b'data'))")).contains("path"))
    #expect(ids(try await inspect("x.tar", "tar(('\(name)', tarfile.REGTYPE, b'data'))")).contains("path"))
  }

  @Test func `Links and devices are told`() async throws {
    let link = "info = zipfile.ZipInfo('l'); info.external_attr = 0o120777 << 16; zip((info, 'lib.so.1'))"
    let wheel = try await inspect("x.whl", link)
    #expect(ids(wheel) == ["symlink"])
    #expect(wheel.files.map(\.kind) == [.link] && wheel.files[0].target == "lib.so.1")
    let inside = try await inspect("x.tar", "tar(('l', tarfile.SYMTYPE, 'lib.so.1'))")
    #expect(ids(inside) == [] && inside.files[0].target == "lib.so.1")
    let outside = try await inspect("x.tar", "tar(('a/l', tarfile.SYMTYPE, '../../etc/passwd'))")
    #expect(ids(outside) == ["path"])
    #expect(ids(try await inspect("x.tar", "tar(('d', tarfile.CHRTYPE, ''))")) == ["device"])
  }

  @Test func `A bomb is left packed`() async throws {
    // A member that starts like a library and promises 80 MB of zeros from 80 KB.
    let bomb = try await inspect("x.whl", "zip(('b.so', b'\\x7fELF' + bytes(80_000_000)))")
    #expect(ids(bomb).contains("bomb"))
    #expect(bomb.files[0].kind == .other && bomb.files[0].weight.bytes == ByteCount(80_000_004))
    let lie = """
      zip(('b.so', b'\\x7fELF' + bytes(100)))
      patch(struct.pack('<I', 104), struct.pack('<I', 0xFFFFFFF0))
      """
    #expect(ids(try await inspect("x.whl", lie)).contains("bomb"))
    let gz = """
      import gzip
      tar(('b.so', tarfile.REGTYPE, b'\\x7fELF' + bytes(80_000_000)))
      data = open(path, 'rb').read(); open(path, 'wb').write(gzip.compress(data, 9))
      """
    #expect(ids(try await inspect("x.tar.gz", gz)).contains("bomb"))
  }

  @Test func `Members that share bytes are a bomb`() async throws {
    let overlap = """
      zip(('a', b'A' * 4000), ('b', b'B' * 4000), method=zipfile.ZIP_STORED)
      data = bytearray(open(path, 'rb').read())
      second = data.rindex(b'PK\\x01\\x02'); first = data.index(b'PK\\x01\\x02')
      data[second + 42:second + 46] = data[first + 42:first + 46]
      open(path, 'wb').write(data)
      """
    #expect(ids(try await inspect("x.whl", overlap)).contains("overlap"))
  }

  @Test func `A member with other bytes than promised is told`() async throws {
    let base = "zip(('b.so', b'\\x7fELF' + bytes(range(200)) * 50))\n"
    let crc = "patch(struct.pack('<I', zlib.crc32(b'\\x7fELF' + bytes(range(200)) * 50)), b'abcd')"
    #expect(ids(try await inspect("x.whl", base + crc)) == ["broken"])
    let size = "patch(struct.pack('<I', 10004), struct.pack('<I', 9000))"
    #expect(ids(try await inspect("x.whl", base + size)) == ["broken"])
    let data =
      "data = bytearray(open(path, 'rb').read()); data[60:80] = b'x' * 20; open(path, 'wb').write(data)"
    #expect(ids(try await inspect("x.whl", base + data)) == ["broken"])
  }

  @Test func `What can't be unpacked is told`() async throws {
    let lzma = "zip(('b.so', b'\\x7fELF' + bytes(1000)), method=zipfile.ZIP_LZMA)"
    #expect(ids(try await inspect("x.whl", lzma)) == ["packed"])
    let encrypted = """
      zip(('b.so', b'\\x7fELF' + bytes(1000)))
      data = bytearray(open(path, 'rb').read())
      for mark, place in ((b'PK\\x03\\x04', 6), (b'PK\\x01\\x02', 8)): data[data.index(mark) + place] |= 1
      open(path, 'wb').write(data)
      """
    #expect(ids(try await inspect("x.whl", encrypted)) == ["packed"])
  }

  @Test func `The same name twice is told`() async throws {
    let twice = "import warnings; warnings.simplefilter('ignore'); zip(('a', b'1'), ('a', b'2'))"
    #expect(ids(try await inspect("x.whl", twice)).contains("twice"))
  }

  @Test func `What is cut off or no archive at all is told, and its bytes are counted`() async throws {
    let cut =
      "zip(('a', bytes(5000)), method=zipfile.ZIP_STORED); data = open(path, 'rb').read(); open(path, 'wb').write(data[:3000])"
    let wheel = try await inspect("x.whl", cut)
    #expect(ids(wheel) == ["broken"] && wheel.files[0].weight.bytes == ByteCount(3000))
    let tar =
      "tar(('a', tarfile.REGTYPE, bytes(5000))); data = open(path, 'rb').read(); open(path, 'wb').write(data[:3000])"
    #expect(ids(try await inspect("x.tar", tar)) == ["broken"])
    #expect(ids(try await inspect("x.so", "open(path, 'wb').write(b'\\x7fELF')")) == ["broken"])
    #expect(ids(try await inspect("x.a", "open(path, 'wb').write(b'!<arch>\\n' + b'x' * 70)")) == ["broken"])
    #expect(try await inspect("x.txt", "open(path, 'wb').write(b'text')").kind == .other)
    #expect(try await inspect("empty", "open(path, 'wb')").bytes == .zero)
  }

  @Test func `What isn't there or no file is refused`() async throws {
    for path in ["/nonexistent/file", "/dev/null"] {
      await #expect(throws: InspectionError.self) { try await Inspector().inspect([FilePath(path)]) }
    }
  }
}
