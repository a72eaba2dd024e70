import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@testable import Configuration

@Suite struct ConfigurationReadingTests {
  private static func pyproject(_ text: String) throws -> ConfigurationFile? {
    try ConfigurationFile.parse(text, path: "/project/pyproject.toml")
  }

  @Test(arguments: ["", "[project]\nname = \"x\"", "[tool.ruff]\nline-length = 100", "tool = 1"])
  func `A pyproject without our table configures nothing`(text: String) throws {
    #expect(try Self.pyproject(text) == nil)
  }

  @Test func `pyproject's own metadata fills the gaps`() throws {
    let file = try Self.pyproject(
      """
      [project]
      name = "llcuda"
      version = "1.2"
      description = "from Python"
      license = "MIT"
      authors = [{ name = "First", email = "first@example.org" }, { name = "Second" }]
      urls = { Home = "https://example.org" }
      dependencies = []
      [tool.llcuda-build]
      archs = "75"
      [tool.llcuda-build.project]
      version = "1.2.post1"
      """
    )
    let project = try #require(file?.project)
    #expect(file?.architectures == "75")
    #expect(project.name == "llcuda" && project.version == "1.2.post1" && project.summary == "from Python")
    #expect(
      project.license == "MIT" && project.author == "First" && project.authorEmail == "first@example.org"
    )
    #expect(project.urls == ["Home": "https://example.org"])
  }

  @Test(
    arguments: [
      ("license = { text = \"MIT License\" }", nil), ("license = \"MIT OR Apache-2.0\"", "MIT OR Apache-2.0"),
      ("license = { text = \"BSD-3-Clause\" }", "BSD-3-Clause"), ("license = { file = \"LICENSE\" }", nil),
      ("license = { text = \"Permission is hereby granted,\\nfree of charge\" }", nil), ("license = 3", nil),
    ] as [(String, String?)]
  )
  func `Older forms of metadata are taken where they are clear`(line: String, license: String?) throws {
    let file = try Self.pyproject(
      "[project]\ndynamic = [\"version\"]\n\(line)\n[tool.llcuda-build]\njobs = 1"
    )
    #expect(file?.project.license == license)
    #expect(file != nil && file?.project.version == nil)
  }

  @Test func `Errors name the key's full path in a pyproject`() {
    let error = #expect(throws: ConfigurationError.self) {
      try Self.pyproject("[tool.llcuda-build]\n\n[tool.llcuda-build.project]\nnaem = \"x\"")
    }
    #expect(
      error?.description
        == "'/project/pyproject.toml', line 4: there is no key 'tool.llcuda-build.project.naem'; did you mean 'tool.llcuda-build.project.name'?"
    )
    #expect(throws: ConfigurationError.self) { try Self.pyproject("[tool]\nllcuda-build = 1") }
  }

  @Test func `Our own file goes before pyproject, and a folder may have neither`() async throws {
    try await withTemporaryDirectory { folder in
      func write(_ text: String, to name: String) throws {
        try text.write(toFile: folder.appending(name).string, atomically: true, encoding: .utf8)
      }
      #expect(try ConfigurationFile.find(in: folder) == nil)
      try write("[project]\nname = \"x\"", to: "pyproject.toml")
      #expect(try ConfigurationFile.find(in: folder) == nil)
      try write("[tool.llcuda-build]\nout = \"o\"", to: "pyproject.toml")
      let found = try ConfigurationFile.find(in: folder)
      #expect(found?.outputFolder == folder.appending("o").string)
      #expect(found?.path == folder.appending("pyproject.toml"))
      try write("jobs = 4", to: "llcuda-build.toml")
      #expect(try ConfigurationFile.find(in: folder)?.jobs == 4)
      #expect(try ConfigurationFile.read(folder.appending("llcuda-build.toml"))?.outputFolder == nil)
    }
  }

  @Test func `A version that our own file lacks is that of the same project's pyproject`() async throws {
    try await withTemporaryDirectory { folder in
      let file = folder.appending("llcuda-build.toml")
      func version(_ text: String, beside pyproject: String) throws -> String? {
        try text.write(toFile: file.string, atomically: true, encoding: .utf8)
        try pyproject.write(
          toFile: folder.appending("pyproject.toml").string,
          atomically: true,
          encoding: .utf8
        )
        let found = try ConfigurationFile.find(in: folder)
        #expect(try ConfigurationFile.chosen(file.string, in: folder) == found)
        return found?.project.version
      }
      let ours = "[project]\nname = \"my-llama\""
      let theirs = "[project]\nname = \"My_Llama\"\nversion = \"2.5.1\"\nlicense = \"MIT\""
      let taken = try version(ours, beside: theirs)
      #expect(taken == "2.5.1")
      #expect(try version(ours + "\nversion = \"3\"", beside: theirs) == "3")
      #expect(try version(ours, beside: theirs.replacing("Llama", with: "Other")) == nil)
      #expect(try version(ours, beside: "[project]\nname = \"my-llama\"\ndynamic = [\"version\"]") == nil)
      #expect(try version(ours, beside: "[project") == nil)
      #expect(try version("jobs = 4", beside: theirs) == nil)
    }
  }

  @Test func `A file that can't be read is bad input`() async throws {
    try await withTemporaryDirectory { folder in
      let bad = folder.appending("llcuda-build.toml")
      func expectUnreadable(_ reason: String) {
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile.read(bad) }
        #expect(error == .unreadable(bad.string, reason: reason))
        #expect(error?.exitStatus == .badInput)
      }
      expectUnreadable("No such file or directory")
      try Data([0x61, 0x20, 0x3D, 0x20, 0x22, 0xFF, 0x22]).write(to: URL(filePath: bad.string))
      expectUnreadable("it is not UTF-8 text")
      try Data(repeating: 0x0A, count: 4 * 1024 * 1024 + 1).write(to: URL(filePath: bad.string))
      expectUnreadable("it has more than 4,194,304 bytes")
      try FileManager.default.removeItem(atPath: bad.string)
      try FileManager.default.createDirectory(atPath: bad.string, withIntermediateDirectories: false)
      expectUnreadable("it is a folder")
      // A link to nothing is a mistake, not a missing configuration.
      try FileManager.default.removeItem(atPath: bad.string)
      try FileManager.default.createSymbolicLink(atPath: bad.string, withDestinationPath: "gone.toml")
      #expect(throws: ConfigurationError.self) { try ConfigurationFile.find(in: folder) }
    }
  }
}

@Suite struct SpellingTests {
  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("", "ab", 2), ("archs", "archs", 0), ("arch", "archs", 1),
    ("layuot", "layout", 1),
    ("kitten", "sitting", 3),
  ])
  func distance(left: String, right: String, edits: Int) {
    #expect(Spelling.distance(left, right) == edits)
    #expect(Spelling.distance(right, left) == edits)
  }

  @Test func `Nothing is suggested when nothing is near`() {
    #expect(Spelling.nearest(to: "frobnicate", in: ["archs", "layout"]) == nil)
    #expect(Spelling.nearest(to: "job", in: ["jobs", "out"]) == "jobs")
  }
}
