import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Building

@Suite("The compiler cache's server") struct CompilerCacheServiceTests {
  /// The service with a program that does nothing in sccache's place.
  private func service(_ choice: CompilerCache, in folder: FilePath) throws -> CompilerCacheService? {
    let program = folder.appending("sccache").string
    try Data("#!/bin/sh\n".utf8).write(to: URL(fileURLWithPath: program))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    return try CompilerCacheService(
      choice,
      cache: folder.appending("cache"),
      build: folder.appending("build"),
      source: folder.appending("source"),
      locator: ToolLocator(path: folder.string)
    )
  }

  /// Runs a server that notes the mode of its socket's folder, and gives the folder's path.
  private func run(_ folder: FilePath, _ body: @Sendable @escaping (FilePath) throws -> Void) async throws
    -> FilePath
  {
    let program = folder.appending("sccache").string
    let script = """
      #!/bin/sh
      stat -c %a "$(dirname "$SCCACHE_SERVER_UDS")" > "\(folder)/mode"
      : > "$SCCACHE_SERVER_UDS"
      exec sleep 600
      """
    try Data(script.utf8).write(to: URL(fileURLWithPath: program))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let found = try CompilerCacheService(
      .sccache,
      cache: folder.appending("cache"),
      build: folder.appending("build"),
      source: folder.appending("source"),
      locator: ToolLocator(path: folder.string)
    )
    let service = try #require(found)
    let name = service.environment["SCCACHE_SERVER_UDS"] ?? nil
    let socket = FilePath(try #require(name))
    #expect(!FileManager.default.fileExists(atPath: socket.removingLastComponent().string))
    try await service.whileRunning(runner: ToolRunner(), log: folder.appending("log"), told: { _ in }) {
      try body(socket)
    }
    return socket.removingLastComponent()
  }

  @Test("its socket lies in a folder that only this user can enter, and that goes with the server")
  func privateSocket() async throws {
    try await withTemporaryDirectory { folder in
      let place = try await run(folder) { socket in
        #expect(FileManager.default.fileExists(atPath: socket.string))
        #expect("\(socket).local".utf8.count <= 107)
      }
      #expect(try String(contentsOfFile: folder.appending("mode").string, encoding: .utf8) == "700\n")
      #expect(!FileManager.default.fileExists(atPath: place.string))

      struct Failure: Error {}
      await #expect(throws: Failure.self) { _ = try await run(folder) { _ in throw Failure() } }
    }
  }

  @Test("a build's own cache lies in its folder, whatever storage the environment names")
  func own() async throws {
    try await withTemporaryDirectory { folder in
      let found = try service(.own, in: folder)
      let service = try #require(found)
      #expect(service.environment["SCCACHE_DIR"] == folder.appending("build/compiler-cache").string)
      #expect(service.environment["SCCACHE_REDIS_ENDPOINT"] == .some(nil))
      #expect(!service.storage.isRemote)
    }
  }

  @Test(
    "an sccache that mixes up checkouts does without its preprocessor cache",
    arguments: [
      ("sccache 0.16.0", nil), ("sccache 0.9.1\n", nil), ("sccache 0.17.0", "false"),
      ("sccache 1.0.0", "false"),
      ("no version", "false"),
    ] as [(String, String?)]
  )
  func checkouts(version: String, direct: String?) async throws {
    try await withTemporaryDirectory { folder in
      let service = try #require(try service(.sccache, in: folder)).safe(with: version)
      #expect((service.environment["SCCACHE_DIRECT"] ?? nil) == direct)
    }
  }

  @Test("an nvcc that sccache doesn't understand is found before anything is compiled")
  func unable() async throws {
    let home = try #require(CUDAToolkitForTests.nvcc).removingLastComponent().removingLastComponent()
    try await withTemporaryDirectory { folder in
      let toolkit = try await CUDAToolkit(
        home: home,
        capabilities: try await CUDAToolkit.capabilities(of: home, runner: ToolRunner()),
        hostCompiler: CUDAToolkitForTests.hostCompiler?.string,
        scratch: folder,
        runner: ToolRunner(),
        locator: ToolLocator()
      )
      let service = try #require(try service(.sccache, in: folder))
      let program = """
        #!/bin/sh
        [ -n "$SCCACHE_START_SERVER" ] || { echo "fatbinary fatal: no such file" >&2; echo "sccache: killed" >&2; exit 1; }
        : > "$SCCACHE_SERVER_UDS"
        exec sleep 600
        """
      try Data(program.utf8).write(to: URL(fileURLWithPath: service.sccache.string))
      let error = try await #require(throws: CompilerCacheService.Unable.self) {
        _ = try await service.tried(
          with: toolkit,
          version: "sccache 0.16.0\n",
          scratch: folder,
          record: TrialRecord(cache: folder),
          runner: ToolRunner()
        )
      }
      #expect(!TrialRecord(cache: folder).holds(error.pair))
      #expect(error.why == "fatbinary fatal: no such file")
      #expect(error.pair == "sccache 0.16.0 with CUDA \(toolkit.capabilities.version)")
      #expect(error.exitStatus == .toolMissing)
    }
  }
}
