import Archives
import Foundation
import Packaging
import SystemPackage

/// A wheel with everything that a real one has, around a real executable of this machine.
func sampleWheel(in folder: FilePath, version: String = "1.2.0") throws -> Wheel {
  var metadata = CoreMetadata(
    name: try ProjectName("LLcuda_Sample.Kit"),
    version: try ProjectVersion(version)
  )
  metadata.summary = "A sample, with ünïcode and 100% of \"quotes\""
  metadata.author = "Jürgen Example"
  metadata.authorEmail = "Jane Doe <jane@example.com>"
  metadata.license = "MIT AND Apache-2.0"
  metadata.urls = ["Home": "https://example.com/x?a=b", "Changes": "https://example.com/changes"]
  metadata.keywords = ["cuda", "llama.cpp"]
  metadata.classifiers = ["Operating System :: POSIX :: Linux", "Programming Language :: Python :: 3"]
  metadata.requiresPython = ">=3.9"
  metadata.requirements = ["llcuda-sample-core==\(version) ; extra == 'sm75'"]
  metadata.extras = ["sm75", "all-of-it"]
  metadata.description = "# A sample\n\nSome *Markdown*: ümläut.\n\n- one\n- two\n"
  let text = folder.appending("license")
  try Data("Do what you want.\n".utf8).write(to: URL(fileURLWithPath: text.string))
  let source = "import sys\n\ndef main():\n    print('hello from the sample', *sys.argv[1:])\n"
  return Wheel(
    metadata: metadata,
    platform: "manylinux_2_35_x86_64",
    consoleScripts: ["sample-tool": "llcuda_sample.cli:main"],
    licenses: [("LICENSE", .file(text)), ("vendor/llama.cpp/LICENSE", .file(text))],
    files: [
      .init(name: "llcuda_sample/__init__.py", content: .bytes([])),
      .init(name: "llcuda_sample/cli.py", content: .bytes(Array(source.utf8))),
      .init(name: "llcuda_sample/bin/tool", content: .file("/bin/true"), isExecutable: true),
      .init(name: "llcuda_sample/bin/cuda/sm75.index", content: .bytes(Array("format 1\n".utf8))),
      .init(name: "llcuda_sample/data, with \"quotes\" and ünïcode.txt", content: .bytes(Array("x".utf8))),
      .init(
        name: "llcuda_sample/large.bin",
        content: .bytes((0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
      ),
    ]
  )
}

/// Another wheel, without binaries.
func pureWheel() throws -> Wheel {
  var metadata = CoreMetadata(
    name: try ProjectName("llcuda-meta"),
    version: try ProjectVersion("1!2.0rc1.post3.dev4")
  )
  metadata.requirements = ["llcuda-sample-kit>=1.2,<2"]
  return Wheel(metadata: metadata, platform: "any")
}

/// The bytes of a file.
func bytes(of path: FilePath) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path.string)))
}

/// A writer with a fixed time.
let sampleWriter = WheelWriter(generator: "llcuda-build test", timestamp: 1_700_000_000)
