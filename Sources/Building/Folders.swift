import Foundation
public import SystemPackage

/// The folders that outlive a release: what comes with the program, and what is cached for the user.
public struct Folders: Hashable, Sendable {
  /// The folder that holds `cmake/` and `dist/`.
  public var resources: FilePath
  /// The user's cache: toolkits, llama.cpp sources, the compiler cache.
  public var cache: FilePath

  /// Makes the value from known folders, for tests.
  public init(resources: FilePath, cache: FilePath) {
    self.resources = resources
    self.cache = cache
  }

  /// Finds the folders of this installation.
  ///
  /// Resources: `LLCUDA_BUILD_RESOURCES`, or the nearest folder above the executable (or its `share/llcuda-build`)
  /// that holds `cmake/llcuda-inject.cmake`. Cache: `LLCUDA_CACHE`, `XDG_CACHE_HOME/llcuda-build`,
  /// `~/.cache/llcuda-build`.
  ///
  /// - Throws: ``BuildError/resourcesNotFound`` when this installation is incomplete.
  public static func ofThisInstallation() throws -> Folders {
    let environment = ProcessInfo.processInfo.environment
    let cache: FilePath
    if let named = environment["LLCUDA_CACHE"], !named.isEmpty {
      cache = FilePath(named)
    } else if let base = environment["XDG_CACHE_HOME"], !base.isEmpty {
      cache = FilePath(base).appending("llcuda-build")
    } else {
      cache = FilePath(FileManager.default.homeDirectoryForCurrentUser.path).appending(".cache/llcuda-build")
    }
    return Folders(resources: try findResources(environment: environment), cache: absolute(cache))
  }

  private static func findResources(environment: [String: String]) throws -> FilePath {
    func isComplete(_ folder: FilePath) -> Bool {
      FileManager.default.fileExists(atPath: folder.appending("cmake/llcuda-inject.cmake").string)
    }
    if let named = environment["LLCUDA_BUILD_RESOURCES"], !named.isEmpty {
      let folder = absolute(FilePath(named))
      guard isComplete(folder) else { throw BuildError.resourcesNotFound(near: folder) }
      return folder
    }
    let executable = FilePath(
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        ?? CommandLine.arguments[0]
    )
    var folder = absolute(executable).removingLastComponent()
    while true {
      for candidate in [folder, folder.appending("share/llcuda-build")] where isComplete(candidate) {
        return candidate
      }
      let parent = folder.removingLastComponent()
      guard parent != folder else { throw BuildError.resourcesNotFound(near: executable) }
      folder = parent
    }
  }

  /// A path as seen from the root, without `.` and `..`.
  public static func absolute(_ path: FilePath) -> FilePath {
    let whole = path.isAbsolute ? path : FilePath(FileManager.default.currentDirectoryPath).pushing(path)
    return whole.lexicallyNormalized()
  }
}
