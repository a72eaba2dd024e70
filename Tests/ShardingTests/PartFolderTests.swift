import Foundation
import ReleaseModel
import Sharding
import SystemPackage
import TestSupport
import Testing

@Suite("Parts on disk") struct PartFolderTests {
  @Test("what was written is read again; equal files are stored once; an old part is replaced")
  func roundTrip() async throws {
    try await withTemporaryDirectory { folder in
      let part = PartFolder(folder.appending("part"))
      _ = try await Samples.write("1/2", ["old"], to: part.path, scratch: folder)
      let manifest = try await Samples.write("2/2", ["one", "two", "one"], to: part.path, scratch: folder)
      #expect(try part.manifest() == manifest)
      try part.verify(manifest)
      let names = try FileManager.default.contentsOfDirectory(atPath: part.path.appending("files").string)
      #expect(names.sorted() == Set(manifest.files.map(\.sha256)).sorted() && names.count == 2)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.string).filter { $0.hasPrefix(".") } == []
      )
    }
  }

  @Test("a folder with something else in it is left alone")
  func foreign() async throws {
    try await withTemporaryDirectory { folder in
      try Data().write(to: URL(fileURLWithPath: folder.appending("part.json").string))
      try Data().write(to: URL(fileURLWithPath: folder.appending("notes.txt").string))
      let error = #expect(throws: PartError.self) { try PartFolder(folder).checkReplaceable() }
      #expect(error?.exitStatus == .folderInUse && error?.description.contains("(notes.txt)") == true)
    }
  }

  @Test("parts inside of a folder are found, and a folder without any is named")
  func find() async throws {
    try await withTemporaryDirectory { folder in
      for name in ["b", "a"] {
        _ = try await Samples.write("1/1", ["x"], to: folder.appending("parts/\(name)"), scratch: folder)
      }
      let found = try PartFolder.find(in: [folder.appending("parts"), folder.appending("parts/b")])
      #expect(found.map(\.path.lastComponent?.string) == ["a", "b", "b"])
      #expect(throws: PartError.notAPart("/nowhere")) { try PartFolder.find(in: ["/nowhere"]) }
    }
  }

  @Test(
    "damage of every kind is named with its file",
    arguments: ["is not there", "bytes instead of", "another SHA-256"]
  )
  func damage(says: String) async throws {
    try await withTemporaryDirectory { folder in
      let part = PartFolder(folder.appending("part"))
      let manifest = try await Samples.write("1/1", ["one", "two"], to: part.path, scratch: folder)
      let victim = URL(fileURLWithPath: part.file(manifest.files[1]).string)
      switch says {
      case "is not there": try FileManager.default.removeItem(at: victim)
      case "bytes instead of": try Data("longer".utf8).write(to: victim)
      default: try Data("tow".utf8).write(to: victim)
      }
      let error = #expect(throws: PartError.self) { try part.verify(manifest) }
      let text = error?.description ?? ""
      #expect(text.contains("x/1.o") && text.contains(says) && text.contains(part.path.string), "\(text)")
    }
  }

  @Test(
    "a manifest that somebody changed or broke",
    arguments: [
      (#"{"schema": 2}"#, "newer llcuda-build (format 2)"), ("{", "is broken"), ("", "is broken"),
      (nil, "plan digest"),
    ] as [(String?, String)]
  )
  func brokenManifest(text: String?, says: String) async throws {
    try await withTemporaryDirectory { folder in
      let part = PartFolder(folder.appending("part"))
      _ = try await Samples.write("1/1", ["one"], to: part.path, scratch: folder)
      let file = part.path.appending("part.json").string
      let changed = try String(contentsOfFile: file, encoding: .utf8).replacing("12.4.131", with: "12.4.99")
      try (text ?? changed).write(toFile: file, atomically: true, encoding: .utf8)
      let error = #expect(throws: PartError.self) { try part.manifest() }
      #expect(error?.description.contains(says) == true, "\(String(describing: error))")
    }
  }

  @Test(
    "names that would leave the folder, and digests that are none",
    arguments: ["../../x", ".hidden", "a/b", ""]
  )
  func unsafeNames(name: String) async throws {
    try await withTemporaryDirectory { folder in
      var file = Samples.object(name)
      file.role = .module
      let manifest = Samples.manifest("core", [file])
      try json(manifest, to: folder)
      #expect(throws: PartError.self) { try PartFolder(folder).manifest() }
      file.name = "libggml.so.0"
      try json(Samples.manifest("core", [file]), to: folder)
      #expect(try PartFolder(folder).manifest().files == [file])
      file.sha256 = "../../../etc/passwd"
      try json(Samples.manifest("core", [file]), to: folder)
      #expect(throws: PartError.self) { try PartFolder(folder).manifest() }
    }
  }

  private func json(_ manifest: PartManifest, to folder: FilePath) throws {
    try JSONEncoder().encode(manifest).write(to: URL(fileURLWithPath: folder.appending("part.json").string))
  }
}
