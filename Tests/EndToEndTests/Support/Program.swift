import Foundation
import SystemPackage
import TestSupport
import Testing

/// The real llcuda-build, run as a person would run it.
enum Program {
  /// The package's folder.
  static let repository = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().removingLastComponent()

  /// What `LLCUDA_BUILD_EXECUTABLE` names (ci/test sets it), else what the tests' own build made.
  static let executable: FilePath? = {
    let named = ProcessInfo.processInfo.environment["LLCUDA_BUILD_EXECUTABLE"] ?? ""
    let path = named.isEmpty ? repository.appending(".build/debug/llcuda-build") : FilePath(named)
    return FileManager.default.isExecutableFile(atPath: path.string) ? path : nil
  }()

  /// The folder of CMake, Ninja and the like that `ci/setup` filled; it need not be there when they are on `PATH`.
  static let tools: FilePath = {
    let environment = ProcessInfo.processInfo.environment
    let cache =
      environment["LLCUDA_CACHE"]
      ?? environment["XDG_CACHE_HOME"].map { "\($0)/llcuda-build" }
      ?? "\(NSHomeDirectory())/.cache/llcuda-build"
    return FilePath(cache).appending("venv/bin")
  }()

  /// Whether the tests can run here.
  static let isReady = executable != nil && CUDAToolkitForTests.isPresent && tool("cmake") != nil
  static let absence = "needs llcuda-build, CMake, Ninja and CUDA; run ci/test"

  /// A tool of the machine or of `ci/setup`.
  static func tool(_ name: String) -> FilePath? {
    if let found = CUDAToolkitForTests.onPath(name) { return found }
    let path = tools.appending(name)
    return FileManager.default.isExecutableFile(atPath: path.string) ? path : nil
  }

  /// The CUDA toolkit's folder.
  static var cudaHome: FilePath? {
    CUDAToolkitForTests.nvcc.map {
      let real = URL(fileURLWithPath: $0.string).resolvingSymlinksInPath().path
      return FilePath(real).removingLastComponent().removingLastComponent()
    }
  }

  /// A cache of the tests' own would lack the tools, so they come by `PATH`.
  static func environment(_ more: [String: String?]) -> [String: String?] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let own: [String: String?] = [
      "PATH": "\(path):\(tools)", "CUDA_HOME": cudaHome?.string, "CUDA_PATH": nil, "CUDAHOSTCXX": nil,
      "NVCC_CCBIN": nil, "CI": nil, "TERM": "dumb", "SOURCE_DATE_EPOCH": nil,
    ]
    return own.merging(more) { $1 }
  }

  /// Runs the program to its end.
  static func run(
    _ arguments: [String],
    environment: [String: String?] = [:],
    in folder: FilePath
  ) async throws -> ToolResult {
    try await runTool(
      try #require(executable),
      arguments,
      environment: Self.environment(environment),
      in: folder
    )
  }

  /// Starts the program, for tests that send it signals.
  static func start(
    _ arguments: [String],
    environment: [String: String?] = [:],
    in folder: FilePath
  ) async throws -> RunningProgram {
    let mark = folder.appending("pid-\(UUID().uuidString.prefix(8))")
    let command = ["-c", "echo $$ > \"$0\"; exec \"$@\"", mark.string, try #require(executable).string]
    let variables = Self.environment(environment)
    let end = Task {
      try await runTool("/bin/sh", command + arguments, environment: variables, in: folder)
    }
    var pid: Int32?
    while pid == nil {
      try await Task.sleep(for: .milliseconds(20))
      pid = Files.text(mark).flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
    return RunningProgram(pid: try #require(pid), end: end)
  }
}

/// A run of the program that hasn't ended yet.
struct RunningProgram: Sendable {
  let pid: Int32
  let end: Task<ToolResult, any Error>

  func send(_ signal: Int32) { _ = kill(pid, signal) }
}

/// What the tests look for among the processes of the machine.
enum Processes {
  /// The command lines that hold a text, by process.
  static func mentioning(_ text: String) -> [Int32: String] {
    var found: [Int32: String] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = Int32(name), pid != getpid(),
        let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
      else { continue }
      let line = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
      if line.contains(text) { found[pid] = line }
    }
    return found
  }

  /// The command lines of what works in a folder: it names the folder, or runs in it.
  static func working(in folder: FilePath) -> [Int32: String] {
    var found = mentioning(folder.string)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let pid = Int32(name), pid != getpid(),
        let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd"),
        FilePath(place).starts(with: folder)
      else { continue }
      guard found[pid] == nil else { continue }
      let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")?.split(separator: 0)
        .map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
      found[pid] = line ?? "process \(pid) in \(place)"
    }
    return found
  }

  /// Waits until nvcc's compiler proper works on kernels of a build, not on CMake's trials.
  static func waitForKernels(of build: FilePath) async throws -> Bool {
    try await wait(.seconds(300)) {
      // nvcc's children name their files relative to the tree, in which they run.
      Files.exists(build.appending("kernels/build.ninja"))
        && working(in: build).values.contains { $0.hasPrefix("cicc ") || $0.contains("/cicc ") }
    }
  }

  /// Waits until a condition holds; `false` when it doesn't within the time.
  static func wait(_ limit: Duration, until condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while try await !condition() {
      if ContinuousClock.now > end { return false }
      try await Task.sleep(for: .milliseconds(50))
    }
    return true
  }
}
