import Foundation
public import SystemPackage
public import Timeline
public import ToolExecution

/// Configures and compiles a ``BuildTree``; a second run with the same inputs leaves everything to ninja, which finds
/// nothing to do.
public struct TreeBuilder: Sendable {
  private let cmake: FilePath
  private let ninja: FilePath
  private let runner: ToolRunner
  private let listener: any ProgressListener
  /// How many compilers run at once.
  public let jobs: Int
  private let logs: FilePath

  /// Makes a builder.
  public init(
    cmake: FilePath,
    ninja: FilePath,
    runner: ToolRunner,
    listener: any ProgressListener,
    jobs: Int,
    logs: FilePath
  ) {
    self.cmake = cmake
    self.ninja = ninja
    self.runner = runner
    self.listener = listener
    self.jobs = jobs
    self.logs = logs
  }

  /// Configures a tree, unless that was done with the same definitions.
  ///
  /// - Parameters:
  ///   - source: llama.cpp.
  ///   - folder: the tree's folder; configured anew when the definitions changed.
  ///   - compilers: the versions of the programs that compile; objects of another compiler behind the same path are
  ///     never kept.
  ///   - environment: the compiler cache's variables.
  ///   - number: the step's number, for its log files' names.
  /// - Throws: ``ToolExecution/ToolError``, ``BuildError/folderName(_:)``, ``BuildError/diskFilledUp(_:failure:)``.
  public func configure(
    _ tree: BuildTree,
    source: FilePath,
    in folder: FilePath,
    compilers: String,
    environment: [String: String?],
    number: Int
  ) async throws {
    for path in [source, folder] where path.string.contains(#/["'`\\$,;:\n]/#) {
      throw BuildError.folderName(path)
    }
    var environment = environment
    // llama.cpp asks git for its commit; without this it finds the repository that happens to lie around it.
    environment["GIT_CEILING_DIRECTORIES"] = source.removingLastComponent().string
    let step = "\(number)-\(tree.kind.rawValue)"
    let call = tree.configure(cmake: cmake, source: source, folder: folder, environment: environment)
    // Without the environment, whose socket name differs from run to run. And what is compiled at once stays as it was
    // decided first: other jobs or less memory make other commands, and Ninja would compile their units again.
    let command = tree.unscheduled.configure(cmake: cmake, source: source, folder: folder, environment: [:])
      .commandLine
    try await configureIfChanged(
      call,
      command: command,
      of: tree.kind,
      compilers: compilers,
      folder: folder,
      step: step
    )
  }

