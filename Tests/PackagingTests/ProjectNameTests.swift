import Foundation
import Packaging
import ReleaseModel
import TestSupport
import Testing

@Suite("ProjectName and ProjectVersion")
struct ProjectNameTests {
  static let names = [
    "llcuda", "LLCuda", "a", "0", "a.b_c--d", "llcuda-cu12-sm75", "", "-a", "a-", "a b", "a+b", "é",
    "a\u{301}", "a/b", ".",
    "a\n", "A__B", "x..y",
  ]
  static let versions = [
    "1", "1.0", "1.2.0", "01.002", "v1.0", "V1.0", "1.0a1", "1.0.alpha.1", "1.0-beta_2", "1.0c1", "1.0-RC1",
    "1.0rc",
    "1.0preview3", "1.0.pre", "1.0.post1", "1.0-1", "1.0.post", "1.0-r4", "1.0rev05", "1.0.dev", "1.0.dev3",
    "1.0a2.post3.dev4", "1!2.0", "0!1", "1.0-01", "99999999999999999999999.1", "1.0a99999999999999999999999",
    "20261123.0000000000000000000000007", "", "a", "1..0", "1.", ".1", "1.0x", "1.0-", "1.0a1b1",
    "1.0.post1.post2",
    "!1", "1.0 .1", "\u{661}.\u{662}", "1.\u{FF11}", "1.0.dev\u{661}", "1.0.Dev1", "1.0_post_1", "1.0--1",
    "1.0.0.0.0.1", "1.0.*",
    "1.0.rc.post", "1.0post2", "1.0dev", "1.0r",
  ]

  @Test(
    "every name and version is judged and written as the packaging module does it",
    .enabled(if: PythonTools.has("python"), PythonTools.absence)
  )
  func agreement() async throws {
    let program = """
      import json, sys
      from packaging.utils import canonicalize_name, InvalidName
      from packaging.version import Version, InvalidVersion
      def name(text):
          try: return canonicalize_name(text, validate=True)
          except InvalidName: return None
      def version(text):
          try: return str(Version(text))
          except InvalidVersion: return None
      names, versions = json.loads(sys.argv[1])
      print(json.dumps([[name(n) for n in names], [version(v) for v in versions]]))
      """
    let question = String(decoding: try JSONEncoder().encode([Self.names, Self.versions]), as: UTF8.self)
    let answer = try await PythonTools.run("python", ["-c", program, question])
    let judged = try JSONDecoder().decode([[String?]].self, from: Data(answer.utf8))
    try #require(judged.map(\.count) == [Self.names.count, Self.versions.count])
    for (name, expected) in zip(Self.names, judged[0]) {
      #expect((try? ProjectName(name))?.normalized == expected, "\(name.debugDescription)")
    }
    for (version, expected) in zip(Self.versions, judged[1]) {
      #expect((try? ProjectVersion(version))?.text == expected, "\(version.debugDescription)")
    }
  }

  @Test("the form in file names", arguments: [("LLCuda", "llcuda"), ("a.b_c--d", "a_b_c_d"), ("x-y", "x_y")])
  func fileName(name: String, expected: String) throws {
    #expect(try ProjectName(name).fileName == expected)
  }

  @Test("a local part is refused with the way out", arguments: ["1.0+cu12", "1.0+", "+"])
  func local(text: String) {
    #expect(throws: PackagingError.localVersion(text)) { try ProjectVersion(text) }
    #expect(PackagingError.localVersion(text).description.contains("leave out '+"))
    #expect(PackagingError.localVersion(text).exitStatus == .usage)
  }
}
