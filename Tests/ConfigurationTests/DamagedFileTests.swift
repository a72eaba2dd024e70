import Foundation
import SystemPackage
import Testing

@testable import Configuration

/// Broken TOML.
///
/// The parser's own assertions end the program on some of it, so that must not reach the parser.
@Suite struct DamagedFileTests {
  private static func parse(_ text: String) throws(ConfigurationError) -> ConfigurationFile? {
    try ConfigurationFile.parse(text, path: "/project/llcuda-build.toml")
  }

  @Test(arguments: [
    ("[!x]", "line 1: not valid TOML: '[!x]' is no table's header; write [name]"),
    ("[\n", "'[' is no table's header"), ("[=]\r\n", "'[=]' is no table's header"),
    ("jobs = 1\r\n\r\n[[ #", "line 3: not valid TOML: '[[ #' is no table's header"),
    ("[[[a]]]", "'[[[a]]]' is no table's header"), ("[é]", "'[é]' is no table's header"),
    ("b = [1,\n[2],\n[\n3]]\n[,]", "line 5: not valid TOML: '[,]' is no table's header"),
    ("archs = [75, }", "line 1: not valid TOML: a closing bracket is not the one that was opened"),
    ("archs = [\n75,\n}\n]", "line 3: not valid TOML: a closing bracket"),
    ("a = {b = 1]", "a closing bracket"),
    ("archs = 75]", "a closing bracket"),
    ("archs = [\u{2028}75]", "line 1: not valid TOML: a letter or blank beyond ASCII"),
    ("archs = [\u{0B}]", "beyond"),
    // The first mistake is the one that is told.
    ("a = \n[!x]", "line 1: not valid TOML"),
  ])
  func brokenHeader(text: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) { try Self.parse(text) }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  @Test(arguments: ["[", "[ ", "[[", "[a", "[[a]", "[]", "[a.]", "[\"", "\u{FEFF}[", "a", "a=", "'", "\"\\"])
  func `A file that ends too early is refused`(text: String) {
    #expect(throws: ConfigurationError.self) { try Self.parse(text) }
  }

  @Test func `Nested arrays and long strings are no headers`() throws {
    let text = "slices = [\n[\n75, 80],\n[ # comment ]\n86\n],\n]\n[ project ]\nname = \"[!x]\""
    #expect(try Self.parse(text)?.slices == ["75,80", "86"])
    let odd = #"""
      [project]
      summary = """
      [!x]
      \"""x""""
      name = '''
      [!]'''
      author = '["'
      license = "\\"
      """#
    let project = try Self.parse(odd)?.project
    #expect(project?.summary == "[!x]\n\"\"\"x\"")
    #expect(project?.name == "[!]" && project?.author == "[\"" && project?.license == "\\")
  }

  @Test func `A byte order mark is no reason to refuse a file`() throws {
    #expect(try Self.parse("\u{FEFF}jobs = 2")?.jobs == 2)
  }

  @Test(arguments: UInt64(1)...60)
  func `Random damage is refused or read, and never ends the program`(seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    let pieces = [
      "[", "]", "[[", "]]", "{", "}", "\"", "'", "\"\"\"", "'''", "\\", "\n", "\r\n", "\r", "=", ",", ".",
      "#",
      " ", "\t", "-", "+", "_", "a", "jobs", "1", "0x", "1e5", "true", "nan", "1979-05-27", "07:32:00",
      "\u{FEFF}",
      "é", "\u{2028}", "\u{0B}", "\u{0C}", "\u{85}", "\u{A0}", "\u{7F}", "\\u0000", "\\ud800", "[project]",
      "archs = 75\n", "[tool.x]\n", "[[a]]\n", "a.b = 1\n", "99999999999999999999", "0b2",
    ]
    for _ in 0..<(Int(ProcessInfo.processInfo.environment["LLCUDA_FUZZ"] ?? "") ?? 50) {
      var text = Array((Bool.random(using: &generator) ? ConfigurationFileTests.full : "").unicodeScalars)
      for _ in 0..<Int.random(in: 1...12, using: &generator) {
        let at = Int.random(in: 0...text.count, using: &generator)
        if Bool.random(using: &generator), at < text.count { text.remove(at: at) }
        text.insert(contentsOf: (pieces.randomElement(using: &generator) ?? "").unicodeScalars, at: at)
      }
      var damaged = String.UnicodeScalarView()
      damaged.append(contentsOf: text)
      do throws(ConfigurationError) {
        _ = try Self.parse(String(damaged))
      } catch {
        #expect(!error.description.contains("\u{0}"))
      }
    }
  }
}

/// Random numbers that are the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
