import Foundation
import ReleaseModel
import Reporting
import Testing

/// Checks `dist/schema/manifest.schema.json` against what is really written.
@Suite struct SchemaTests {
  private static func validate(_ manifest: ReleaseManifest, dropping key: String? = nil) throws
    -> SchemaValidator
  {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../dist/schema/manifest.schema.json").standardized
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
    )
    let text = try render(manifest, as: .json)
    var value = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    if let key { value[key] = nil }
    var validator = SchemaValidator(root: schema)
    validator.check(value, schema, at: "$")
    return validator
  }

  @Test func `A full manifest fits the schema, and the schema has nothing that is never written`() throws {
    let validator = try Self.validate(.sample)
    #expect(validator.problems == [])
    #expect(validator.expected.subtracting(validator.seen) == [])
  }

  @Test func `A manifest of a release without options fits the schema`() throws {
    var manifest = ReleaseManifest.sample
    manifest.upx = nil
    manifest.coverage[0].slice = nil
    manifest.remedies = []
    #expect(try Self.validate(manifest).problems == [])
  }

  @Test func `The schema refuses what is wrong`() throws {
    var manifest = ReleaseManifest.sample
    manifest.layout = .auto
    manifest.artifacts[0].sha256 = "none"
    manifest.artifacts[0].kind = "sdist"
    #expect(try Self.validate(manifest, dropping: "cap").problems.count == 4)
  }
}