  /// Compiles targets of a configured tree, and notes every command in the timeline.
  ///
  /// - Parameters:
  ///   - targets: what is made, as build.ninja names it.
  ///   - jobserver: who says how many jobs it runs; `nil` takes them all.
  ///   - heir: the jobserver of a tree that is compiled at the same time: it gets the jobs that this one doesn't need any
  ///     more, all of them at the end.
  /// - Throws: ``ToolExecution/ToolError``, ``BuildError/diskFilledUp(_:failure:)``.
  public func compile(
    _ targets: [String],
    of tree: BuildTree,
    in folder: FilePath,
    environment: [String: String?],
    number: Int,
    jobserver: Jobserver? = nil,
    heir: Jobserver? = nil
  ) async throws {
    let step = "\(number)-\(tree.kind.rawValue)"
    let ninjaCall = Invocation(
      ninja.string,
      // With -j, Ninja asks no jobserver; and one that happens to be around is none of ours.
      ["-C", folder.string] + (jobserver == nil ? ["-j", "\(jobs)"] : []) + targets,
      environment: environment.merging(["NINJA_STATUS": NinjaStatus.format]) { $1 }
        .merging(jobserver?.environment ?? ["MAKEFLAGS": nil]) { $1 }
    )
    let (before, began) = (Self.log(of: folder), TimelineRecorder.now)
    defer {
      let new = Self.log(of: folder).entries(since: before)
      TimelineRecorder.current?.add(new.compactMap { $0.span(track: tree.kind.rawValue, began: began) })
    }
    let pid = Shared<Int32?>(nil)
    let latest = Shared(BuildProgress(step: tree.kind.rawValue, done: 0, total: 0))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        // What runs right now is not in ninja's output, so it is read from the processes below it.
        while !Task.isCancelled {
          try await Task.sleep(for: .seconds(1))
          guard let root = pid.value, latest.value.total > 0 else { continue }
          latest.update { $0.running = NinjaStatus.outputs(of: ProcessTree.commandLines(below: root)) }
          listener.moved(latest.value)
        }
      }
      if let jobserver, let heir {
        group.addTask { try await Self.lend(jobserver, to: heir, following: latest) }
      }
      defer { group.cancelAll() }
      let log = logs.appending("\(step)-build.log")
      try await blaming(folder, log) {
        try await runner.run(
          ninjaCall,
          log: log,
          onStart: { started in pid.update { $0 = started } },
          onLine: { line in
            guard let status = NinjaStatus.parse(line) else { return }
            latest.update {
              ($0.done, $0.total, $0.remaining) = (status.done, status.total, status.remaining)
            }
            listener.moved(latest.value)
          }
        )
      }
    }
    if let jobserver, let heir { try jobserver.leave(to: heir) }
  }

  /// Lends what a tree doesn't need any more, until the task is cancelled.
  private static func lend(
    _ jobserver: Jobserver,
    to heir: Jobserver,
    following progress: Shared<BuildProgress>
  ) async throws {
    while true {
      try await Task.sleep(for: .milliseconds(250))
      let (total, remaining) = (progress.value.total, progress.value.total - progress.value.done)
      guard total > 0 else { continue }
      // The last tenth are a few long files, and links that wait for them.
      try jobserver.lend(to: heir, remaining: remaining, isEnding: remaining * 10 <= total)
    }
  }

  /// Runs a compilation and tells a failure that isn't the code's: on a disk that is full, whatever the compiler calls it,
  /// and of units that would have been compiled alone without us.
  private func blaming(_ folder: FilePath, _ log: FilePath?, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as ToolError {
      guard case .failed = error else { throw error }
      // The temporary files of nvcc and the objects lie beside each other; both are below the folder that holds the tree.
      let disk = folder.removingLastComponent()
      if FullDisk.isNear(disk) { throw BuildError.diskFilledUp(disk, failure: "\(error)") }
      guard let log, let unit = Self.mergedUnit(in: log) else { throw error }
      throw BuildError.mergedUnit(unit, failure: "\(error)")
    }
  }

  /// The first unit that Ninja calls failed, by file name, if others of llama.cpp's are compiled in it.
  private static func mergedUnit(in log: FilePath) -> String? {
    let text =
      FileManager.default.contents(atPath: log.string).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let lines = text.split(whereSeparator: \.isNewline).drop { !$0.hasPrefix("FAILED: ") }.prefix(2)
    // Ninja tells the object, then the command: a file in their place, or one that includes the others in front of it.
    guard let object = lines.first?.firstMatch(of: #/(?<merged>merged/)?(?<name>[A-Za-z0-9_.-]+)\.o\b/#),
      object.merged != nil || lines.last?.contains(#/ -include "?[^ ]+\.(?:cpp|cu)\b/#) == true
    else { return nil }
    return String(object.name)
  }

  /// What Ninja wrote down about its runs in a tree.
  public static func log(of folder: FilePath) -> NinjaLog {
    let data = FileManager.default.contents(atPath: folder.appending(".ninja_log").string)
    return NinjaLog(parsing: data.map { String(decoding: $0, as: UTF8.self) } ?? "")
  }

  private func configureIfChanged(
    _ call: Invocation,
    command: String,
    of kind: BuildTree.Kind,
    compilers: String,
    folder: FilePath,
    step: String
  ) async throws {
    let record = folder.appending(".llcuda-configured")
    let versions = compilers.split(whereSeparator: \.isNewline).map { "# \($0)" }.joined(separator: "\n")
    let wanted = "\(command)\n\(versions)\n"
    let before = try? String(contentsOfFile: record.string, encoding: .utf8)
    let isConfigured = FileManager.default.fileExists(atPath: folder.appending("build.ninja").string)
    guard before != wanted || !isConfigured else { return }
    // Ninja compares times and commands, which a compiler that was replaced in its place leaves as they were.
    if let before, !before.hasSuffix(versions + "\n") {
      listener.told("the compilers are not those of the last run; compiling \(kind.rawValue) anew")
      try? FileManager.default.removeItem(atPath: folder.string)
    }
    // CMake keeps entries of earlier runs that this one doesn't name, so a changed tree starts with a fresh cache.
    try? FileManager.default.removeItem(atPath: folder.appending("CMakeCache.txt").string)
    try? FileManager.default.removeItem(atPath: record.string)
    listener.told("configuring \(kind.rawValue)")
    try await blaming(folder, nil) {
      try await runner.run(call, log: logs.appending("\(step)-configure.log"))
    }
    try wanted.write(toFile: record.string, atomically: true, encoding: .utf8)
  }
}

/// A value shared between the task that reads output and the one that reports.
final class Shared<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: Value

  init(_ value: Value) { stored = value }

  var value: Value { lock.withLock { stored } }

  func update(_ change: (inout Value) -> Void) { lock.withLock { change(&stored) } }
}
