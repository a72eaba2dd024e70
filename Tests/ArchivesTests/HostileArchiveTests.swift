import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Archives that somebody made with bad intent, or with another tool; Python's tarfile writes whatever it is told.
@Suite("Hostile archives", .enabled(if: Readers.python != nil, Readers.absence))
struct HostileArchiveTests {
  /// Writes one archive, called `x`, by a few lines of Python with helpers.
  private func make(_ lines: String, in folder: FilePath) async throws -> FilePath {
    let program = """
      import io, os, stat, sys, tarfile, zipfile
      path = os.path.join(sys.argv[1], "x")
      mode, form = "w:gz", tarfile.PAX_FORMAT
      members = []
      def file(name, data=b"data", mode=0o644):
          info = tarfile.TarInfo(name); info.size = len(data); info.mode = mode
          members.append((info, data))
      def other(name, type, target=""):
          info = tarfile.TarInfo(name); info.type = type; info.linkname = target
          members.append((info, None))
      def link(name, target): other(name, tarfile.SYMTYPE, target)
      \(lines)
      if members:
          with tarfile.open(path, mode, format=form) as archive:
              for info, data in members: archive.addfile(info, data and io.BytesIO(data))
      """
    _ = try await Readers.python(program, [folder])
    return folder.appending("x")
  }

  @Test(
    "a member that would leave the folder, or is no file, is refused",
    arguments: [
      "file('../x')",
      "file('a/../../x')",
      "file('/x')",
      "file('a/..')",
      // A slash with a combining accent is one character for Swift and a separator for the system.
      "file('..\\u002f\\u0301x')",
      "file('a\\nb')",
      "file('a\\\\b')",
      "link('l', '/etc')",
      "link('l', '..')",
      "link('l', '')",
      "link('a/l', '../../x')",
      "link('a/l', '../b/../../x')",
      // Links by way of links: the first ends inside, the second starts from there.
      "link('p/q/r', '../..'); link('p/q/r/evil', '../../..')",
      "link('p/q/r', '../..'); link('x', 'p/q/r/..')",
      "link('d', 'e'); file('d/x')",
      "file('a'); file('a/b')",
      "file('a'); file('a')",
      "other('h', tarfile.LNKTYPE, 'a')",
      "file('a'); other('h', tarfile.LNKTYPE, 'a')",
      "other('h', tarfile.LNKTYPE, '/etc/passwd')",
      "other('d', tarfile.CHRTYPE)",
      "other('d', tarfile.BLKTYPE)",
      "other('d', tarfile.FIFOTYPE)",
      "z = zipfile.ZipFile(path, 'w'); z.writestr('../x', b'data'); z.close()",
      "z = zipfile.ZipFile(path, 'w'); z.writestr('/x', b'data'); z.close()",
      """
      i = zipfile.ZipInfo('l'); i.create_system = 3; i.external_attr = (stat.S_IFLNK | 0o777) << 16
      z = zipfile.ZipFile(path, 'w'); z.writestr(i, b'../../x'); z.close()
      """,
    ]
  )
  func refused(lines: String) async throws {
    try await withTemporaryDirectory { parent in
      let folder = parent.appending("inner")
      try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
      let path = try await make(lines.split(separator: "\n").joined(separator: "\n"), in: folder)
      #expect(throws: ArchiveError.self) { try ArchiveReader(path).extract(to: folder.appending("target")) }
      #expect(try namesIn(folder) == ["x"])
      #expect(try namesIn(parent) == ["inner"])
    }
  }

  @Test("dropping leading parts doesn't make a bad name good", arguments: ["file('../x')", "file('/top/x')"])
  func stripped(lines: String) async throws {
    try await withTemporaryDirectory { folder in
      let path = try await make(lines, in: folder)
      #expect(throws: ArchiveError.self) {
        try ArchiveReader(path).extract(to: folder.appending("target"), strippingComponents: 1)
      }
      #expect(try namesIn(folder) == ["x"])
    }
  }

  @Test(
    "what other tools write is read",
    arguments: [
      "form = tarfile.USTAR_FORMAT; file('top/é')",
      "form = tarfile.GNU_FORMAT; file('top/é')",
      "form = tarfile.PAX_FORMAT; file('top/é')",
      "form = tarfile.GNU_FORMAT; file('top/' + 'n' * 200 + '/é')",
      "mode = 'w:xz'; file('top/é')",
      "mode = 'w:bz2'; file('top/é')",
      "mode = 'w'; file('top/é')",
      "other('./', tarfile.DIRTYPE); other('./top', tarfile.DIRTYPE); file('./top/é')",
      "z = zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED); z.writestr('top/', b''); z.writestr('top/é', b'data'); z.close()",
    ]
  )
  func read(lines: String) async throws {
    try await withTemporaryDirectory { folder in
      let path = try await make(lines, in: folder)
      let target = folder.appending("target")
      try ArchiveReader(path).extract(to: target, strippingComponents: 1)
      let found = try contents(of: target)
      #expect(found.keys.allSatisfy { $0.hasSuffix("é") } && Array(found.values) == [Array("data".utf8)])
    }
  }

  @Test("links that stay inside are kept, special mode bits are not, an existing folder is not overwritten")
  func kept() async throws {
    try await withTemporaryDirectory { folder in
      let path = try await make(
        "file('a/tool', mode=0o6755); link('b/c/tool', '../../a/tool'); link('later', 'not/there'); link('here', '.')",
        in: folder
      )
      let target = folder.appending("deep/target")
      try ArchiveReader(path).extract(to: target)
      #expect(try bytes(of: target.appending("b/c/tool")) == Array("data".utf8))
      let files = FileManager.default
      let mode =
        try files.attributesOfItem(atPath: target.appending("a/tool").string)[.posixPermissions] as? Int
      #expect((mode ?? 0) & 0o7100 == 0o100)
      #expect(try files.destinationOfSymbolicLink(atPath: target.appending("later").string) == "not/there")
      #expect(throws: ArchiveError.self) { try ArchiveReader(path).extract(to: target) }
      #expect(try namesIn(folder.appending("deep")) == ["target"])
    }
  }
}
