import Foundation
import Packaging
import Testing

@Suite("CoreMetadata")
struct CoreMetadataTests {
  private func metadata(_ change: (inout CoreMetadata) -> Void) throws -> CoreMetadata {
    var metadata = CoreMetadata(name: try ProjectName("x"), version: try ProjectVersion("1"))
    change(&metadata)
    return metadata
  }

  @Test("fields stand in their order, empty ones are left out, the description follows a blank line")
  func text() throws {
    let text = try metadata {
      $0.summary = "S"
      $0.urls = ["b": "https://b.example", "a": "http://a.example/x"]
      $0.keywords = ["k", "l"]
      $0.extras = ["sm75"]
      $0.requirements = ["y==1 ; extra == 'sm75'"]
      $0.description = "Line: one\n\nLine two\n"
    }.text()
    #expect(
      text == """
        Metadata-Version: 2.4
        Name: x
        Version: 1
        Summary: S
        Project-URL: a, http://a.example/x
        Project-URL: b, https://b.example
        Keywords: k,l
        Provides-Extra: sm75
        Requires-Dist: y==1 ; extra == 'sm75'
        Description-Content-Type: text/markdown

        Line: one

        Line two

        """
    )
  }

  @Test(
    "no value can start another field",
    arguments: [
      "a\nLicense: stolen", "a\r\nb", "a\rb", "a\u{0}b", "a\u{2028}b", "a\u{85}b", "a\u{B}b", "a\u{C}b",
      "a\u{1C}b", "a\u{1E}b",
      "a\tb", "\n\nbody",
    ]
  )
  func injection(value: String) throws {
    let changes: [(inout CoreMetadata) -> Void] = [
      { $0.summary = value }, { $0.author = value }, { $0.authorEmail = "a@b.c" + value },
      { $0.license = value },
      { $0.licenseFiles = [value] }, { $0.urls = [value: "https://x.example"] },
      { $0.urls = ["x": "https://x" + value] },
      { $0.keywords = [value] }, { $0.classifiers = [value] }, { $0.requiresPython = value },
      { $0.requirements = [value] },
      { $0.extras = [value] },
    ]
    for (index, change) in changes.enumerated() {
      #expect(throws: PackagingError.self, "field \(index)") { try metadata(change).text() }
    }
  }

  @Test("lengths are counted as Python counts them")
  func lengths() throws {
    // One character for a reader, two for PyPI.
    let accent = "e\u{301}"
    _ = try metadata { $0.summary = String(repeating: accent, count: 256) }.text()
    _ = try metadata { $0.urls = [String(repeating: accent, count: 16): "https://x.example"] }.text()
    #expect(throws: PackagingError.self) {
      try metadata { $0.summary = String(repeating: accent, count: 256) + "x" }.text()
    }
    #expect(throws: PackagingError.self) {
      try metadata { $0.urls = [String(repeating: accent, count: 16) + "x": "https://x.example"] }.text()
    }
  }

  @Test("what PyPI refuses is refused by field")
  func refused() throws {
    let changes: [(inout CoreMetadata) -> Void] = [
      { $0.authorEmail = "nobody" }, { $0.authorEmail = "a@b" }, { $0.urls = ["x": "ftp://x.example"] },
      { $0.urls = ["x": "example.com"] }, { $0.urls = ["x": "https:///path"] },
      { $0.urls = ["": "https://x.example"] },
      { $0.urls = ["a,b": "https://x.example"] }, { $0.keywords = ["a,b"] }, { $0.extras = ["SM_75"] },
      { $0.requirements = ["x @ https://x.example/x.whl"] },
    ]
    for (index, change) in changes.enumerated() {
      #expect(throws: PackagingError.self, "field \(index)") { try metadata(change).text() }
    }
  }
}
