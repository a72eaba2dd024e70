import Archives
import Foundation
import Reporting
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// Archives made with bad intent are told about; nothing is written, and nothing is believed.
@Suite("Hostile archives")
struct HostileArchiveTests {
  /// Verifies a file, and makes sure that nothing appeared beside or above it.
  private func rules(_ path: FilePath, in folder: FilePath) async throws -> Set<String> {
    let files = FileManager.default
    let before = try files.subpathsOfDirectory(atPath: folder.string).sorted()
    let report = try await Verifier().verify([path])
    #expect(try files.subpathsOfDirectory(atPath: folder.string).sorted() == before)
    // What is printed must not steer a terminal, whatever names are in the archive.
    let text = try render(report, as: .table)
    #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
    #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .format })
    return Set(report.findings.map(\.rule.id))
  }

  @Test(
    "tarballs",
    .enabled(if: CUDAToolkitForTests.onPath("python3") != nil),
    arguments: [
      ("file('../x')", "X01"), ("file('a/../../x')", "X01"), ("file('/etc/x')", "X01"),
      // A sibling that shares its beginning with the folder: told by parts, not by the beginning.
      ("link('top/l', '../top-other/x')", "ok"), ("link('top/l', '../../top-other')", "X02"),
      ("link('l', '/etc')", "X02"), ("link('a/l', '../../x')", "X02"),
      ("file('a'); other('h', tarfile.LNKTYPE, 'a')", "X02"), ("other('d', tarfile.CHRTYPE)", "X02"),
      ("other('d', tarfile.FIFOTYPE)", "X02"), ("file('a', mode=0o4755)", "X02-mode"),
      ("file('a'); file('a')", "X01-case"), ("file('a'); file('A')", "X01-case"), ("file('a'); file('a/b')", "X01-case"),
      ("file('caf\\u00e9'); file('cafe\\u0301')", "X01-case"), ("file('\\u202eyp.x')", "X01"),
      ("file('a\\u200bb')", "X01"), ("file('a\\x1b[2Jb')", "X01"), ("file('n' * 300)", "X01"),
      ("file('zeros', b'\\0' * (257 << 20))", "Z02"),
    ]
  )
  func tarballs(lines: String, rule: String) async throws {
    try await withTemporaryDirectory { folder in
      let program = """
        import io, sys, tarfile
        members = []
        def file(name, data=b"data", mode=0o644):
            info = tarfile.TarInfo(name); info.size = len(data); info.mode = mode; members.append((info, data))
        def other(name, type, target=""):
            info = tarfile.TarInfo(name); info.type = type; info.linkname = target; members.append((info, None))
        def link(name, target): other(name, tarfile.SYMTYPE, target)
        \(lines)
        with tarfile.open(sys.argv[1], "w:gz", compresslevel=1) as archive:
            for info, data in members: archive.addfile(info, data and io.BytesIO(data))
        """
      let path = folder.appending("x.tar.gz")
      let python = try #require(CUDAToolkitForTests.onPath("python3"))
      let made = try await runTool(python, ["-I", "-c", program, path.string])
      try #require(made.isSuccess, "\(made.stderr)")
      let found = try await rules(path, in: folder)
      #expect(rule == "ok" ? found.isEmpty : found.contains(rule), "\(found)")
    }
  }

  @Test("every cut and many changed bytes of a wheel end in findings, not in a crash")
  func mutations() async throws {
    try await withTemporaryDirectory { folder in
      let good = try WheelDraft().write(into: folder)
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: good.string)))
      let path = folder.appending("changed").appending(good.lastComponent?.string ?? "")
      try FileManager.default.createDirectory(
        atPath: path.removingLastComponent().string,
        withIntermediateDirectories: true
      )
      func findings(_ bytes: [UInt8]) async throws -> [Finding] {
        try Data(bytes).write(to: URL(fileURLWithPath: path.string))
        return try await Verifier().verify([path]).findings
      }
      for length in stride(from: 0, to: bytes.count, by: 101) {
        #expect(try await !findings(Array(bytes[..<length])).isEmpty, "cut after \(length)")
      }
      var state: UInt64 = 42
      for _ in 0..<60 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var changed = bytes
        let place = Int(state >> 33) % bytes.count
        changed[place] ^= UInt8(truncatingIfNeeded: state >> 20) | 1
        // Dates, modes and versions of tools may change without breaking a rule; a crash may not happen.
        _ = try await findings(changed)
      }
    }
  }

  @Test("numbers that promise more than there is are not believed")
  func hugeNumbers() async throws {
    try await withTemporaryDirectory { folder in
      for change in [
        { $0.uncompressed = 0xFFFF_FFF0 }, { $0.centralOffset = 0xFFFF_FFF0 }, { $0.localCompressed = 0xFFFF_FFF0 },
        { $0.localExtra = [1, 0, 16, 0] + [UInt8](repeating: 0xFF, count: 16) },
      ] as [(inout ZipBuilder.Entry) -> Void] {
        var draft = WheelDraft()
        nonisolated(unsafe) let change = change
        draft.zip = { $0.change("cli.py", change) }
        let path = try draft.write(into: folder)
        #expect(try await !rules(path, in: folder).isEmpty)
      }
    }
  }

  @Test("a name twice with different bytes is told as what it is")
  func twice() async throws {
    try await withTemporaryDirectory { folder in
      var draft = WheelDraft()
      draft.zip = { $0.entries.append(.init("sample_kit/cli.py", Array("import evil\n".utf8))) }
      let path = try draft.write(into: folder)
      #expect(try await rules(path, in: folder).contains("Z06"))
    }
  }
}
