import Foundation
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Building

@Suite("Ninja's progress") struct NinjaStatusTests {
  private static let ninja: FilePath? = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["LLCUDA_CACHE"] ?? "\(NSHomeDirectory())/.cache/llcuda-build"
    return ToolLocator(adding: FilePath(cache).appending("venv/bin")).find("ninja")
  }()

  @Test(
    "status lines and everything else",
    arguments: [
      ("@llcuda 3 12 00:04@ Building CUDA object a.cu.o", (3, 12, "00:04")),
      ("@llcuda 0 12 ?@ x", (0, 12, nil)), ("@llcuda 12 12 1:02:03@", (12, 12, "1:02:03")),
      ("[3/12] Building", nil), ("@llcuda", nil), ("@llcuda @", nil), ("@llcuda a b c@ x", nil),
      ("@llcuda 99999999999999999999 1 ?@", nil), ("", nil), ("warning: @llcuda 1 2 3@", nil),
    ] as [(String, (Int, Int, String?)?)]
  )
  func parses(line: String, expected: (Int, Int, String?)?) {
    let status = NinjaStatus.parse(line)
    #expect(status?.done == expected?.0 && status?.total == expected?.1 && status?.remaining == expected?.2)
  }

  @Test("what a real ninja prints with our format", .enabled(if: ninja != nil, "needs ninja; run ci/setup"))
  func real() async throws {
    try await withTemporaryDirectory { folder in
      var file =
        "rule make\n  command = sleep 0.05; echo made $out; touch $out\n  description = Making $out\n"
      for name in ["a", "b", "c", "d"] { file += "build \(name): make\n" }
      try Data(file.utf8).write(to: URL(fileURLWithPath: folder.appending("build.ninja").string))
      let ninja = try #require(Self.ninja)
      let result = try await runTool(
        ninja,
        ["-C", folder.string, "-j", "1"],
        environment: ["NINJA_STATUS": NinjaStatus.format]
      )
      #expect(result.isSuccess, "\(result.stdout)")
      let found = result.stdout.split(separator: "\n").compactMap { NinjaStatus.parse(String($0)) }
      #expect(found.map(\.done) == [1, 2, 3, 4])
      #expect(found.allSatisfy { $0.total == 4 })
      // ninja has seen one step's time after the first, so it says how long the rest takes.
      #expect(found.last?.remaining != nil)
    }
  }

  @Test("what is being compiled, by the command lines of the processes")
  func outputs() {
    let lines = [
      ["nvcc", "-c", "x/mmq.cu", "-o", "ggml/CMakeFiles/ggml-cuda.dir/mmq.cu.o"],
      ["cicc", "-o", "tmp/mmq.ptx"], ["sh", "-c", "nvcc -o y.o"], ["g++", "-o", "a/mmq.cu.o"],
      ["g++", "-o", "b/acc.cu.o"], ["g++", "-o"], [],
    ]
    #expect(NinjaStatus.outputs(of: lines) == ["acc.cu", "mmq.cu"])
  }
}
