import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Packaging

@Suite("WheelWriter")
struct WheelWriterTests {
  @Test("PyPI's rules find nothing", .enabled(if: PythonTools.python != nil, PythonTools.absence))
  func rules() async throws {
    try await withTemporaryDirectory { folder in
      let first = try await sampleWriter.write(sampleWheel(in: folder), into: folder)
      let second = try await sampleWriter.write(pureWheel(), into: folder)
      #expect(first.file == "llcuda_sample_kit-1.2.0-py3-none-manylinux_2_35_x86_64.whl")
      #expect(second.file == "llcuda_meta-1!2.0rc1.post3.dev4-py3-none-any.whl")
      let paths = [first, second].map { folder.appending($0.file) }
      #expect(try await PythonTools.check(paths) == "")
      #expect(first.sha256 == (try SHA256Digest.ofFile(at: paths[0])))
      #expect(Int(first.byteCount) == (try bytes(of: paths[0]).count))
    }
  }

  @Test(
    "the rules would find something: what Python's zipfile or a careless hand makes of the same wheel",
    .enabled(if: PythonTools.python != nil, PythonTools.absence),
    arguments: [
      ("data + b'x'", "trailing data"),
      ("b'x' + data", "unknown record"),
      ("data[:-1]", "unknown record"),
      (
        "repack(data, drop='cli.py')",
        "RECORD and archive differ"
      ),
      ("repack(data, change='cli.py')", "RECORD is wrong about"),
      ("repack(data, stream=True)", "data descriptor"),
      ("repack(data, again='cli.py')", "twice"),
      ("repack(data, drop='METADATA')", "no METADATA"),
      ("repack(data, drop='LICENSE')", "License-File"),
    ]
  )
  func rulesCanFail(expression: String, finding: String) async throws {
    try await withTemporaryDirectory { folder in
      let written = try await sampleWriter.write(sampleWheel(in: folder), into: folder)
      let program = """
        import io, sys, warnings, zipfile
        warnings.simplefilter("ignore")
        class Stream(io.RawIOBase):
            def __init__(self): self.data = b""
            def writable(self): return True
            def write(self, data): self.data += bytes(data); return len(data)
        def repack(data, drop=None, change=None, again=None, stream=False):
            out = Stream() if stream else io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new, zipfile.ZipFile(io.BytesIO(data)) as old:
                for i in old.infolist():
                    if drop and i.filename.endswith(drop): continue
                    content = old.read(i)
                    if change and i.filename.endswith(change): content += b"#"
                    new.writestr(i, content)
                    if again and i.filename.endswith(again): new.writestr(i, content)
            return out.data if stream else out.getvalue()
        data = open(sys.argv[1], "rb").read()
        open(sys.argv[1], "wb").write(\(expression))
        """
      let path = folder.appending(written.file)
      _ = try await PythonTools.run(#require(PythonTools.python), ["-I", "-c", program, path.string])
      #expect(try await PythonTools.check([path]).contains(finding))
    }
  }

  @Test(
    "pip and uv install it, with execute bits, and its console script runs",
    .enabled(if: PythonTools.has("python", "uv"), PythonTools.absence)
  )
  func installs() async throws {
    try await withTemporaryDirectory { folder in
      let written = try await sampleWriter.write(sampleWheel(in: folder), into: folder)
      let wheel = folder.appending(written.file).string
      var digests: [String] = []
      for installer in ["pip", "uv"] {
        let venv = folder.appending(installer)
        let python = venv.appending("bin/python")
        if installer == "pip" {
          _ = try await PythonTools.run("python", ["-m", "venv", venv.string])
          let options = ["--no-index", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
          _ = try await PythonTools.run(python, ["-m", "pip", "install"] + options + [wheel])
          _ = try await PythonTools.run(python, ["-m", "pip", "check"])
        } else {
          let tool = try #require(PythonTools.tool("python")).string
          _ = try await PythonTools.run("uv", ["venv", "--offline", "--python", tool, venv.string])
          let options = ["--offline", "--no-index", "--no-deps", "--no-cache", "--python", python.string]
          _ = try await PythonTools.run("uv", ["pip", "install"] + options + [wheel])
        }
        let hello = try await PythonTools.run(venv.appending("bin/sample-tool"), ["one"])
        #expect(hello == "hello from the sample one\n")
        let program = """
          import hashlib, importlib.metadata as m, os, subprocess, sys
          d = m.distribution("llcuda-sample-kit")
          assert d.version == "1.2.0" and d.metadata["Summary"] == 'A sample, with ünïcode and 100% of "quotes"', d.metadata
          assert d.metadata["Author"] == "Jürgen Example", d.metadata["Author"]
          mine = [f for f in d.files if str(f).startswith("llcuda_sample/") and not str(f).endswith(".pyc")]
          for f in sorted(mine, key=str):
              path = f.locate()
              print(f, hashlib.sha256(open(path, "rb").read()).hexdigest(), os.access(path, os.X_OK))
          subprocess.run([d.locate_file("llcuda_sample/bin/tool")], check=True)
          """
        digests.append(try await PythonTools.run(python, ["-I", "-c", program]))
      }
      #expect(digests[0] == digests[1])
      let lines = digests[0].split(separator: "\n")
      #expect(lines.count == 6)
      #expect(
        lines.filter { $0.hasSuffix("True") }.map { $0.prefix { $0 != " " } } == ["llcuda_sample/bin/tool"]
      )
    }
  }

  @Test("twine and packaging agree", .enabled(if: PythonTools.has("python", "twine"), PythonTools.absence))
  func twineAndPackaging() async throws {
    try await withTemporaryDirectory { folder in
      var paths: [String] = []
      for wheel in [try sampleWheel(in: folder), try pureWheel()] {
        paths.append(folder.appending(try await sampleWriter.write(wheel, into: folder).file).string)
      }
      // Strict: a warning, such as a missing description, is a failure; so the second wheel is left out.
      let said = try await PythonTools.run("twine", ["check", "--strict", paths[0]])
      #expect(said.contains("PASSED"))
      let program = """
        import sys, zipfile
        from packaging.metadata import Metadata
        from packaging.utils import parse_wheel_filename
        for path in sys.argv[1:]:
            name, version, build, tags = parse_wheel_filename(path.rsplit("/")[-1])
            with zipfile.ZipFile(path) as archive:
                [member] = [n for n in archive.namelist() if n.endswith("/METADATA")]
                metadata = Metadata.from_email(archive.read(member), validate=True)
            assert metadata.version == version and not build, metadata.version
            print(name, version, *tags, *(metadata.license_files or []), metadata.license_expression)
        """
      let parsed = try await PythonTools.run("python", ["-c", program] + paths).split(separator: "\n")
      #expect(
        parsed == [
          "llcuda-sample-kit 1.2.0 py3-none-manylinux_2_35_x86_64 LICENSE vendor/llama.cpp/LICENSE MIT AND Apache-2.0",
          "llcuda-meta 1!2.0rc1.post3.dev4 py3-none-any None",
        ]
      )
    }
  }

