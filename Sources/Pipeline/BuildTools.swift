import Foundation
import ReleaseModel
import SystemPackage
import ToolExecution

/// The tools every build needs, in versions that can do what is asked of them.
struct BuildTools: Sendable {
  let cmake: FilePath
  let ninja: FilePath

  /// Finds the first of each on `PATH` or in the folder of `ci/setup` that is new enough.
  ///
  /// - Throws: ``ToolExecution/ToolError`` naming the tool, and for an old one its version and the one that is needed.
  init(locator: ToolLocator, runner: ToolRunner) async throws {
    // 3.24 injects files into a project from outside; 1.13 shares its jobs between trees.
    cmake = try await Self.find("cmake", from: "3.24", locator: locator, runner: runner)
    ninja = try await Self.find("ninja", from: "1.13", locator: locator, runner: runner)
  }

  private static func find(
    _ name: String,
    from least: ToolkitVersion,
    locator: ToolLocator,
    runner: ToolRunner
  ) async throws -> FilePath {
    let hint = "run ci/setup, or pip install \(name) (\(least) or newer)"
    var old: (path: FilePath, version: ToolkitVersion)?
    for path in locator.all(name) {
      let text = try await runner.output(of: Invocation(path.string, ["--version"]))
      guard let match = text.firstMatch(of: #/[0-9]+\.[0-9]+/#),
        let version = ToolkitVersion(parsing: match.output)
      else { continue }
      if version >= least { return path }
      old = old ?? (path, version)
    }
    guard let old else { throw ToolError.notFound(name, hint: hint) }
    throw ToolError.unusable(old.path.string, why: "it is version \(old.version), too old", hint: hint)
  }

  /// The C compiler that belongs to a C++ compiler: gcc-12 for g++-12.
  func cCompiler(beside cxx: FilePath, locator: ToolLocator) throws -> FilePath {
    let name = cxx.lastComponent?.string ?? ""
    let sibling = name.hasPrefix("g++") ? "gcc" + name.dropFirst(3) : name.replacing("clang++", with: "clang")
    let path = cxx.removingLastComponent().appending(sibling).string
    return try locator.require(path, sibling, hint: "install the C compiler that belongs to '\(cxx)'")
  }
}
