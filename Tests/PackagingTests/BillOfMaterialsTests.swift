import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Packaging

@Suite("BillOfMaterials")
struct BillOfMaterialsTests {
  private static func sample(_ digest: String, origin: String) throws -> BillOfMaterials {
    BillOfMaterials(
      project: try ProjectName("LLcuda.Core"),
      version: try ProjectVersion("1.2.0"),
      license: "MIT",
      components: [
        .init(
          name: "llama.cpp", version: "0.5.0", license: "MIT", digest: digest, origin: origin,
          parts: [
            .init(name: "cpp-httplib", version: "0.58.0", license: "MIT"),
            .init(name: "miniaudio", version: "0.11.25", license: "Unlicense OR MIT-0"),
          ]
        )
      ],
      tools: [("llcuda-build", "0.1.0"), ("nvcc", "12.4.131")]
    )
  }

  @Test(
    "the CycloneDX library reads it, finds nothing wrong, and reaches every component",
    .enabled(if: PythonTools.has("python", "check-jsonschema"), PythonTools.absence),
    arguments: [
      ("sha256:\(String(repeating: "ab", count: 32))", "llama-cpp-python 0.3.36 (sdist)", "pkg:generic/llama.cpp@0.5.0"),
      ("git:\(String(repeating: "c", count: 40))", "https://github.com/ggml-org/llama.cpp@b6000", "pkg:github/ggml-org/llama.cpp"),
      ("tree:\(String(repeating: "d", count: 64))", "folder llama.cpp", "pkg:generic/llama.cpp@0.5.0"),
    ]
  )
  func valid(digest: String, origin: String, purl: String) async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("bom.json")
      try Self.sample(digest, origin: origin).text().write(toFile: path.string, atomically: true, encoding: .utf8)
      let program = """
        import json, sys
        from cyclonedx.model.bom import Bom
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
        text = open(sys.argv[1]).read()
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        assert error is None, error
        bom = Bom.from_json(json.loads(text))
        bom.validate()
        reached, queue = set(), [bom.metadata.component.bom_ref]
        edges = {d.ref: [x.ref for x in d.dependencies] for d in bom.dependencies}
        while queue:
            for ref in edges.get(queue.pop(), []):
                reached.add(ref); queue.append(ref)
        assert reached == {c.bom_ref for c in bom.components}, reached
        assert all(c.purl and c.version for c in bom.components)
        print(bom.metadata.component.purl, sorted(c.name for c in bom.components), min(str(c.purl) for c in bom.components if c.name == "llama.cpp"))
        """
      let said = try await PythonTools.run("python", ["-c", program, path.string])
      #expect(said.hasPrefix("pkg:pypi/llcuda-core@1.2.0 ['cpp-httplib', 'llama.cpp', 'miniaudio'] \(purl)"), "\(said)")
    }
  }

  @Test("the same content gives the same bytes, other content another serial number")
  func deterministic() throws {
    let first = try Self.sample("sha256:00", origin: "x").text()
    #expect(try Self.sample("sha256:00", origin: "x").text() == first)
    func serial(_ text: String) -> Substring? { text.firstMatch(of: #/urn:uuid:([0-9a-f-]{36})/#)?.1 }
    let second = try Self.sample("sha256:01", origin: "x").text()
    #expect(serial(first) != nil && serial(first) != serial(second))
  }
}
