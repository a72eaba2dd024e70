import Archives
import Foundation
import ReleaseModel
import SystemPackage
import ToolExecution

extension SourceProvider {
  /// A clone for each address and reference, at the reference's commit.
  ///
  /// It lies in the same folder every time: compilers' options name it, so the compiler cache finds what the commit before
  /// left. Where another run compiles from it when the reference has moved, the new commit gets a folder of its own.
  func git(url: String, reference: String) async throws -> SourceInUse {
    let key = SHA256Digest.of(Array("\(url)@\(reference)".utf8)).hex.prefix(12)
    let clone = store.appending("git-\(key)")
    let git = GitClone(program: try program(), folder: clone, runner: runner, log: log)
    // Two runs that fetch into one clone, or check out there, would fail or leave a mixture.
    let fetching = try await lock("git-\(key)")
    defer { withExtendedLifetime(fetching) {} }
    // The commit is asked for on every run: a branch moves, and even a tag can be moved.
    if exists(clone) {
      try await git.fetch(url, reference)
    } else {
      let new = git.moved(to: store.appending("git-\(key)-\(UUID().uuidString.prefix(8))"))
      do {
        try await new.make()
        try await new.fetch(url, reference)
        try await new.checkOut("FETCH_HEAD")
        try FileManager.default.moveItem(atPath: new.folder.string, toPath: clone.string)
      } catch {
        remove(new.folder)
        throw error
      }
    }
    let (there, wanted) = (try await git.commit("HEAD"), try await git.commit("FETCH_HEAD"))
    var tree = clone
    if there == wanted {
      try await git.checkOut(wanted)
    } else if let alone = try? FolderLock(folder: place(of: "git-\(key)-use")) {
      defer { withExtendedLifetime(alone) {} }
      try await git.checkOut(wanted)
    } else {
      tree = store.appending("git-\(key)-\(wanted.prefix(12))")
      try await git.addTree(at: tree, commit: wanted)
    }
    return SourceInUse(
      tree: try LlamaCppTree(
        folder: llamaCpp(in: tree),
        origin: "\(Self.withoutSecrets(url))@\(reference)",
        digest: "git:\(wanted)"
      ),
      // A commit's own folder is never changed.
      hold: tree == clone ? try FolderLock(folder: place(of: "git-\(key)-use"), sharing: true) : nil
    )
  }

  private func program() throws -> String {
    try locator.require("git", hint: "install git, or give a folder or tarball with --llama-cpp").string
  }

  /// Waits for other runs that bring the same source.
  private func lock(_ name: String) async throws -> FolderLock {
    let folder = try place(of: name)
    while true {
      do { return try FolderLock(folder: folder) } catch is FolderInUse {
        try await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  /// The folder of a lock.
  private func place(of lock: String) throws -> FilePath {
    let folder = folders.cache.appending("locks").appending(lock)
    try makeFolder(folder)
    return folder
  }
}

/// A clone that holds one commit of a repository, and the calls of git that change it.
private struct GitClone {
  let program: String
  let folder: FilePath
  let runner: ToolRunner
  let log: FilePath

  func moved(to folder: FilePath) -> GitClone {
    GitClone(program: program, folder: folder, runner: runner, log: log)
  }

  func make() async throws {
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    try await run("init", "--quiet")
  }

  /// Brings what a reference names now, without its history.
  func fetch(_ url: String, _ reference: String) async throws {
    do {
      try await run("fetch", "--quiet", "--depth", "1", url, reference)
    } catch ToolError.failed(_, let outcome, _, let lines) where !lines.contains(where: FullDisk.isTold) {
      let why = lines.map(SourceProvider.withoutSecrets).joined(separator: "; ")
      throw BuildError.notFetched(
        url: SourceProvider.withoutSecrets(url),
        reference: reference,
        why: why.isEmpty ? outcome : why
      )
    }
  }

  func checkOut(_ commit: String) async throws {
    try await run("checkout", "--quiet", "--force", "--detach", commit)
  }

  /// The commit that a name of git's stands for, in full.
  func commit(_ name: String) async throws -> String {
    let call = Invocation(program, ["-C", folder.string, "rev-parse", "\(name)^{commit}"])
    return String(try await runner.output(of: call).prefix(40))
  }

  /// A second working tree of this clone, at a commit.
  func addTree(at path: FilePath, commit: String) async throws {
    let tree = moved(to: path)
    // One that an earlier run began counts for nothing before it is whole.
    if (try? await tree.commit("HEAD")) != commit {
      try? FileManager.default.removeItem(atPath: path.string)
      try await run("worktree", "prune")
      try await run("worktree", "add", "--quiet", "--force", "--detach", path.string, commit)
    }
    try await tree.checkOut(commit)
  }

  private func run(_ arguments: String...) async throws {
    let call = Invocation(
      program,
      ["-C", folder.string] + arguments,
      environment: ["GIT_TERMINAL_PROMPT": "0"]
    )
    try await runner.run(call, log: log)
  }
}
