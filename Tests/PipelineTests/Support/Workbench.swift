import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Pipeline

/// Small programs and libraries, made by the real compiler, and the stage that packs them.
struct Workbench: Sendable {
  /// The folder of everything.
  let root: FilePath
  /// Where the originals lie side by side, as the core's files do.
  var core: FilePath { root.appending("core") }

  static let compiler = CUDAToolkitForTests.onPath("gcc-12") ?? CUDAToolkitForTests.onPath("gcc")
  static let python = CUDAToolkitForTests.onPath("python3")

  /// UPX of the machine, or what `ci/setup` put into the cache.
  static let upx: FilePath? = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["LLCUDA_CACHE"] ?? "\(NSHomeDirectory())/.cache/llcuda-build"
    return CUDAToolkitForTests.onPath("upx") ?? ToolLocator(path: "\(cache)/venv/bin").find("upx")
  }()

  static let isReady = upx != nil && compiler != nil && python != nil
  static let absence = "needs UPX, gcc and python3; run ci/setup"

  /// Makes one in a temporary folder that goes when `body` ends.
  static func use(_ body: (Workbench) async throws -> Void) async throws {
    try await withTemporaryDirectory("upx") { folder in
      let bench = Workbench(root: folder)
      try FileManager.default.createDirectory(
        atPath: bench.core.string,
        withIntermediateDirectories: true
      )
      try bench.writeNoise()
      try await body(bench)
    }
  }

  /// Bytes without any pattern, once and three times over.
  ///
  /// What repeats lies 100 kB apart: too far for the deflate of a wheel, not for UPX.
  private func writeNoise() throws {
    var state: UInt64 = 1
    let noise = (0..<100_000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    try Data(noise).write(to: URL(fileURLWithPath: root.appending("once").string))
    try Data(noise + noise + noise).write(to: URL(fileURLWithPath: root.appending("thrice").string))
  }

  /// Compiles C to a file in `core`, with a table of noise in it.
  func compile(_ name: String, _ source: String, table: String = "thrice", _ flags: [String]) async throws
    -> FilePath
  {
    let target = core.appending(name)
    let table = """
      __asm__(".section .rodata\\ntable:\\n.incbin \\"\(root.appending(table))\\"\\n.previous\\n");
      extern const char table[] __attribute__((visibility("hidden")));

      """
    let file = root.appending("\(name).c")
    try Data((table + source).utf8).write(to: URL(fileURLWithPath: file.string))
    let result = try await runTool(
      try #require(Self.compiler),
      ["-O1", "-s", "-o", target.string, file.string] + flags
    )
    try #require(result.isSuccess, "\(result.stderr)")
    return target
  }

  /// A library with a function `answer`.
  func library(
    _ name: String,
    answer: Int = 42,
    table: String = "thrice",
    _ flags: [String] = []
  ) async throws -> UPXStage.Candidate {
    let source =
      "int answer(void) { return \(answer) + 0 * table[5]; } const char *data(void) { return table; }"
    let path = try await compile(
      name,
      source,
      table: table,
      ["-fPIC", "-shared", "-Wl,-soname,\(name)"] + flags
    )
    return candidate(name, path, isProgram: false)
  }

  /// A program that looks for libraries beside itself and tells what the library answers.
  func program(_ name: String, with library: String? = nil, status: Int = 0) async throws
    -> UPXStage.Candidate
  {
    let source = """
      #include <stdio.h>
      \(library == nil ? "static int answer(void) { return 1; }" : "int answer(void);")
      int main(int count, char **words) {
        printf("%s: version 1.%d.%d\\n", words[0], answer(), table[4]);
        return \(status);
      }
      """
    let link = library.map { ["-L\(core)", "-l:\($0)", "-Wl,-rpath,$ORIGIN"] } ?? []
    return candidate(name, try await compile(name, source, link), isProgram: true)
  }

  func candidate(_ name: String, _ path: FilePath, isProgram: Bool) -> UPXStage.Candidate {
    UPXStage.Candidate(name: name, path: path, isProgram: isProgram, libraryFolders: [core])
  }

  /// A UPX whose output is spoiled by a piece of shell: `$out` is the packed file, `$name` its name.
  func spoiledUPX(_ shell: String) throws -> FilePath {
    let script = """
      #!/bin/sh
      '\(try #require(Self.upx))' "$@" || exit
      while [ "$1" != -o ]; do shift; done
      out=$2 name=${2##*/}
      \(shell)
      """
    let path = root.appending("tools/upx")
    try FileManager.default.createDirectory(
      atPath: path.removingLastComponent().string,
      withIntermediateDirectories: true
    )
    try Data(script.utf8).write(to: URL(fileURLWithPath: path.string))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
    return path
  }

  /// The stage with the real UPX, or with another.
  func stage(
    _ scope: UPXScope,
    upx: FilePath? = nil,
    python: FilePath? = Self.python,
    patience: Duration = .seconds(60)
  ) throws -> UPXStage {
    let tools = root.appending("path-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: tools.string, withIntermediateDirectories: true)
    for (name, tool) in [("upx", upx ?? Self.upx), ("python3", python)] {
      guard let tool else { continue }
      try FileManager.default.createSymbolicLink(
        atPath: tools.appending(name).string,
        withDestinationPath: tool.string
      )
    }
    return UPXStage(
      scope: scope,
      workspace: Workspace(root: root.appending("build")),
      runner: ToolRunner(),
      locator: ToolLocator(path: tools.string),
      listener: Silence(),
      patience: patience
    )
  }

  /// Lays files out as they are installed, packed where they were packed, and runs a program there.
  func install(_ files: [UPXStage.Candidate], packed: [String: FilePath], andRun name: String) async throws
    -> ToolResult
  {
    let folder = root.appending("installed-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    for file in files {
      let source = packed[file.name] ?? file.path
      try FileManager.default.copyItem(atPath: source.string, toPath: folder.appending(file.name).string)
    }
    return try await runTool(folder.appending(name), ["--version"])
  }
}

/// A listener that keeps everything to itself.
private struct Silence: ProgressListener {
  func began(_ step: String) {}
  func moved(_ progress: BuildProgress) {}
  func ended(_ summary: String) {}
  func told(_ message: String) {}
}

extension [ReleaseManifest.UPXRecord] {
  subscript(name: String) -> ReleaseManifest.UPXRecord? { first { $0.file == name } }
}
