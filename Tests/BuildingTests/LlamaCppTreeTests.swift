import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@testable import Building

@Suite("A llama.cpp tree on disk") struct LlamaCppTreeTests {
  static let marks = [
    "CMakeLists.txt", "ggml/src/ggml-cuda/CMakeLists.txt", "ggml/src/ggml-backend-reg.cpp",
    "tools/server/CMakeLists.txt",
  ]

  static func fill(_ folder: FilePath, without: String? = nil, version: String = "") throws {
    for mark in marks where mark != without {
      let path = folder.appending(mark)
      try FileManager.default.createDirectory(
        atPath: path.removingLastComponent().string,
        withIntermediateDirectories: true
      )
      let text = mark == "CMakeLists.txt" ? version : ""
      try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
    }
  }

  @Test("each thing that is missing is named", arguments: marks)
  func missing(mark: String) async throws {
    try await withTemporaryDirectory { folder in
      try Self.fill(folder, without: mark)
      let error = #expect(throws: BuildError.self) {
        _ = try LlamaCppTree(folder: folder, origin: "x", digest: "")
      }
      #expect(error?.exitStatus == .badInput)
      #expect(error?.description.contains("'\(folder)' holds no llama.cpp") == true)
      #expect(error?.description.contains("'\(mark)' is missing") == true)
    }
  }

  @Test(
    "its version",
    arguments: [
      ("set(LLAMA_VERSION_MAJOR 0)\nset(LLAMA_VERSION_MINOR  15)\nset(LLAMA_VERSION_PATCH\t3)\n", "0.15.3"),
      ("set(LLAMA_VERSION_MAJOR 0)\nset(LLAMA_VERSION_MINOR 5)\n", "unknown"), ("", "unknown"),
    ]
  )
  func version(text: String, version: String) async throws {
    try await withTemporaryDirectory { folder in
      try Self.fill(folder, version: text)
      #expect(try LlamaCppTree(folder: folder, origin: "", digest: "").version == version)
    }
  }

  @Test("its licenses, and no other file of their folder")
  func licenses() async throws {
    try await withTemporaryDirectory { folder in
      try Self.fill(folder)
      let tree = try LlamaCppTree(folder: folder, origin: "", digest: "")
      #expect(tree.licenses.isEmpty)
      try FileManager.default.createDirectory(
        atPath: folder.appending("licenses").string,
        withIntermediateDirectories: true
      )
      for name in ["LICENSE", "licenses/LICENSE-b", "licenses/LICENSE-a", "licenses/README"] {
        try Data().write(to: URL(fileURLWithPath: folder.appending(name).string))
      }
      #expect(
        tree.licenses.map(\.name) == [
          "llama.cpp/LICENSE", "llama.cpp/licenses/LICENSE-a", "llama.cpp/licenses/LICENSE-b",
        ]
      )
    }
  }
}
