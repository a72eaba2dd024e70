import Foundation
import Reporting
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// Second opinions: the libraries that PyPI itself uses, and tools that people trust.
@Suite("Oracles", .enabled(if: Oracles.isReady, Oracles.absence))
struct OracleTests {
  /// Asks Python about each line of input; gives a line of `True` or `False` for each.
  private func ask(_ program: String, _ lines: [String]) async throws -> [Bool] {
    let input = try JSONEncoder().encode(lines)
    let whole = """
      import json, sys
      \(program)
      for line in json.loads(sys.argv[1]):
          try: print(bool(judge(line)))
          except Exception: print(False)
      """
    let said = try await Oracles.run("python", ["-c", whole, String(decoding: input, as: UTF8.self)])
    return said.split(separator: "\n").map { $0 == "True" }
  }

  private func agree(_ program: String, _ lines: [String], _ ours: (String) -> Bool) async throws {
    let theirs = try await ask(program, lines)
    try #require(theirs.count == lines.count)
    for (line, their) in zip(lines, theirs) { #expect(ours(line) == their, "'\(line)'") }
  }

  @Test func `Versions and ranges`() async throws {
    let versions = [
      "1", "1.0", "v1.0", "1.0rc1", "1.0-1", "1.0.post1", "1.0.dev", "1!2.0", "1.0+cu12", "1.0+cu12.1", "1.0+", "", "x",
      "1.x", "1..0", "1.0a", "1.0alpha2", "2024.09.01", "1.0+é", "1 .0", "1.0.", "01.02", "1.0+CU_12",
    ]
    try await agree("from packaging.version import Version\ndef judge(t): Version(t); return True", versions) {
      VersionText($0) != nil
    }
    let ranges = [
      ">=3.9", ">=3.9,<4", "==1.*", "==1.0+cu12", ">=1.0+cu12", "~=1.4", "~=1", "===x y", "===weird", "<", "3.9", ">3.9.*",
      "!=1.2.*", ">=3.9;", "", ">= 3.9 , < 4", "==1.0.dev1.*", "=>3", "~=1.4.5a4",
    ]
    try await agree(
      "from packaging.specifiers import SpecifierSet\ndef judge(t): SpecifierSet(t); return True",
      ranges
    ) { VersionRange.isValid($0) }
    let pairs = ["1.0 1.0.0", "1.0 1", "1.0rc1 1.0.0rc1", "1.0 1.0.1", "1.10 1.1", "1!1.0 1.0", "1.0.post1 1.0-1", "1.00 1.0", "10 1"]
    try await agree(
      "from packaging.version import Version\ndef judge(t): a, b = t.split(); return Version(a) == Version(b)",
      pairs
    ) { pair in
      let two = pair.split(separator: " ").map { VersionText($0) }
      return two[0] == two[1]
    }
  }

  @Test func `Requirements`() async throws {
    let lines = [
      "a", "a>=1", "a >= 1, < 2", "a[x]", "a[x,y]>=1", "a[]", "a[x", "a[x,]", "a (>=1)", "a;python_version>'3'",
      "a ; extra == 'x'", "a ; python_version > '3' and (os_name == 'nt' or sys_platform == 'linux')", "a ; foo == 'x'",
      "a ; 'x' == 'y'", "a ;", "a @ https://example.com/a.whl", "a @ https://example.com/a;b ; extra == 'x'", "-a", "a-",
      "a b", "a>=", "a=1", "a ; python_version in '3.9 3.10'", "a ; python_version not in '3'", "a; (python_version>'3'",
      "a ; \"3\" < python_version", "a==1.*", "a~=1.0", "a!=1", "A.b_c-d", "",
    ]
    try await agree("from packaging.requirements import Requirement\ndef judge(t): Requirement(t); return True", lines) {
      Requirement($0) != nil
    }
  }

  @Test func `File names of wheels`() async throws {
    let names = [
      "a-1-py3-none-any.whl", "a-1-1-py3-none-any.whl", "a-1-1x-py3-none-any.whl", "a-1-x-py3-none-any.whl",
      "a-1-py2.py3-none-any.whl", "a__b-1-py3-none-any.whl", "a-b-1-py3-none-any.whl", "a-1-py3-none.whl", "a-1-py3-none-.whl",
      "a-x-py3-none-any.whl", "a-1+cu12-py3-none-any.whl", "a.b-1-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
      "é-1-py3-none-any.whl", "a b-1-py3-none-any.whl", "a-1-3-none-any.whl", "a-1-py3-none-any.zip", "-1-py3-none-any.whl",
      "a-1-py3-none-any-sm75.whl", "a-1-py3..py2-none-any.whl",
    ]
    try await agree(
      "from packaging.utils import parse_wheel_filename\ndef judge(t): parse_wheel_filename(t); return True",
      names
    ) { WheelFileName.parse($0).name != nil }
  }

  @Test func `License expressions`() async throws {
    let lines = [
      "MIT", "mit", "MIT AND Apache-2.0", "MIT or Apache-2.0", "(MIT)", "(MIT AND (ISC OR 0BSD))", "MIT License", "MIT AND",
      "GPL-3.0-or-later WITH GCC-exception-3.1", "Apache-2.0 WITH LLVM-exception", "LicenseRef-Proprietary", "MIT WITH", "()",
      "MIT)", "Apache-2.0+", "MTI", "MIT/Apache-2.0", "", "LicenseRef-a b",
    ]
    try await agree(
      "from packaging.licenses import canonicalize_license_expression\ndef judge(t): canonicalize_license_expression(t); return True",
      lines
    ) {
      let (isValid, unknown) = LicenseExpression.check($0)
      return isValid && unknown.isEmpty
    }
  }

  @Test func `Classifiers are those of the pinned release`() async throws {
    let program = """
      import trove_classifiers as t
      def digest(text):
          value = 0x811C9DC5
          for byte in text.encode(): value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
          return value
      print("".join("%08x" % d for d in sorted(map(digest, t.classifiers))))
      print("\\n".join(sorted(t.deprecated_classifiers)))
      """
    let lines = try await Oracles.run("python", ["-c", program]).split(separator: "\n").map(String.init)
    let ours = Classifiers.table.split(separator: "\n").joined()
    #expect(ours == lines[0], "put this into Classifiers.table")
    #expect(Classifiers.deprecated == Set(lines.dropFirst()))
  }

  @Test func `Fields of metadata`() async throws {
    try await withTemporaryDirectory { folder in
      // Each change of one field, judged by packaging's own validation.
      let changes = [
        "", "Name: a b", "Version: x", "Summary: one\\ntwo", "Requires-Dist: a >=", "Requires-Python: 3+", "Provides-Extra: A_B",
        "Dynamic: Version", "Dynamic: Summary", "License-Expression: MIT License", "Metadata-Version: 2.9",
        "Description-Content-Type: text/html", "Description-Content-Type: text/markdown; charset=latin-1", "Obsolete: x",
      ]
      let program = """
        from packaging.metadata import Metadata
        base = {"Metadata-Version": "2.4", "Name": "sample", "Version": "1.0"}
        def judge(change):
            fields = dict(base)
            if change:
                name, value = change.split(": ", 1)
                fields[name] = value.replace("\\\\n", "\\n ")
            text = "".join(f"{n}: {v}\\n" for n, v in fields.items())
            Metadata.from_email(text.encode(), validate=True)
            return True
        """
      try await agree(program, changes) { change in
        var fields = ["Metadata-Version": "2.4", "Name": "sample", "Version": "1.0"]
        let parts = change.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { fields[String(parts[0])] = parts[1].trimmed.replacing("\\n", with: "\n ") }
        let text = fields.map { "\($0.key): \($0.value)\n" }.joined()
        let findings = MetadataCheck(MetadataFile(text), in: "x", at: "METADATA").findings
        return !findings.contains { $0.rule.severity.fails }
      }
    }
  }

  @Test func `Tools that people trust find nothing wrong with a good wheel`() async throws {
    try await withTemporaryDirectory { folder in
      let library = try await Libraries.make(in: folder)
      let path = try WheelDraft(library: library).write(into: folder)
      #expect(try await Verifier().verify([path]).findings.isEmpty)
      #expect(try await Oracles.run("twine", ["check", "--strict", path.string]).contains("PASSED"))
      #expect(try await Oracles.run("check-wheel-contents", [path.string]).contains("OK"))
      let program = """
        import sys
        from installer.sources import WheelFile
        with WheelFile.open(sys.argv[1]) as source: source.validate_record(validate_contents=True)
        """
      _ = try await Oracles.run("python", ["-c", program, path.string])
      let audit = try await Oracles.run("auditwheel", ["show", path.string])
      #expect(audit.contains("manylinux_2_") && !audit.contains("not consistent"), "\(audit)")
    }
  }

  @Test func `The JSON is what its schema says`() async throws {
    try await withTemporaryDirectory { folder in
      let schema = Oracles.repository.appending("dist/schema/verification.schema.json").string
      var drafts = [WheelDraft(), WheelDraft(), WheelDraft()]
      drafts[1].replace("Version")
      drafts[2].files.append(("../evil\u{1}.py", [1]))
      for (index, draft) in drafts.enumerated() {
        let path = try draft.write(into: folder)
        let report = try await Verifier().verify([path])
        #expect(report.failures.isEmpty == (index == 0))
        let file = folder.appending("report.json").string
        try render(report, as: .json).write(toFile: file, atomically: true, encoding: .utf8)
        _ = try await Oracles.run("check-jsonschema", ["--schemafile", schema, file])
      }
    }
  }
}

/// The Python tools that `ci/setup` installs.
enum Oracles {
  static let repository = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
  static let folder: FilePath = {
    let given = ProcessInfo.processInfo.environment["LLCUDA_TOOLS"] ?? ""
    if !given.isEmpty { return FilePath(given) }
    if let found = CUDAToolkitForTests.onPath("check-wheel-contents") { return found.removingLastComponent() }
    return FilePath(NSHomeDirectory()).appending(".cache/llcuda-build/venv/bin")
  }()
  static let isReady = ["python", "twine", "check-wheel-contents", "auditwheel", "check-jsonschema"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: folder.appending($0).string)
  }
  static let absence: Comment = "needs the Python tools; run ci/setup or set LLCUDA_TOOLS to a venv's bin folder"

  /// Runs a tool and fails the test when it fails.
  static func run(_ name: String, _ arguments: [String]) async throws -> String {
    let environment = ["PYTHONPATH": String?.none, "NO_COLOR": "1", "COLUMNS": "200"]
    let result = try await runTool(folder.appending(name), arguments, environment: environment)
    try #require(result.isSuccess, "\(name) \(arguments): \(result.stdout)\(result.stderr)")
    return result.stdout
  }
}