  @Test(
    "the same wheel has the same bytes, whatever the order of its files and the number of workers",
    arguments: [1, 2, 5]
  )
  func sameBytes(workers: Int) async throws {
    try await withTemporaryDirectory { folder in
      var wheel = try sampleWheel(in: folder)
      let first = try await sampleWriter.write(wheel, into: folder).sha256
      wheel.files.reverse()
      var writer = sampleWriter
      writer.zip.workers = workers
      #expect(try await writer.write(wheel, into: folder).sha256 == first)
      writer = WheelWriter(generator: "llcuda-build test", timestamp: 1_700_000_002)
      #expect(try await writer.write(wheel, into: folder).sha256 != first)
    }
  }

  @Test("what installers or PyPI would refuse is refused, and no file is left")
  func refused() async throws {
    try await withTemporaryDirectory { folder in
      let output = folder.appending("out")
      try FileManager.default.createDirectory(atPath: output.string, withIntermediateDirectories: false)
      let good = try sampleWheel(in: folder)
      var wheels: [Wheel] = []
      func add(_ change: (inout Wheel) throws -> Void) rethrows {
        var wheel = good
        try change(&wheel)
        wheels.append(wheel)
      }
      let info = "llcuda_sample_kit-1.2.0.dist-info"
      add { $0.files.append(.init(name: "\(info)/METADATA", content: .bytes([]))) }
      add { $0.files.append(.init(name: "\(info.uppercased())/other", content: .bytes([]))) }
      add { $0.files.append(.init(name: info, content: .bytes([]))) }
      add { $0.files.append($0.files[0]) }
      add { $0.files.append(.init(name: "../x", content: .bytes([]))) }
      add { $0.licenses.append(("LICENSE", .bytes([]))) }
      add { $0.licenses.append(("../../LICENSE", .bytes([]))) }
      for (name, target) in [
        ("../evil", "a:b"), ("a b", "a:b"), ("..", "a:b"), ("", "a:b"), ("a", "a:b\nc = d:e"), ("a", "a"),
        ("a=b", "a:b"),
        ("a", "a:b [x]"), ("é", "a:b"),
      ] {
        add { $0.consoleScripts = [name: target] }
      }
      try add { $0.metadata.name = try ProjectName(String(repeating: "long", count: 60)) }
      // 65 MiB of nothing, as a library with holes would have.
      let holes = folder.appending("holes")
      try Data([1]).write(to: URL(fileURLWithPath: holes.string))
      try #require(truncate(holes.string, 65 << 20) == 0)
      add { $0.files = [.init(name: "holes.so", content: .file(holes))] }
      for wheel in wheels {
        do {
          _ = try await sampleWriter.write(wheel, into: output)
          Issue.record(
            "written: \(wheel.fileName) with \(wheel.files.last?.name ?? "") \(wheel.consoleScripts)"
          )
        } catch {
          #expect(error is PackagingError || error is ArchiveError)
        }
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: output.string)
      #expect(left == [])
    }
  }

  @Test("the ratio rule has PyPI's two limits")
  func ratio() throws {
    func archive(_ bytes: Int64, _ installed: Int64) -> WrittenArchive {
      WrittenArchive(file: "x.whl", byteCount: bytes, installedByteCount: installed, sha256: .of([]))
    }
    try WheelWriter.checkRatio(of: archive(1, 64 << 20))
    try WheelWriter.checkRatio(of: archive(2 << 20, 100 << 20))
    #expect(throws: PackagingError.self) { try WheelWriter.checkRatio(of: archive(2 << 20, (100 << 20) + 1)) }
    #expect(throws: PackagingError.self) { try WheelWriter.checkRatio(of: archive(1 << 20, (64 << 20) + 1)) }
  }

  @Test(
    "RECORD's fields are quoted by bytes",
    arguments: [
      ("plain", "plain"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a,\u{301}b", "\"a,\u{301}b\""),
      ("a'b", "a'b"),
    ]
  )
  func quoting(field: String, quoted: String) {
    #expect(Array(WheelWriter.quoted(field).unicodeScalars) == Array(quoted.unicodeScalars))
  }
}
