import Archives
import Foundation
import Packaging
import SystemPackage
import TestSupport
import Testing

@Suite(
  "ChecksumFile",
  .enabled(if: CUDAToolkitForTests.onPath("sha256sum") != nil, "needs sha256sum on PATH")
)
struct ChecksumFileTests {
  @Test("sha256sum -c accepts it, and notices a changed file")
  func accepted() async throws {
    try await withTemporaryDirectory { folder in
      let names = ["b-1.0-py3-none-any.whl", "a 1.tar.gz", "ü.json", "1!2.whl"]
      for name in names { try Data(name.utf8).write(to: URL(fileURLWithPath: folder.appending(name).string)) }
      let text = ChecksumFile.text(
        for: try names.map { (file: $0, sha256: try SHA256Digest.ofFile(at: folder.appending($0)).hex) }
      )
      #expect(
        text.split(separator: "\n").map { $0.dropFirst(66) } == [
          "1!2.whl", "a 1.tar.gz", "b-1.0-py3-none-any.whl", "ü.json",
        ]
      )
      try text.write(toFile: folder.appending("SHA256SUMS").string, atomically: true, encoding: .utf8)
      let tool = try #require(CUDAToolkitForTests.onPath("sha256sum"))
      let good = try await runTool(tool, ["-c", "--strict", "SHA256SUMS"], in: folder)
      #expect(good.isSuccess, "\(good.stdout)\(good.stderr)")
      try Data("other".utf8).write(to: URL(fileURLWithPath: folder.appending(names[0]).string))
      #expect(try await !runTool(tool, ["-c", "--strict", "SHA256SUMS"], in: folder).isSuccess)
    }
  }
}
