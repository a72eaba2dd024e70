import Archives
import Foundation
import SystemPackage

/// A wheel that breaks no rule, to be spoilt in one way.
struct WheelDraft {
  var fileName: String?
  var name = "sample_kit"
  var version = "1.2.0"
  var tag = "py3-none-manylinux_2_36_x86_64"
  /// METADATA's lines before the description.
  var metadata = [
    "Metadata-Version: 2.4", "Name: Sample.Kit", "Version: 1.2.0", "Summary: A sample",
    "Author-email: Jane Doe <jane@example.com>", "License-Expression: MIT AND Apache-2.0", "License-File: LICENSE",
    "Project-URL: Home, https://example.com/x?a=b", "Classifier: Programming Language :: Python :: 3",
    "Requires-Python: >=3.9", "Provides-Extra: sm75",
    "Requires-Dist: nvidia-cuda-runtime-cu12>=12.4,<13", "Requires-Dist: other-more>=1.0 ; extra == 'sm75'",
    "Description-Content-Type: text/markdown",
  ]
  var description = "# A sample\n"
  var wheel = [
    "Wheel-Version: 1.0", "Generator: test", "Root-Is-Purelib: false", "Tag: py3-none-manylinux_2_36_x86_64",
  ]
  var entryPoints = "[console_scripts]\nsample-tool = sample_kit.cli:main\n"
  var files: [(name: String, data: [UInt8])] = []
  var bill: String? = #"{"bomFormat":"CycloneDX","metadata":{"component":{"name":"sample-kit"}}}"#
  var folderName: String?
  /// Changes RECORD's text.
  var record: (String) -> String? = { $0 }
  /// Changes the archive.
  var zip: (inout ZipBuilder) -> Void = { _ in }

  init(library: [UInt8]? = nil) {
    files = [("sample_kit/__init__.py", Array("# A sample.\n".utf8)), ("sample_kit/cli.py", Array("def main(): pass\n".utf8))]
    if let library { files.append(("sample_kit/bin/libsample.so", library)) }
  }

  var info: String { folderName ?? "\(name)-\(version).dist-info" }

  mutating func replace(_ field: String, with lines: String...) {
    let place = metadata.firstIndex { $0.hasPrefix("\(field):") } ?? metadata.count
    metadata.removeAll { $0.hasPrefix("\(field):") }
    metadata.insert(contentsOf: lines, at: min(place, metadata.count))
  }

  /// Writes the wheel.
  func write(into folder: FilePath) throws -> FilePath {
    var members = files
    func add(_ name: String, _ text: String) { members.append(("\(info)/\(name)", Array(text.utf8))) }
    add("licenses/LICENSE", "Do what you want.\n")
    add("METADATA", metadata.joined(separator: "\n") + "\n\n" + description)
    add("WHEEL", wheel.joined(separator: "\n") + "\n")
    add("entry_points.txt", entryPoints)
    if let bill { add("sboms/llcuda-build.cdx.json", bill) }
    let rows = members.map { "\($0.name),sha256=\(SHA256Digest.of($0.data).urlSafeBase64),\($0.data.count)\n" }
    if let text = record(rows.joined() + "\(info)/RECORD,,\n") { add("RECORD", text) }
    var builder = ZipBuilder()
    builder.entries = members.map { ZipBuilder.Entry($0.name, $0.data) }
    zip(&builder)
    let path = folder.appending(fileName ?? "\(name)-\(version)-\(tag).whl")
    try Data(builder.bytes).write(to: URL(fileURLWithPath: path.string))
    return path
  }
}

extension ZipBuilder {
  /// Changes the member whose name ends so.
  mutating func change(_ suffix: String, _ body: (inout Entry) -> Void) {
    for index in entries.indices where String(decoding: entries[index].name, as: UTF8.self).hasSuffix(suffix) {
      body(&entries[index])
    }
  }
}
