import Foundation
public import SystemPackage

/// Finds programs on `PATH`.
public struct ToolLocator: Sendable {
  private let searchPath: [String]

  /// Makes a locator for this process's `PATH`.
  public init() { self.init(path: ProcessInfo.processInfo.environment["PATH"] ?? "") }

  /// Makes a locator for this process's `PATH`, then a folder where `ci/setup` puts tools.
  public init(adding folder: FilePath) {
    self.init(path: (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":\(folder)")
  }

  /// Makes a locator for a `PATH`.
  public init(path: String) {
    self.searchPath = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
  }

  /// The first executable file of that name, `nil` when there is none.
  public func find(_ name: String) -> FilePath? {
    if name.contains("/") {
      return FileManager.default.isExecutableFile(atPath: name) ? FilePath(name) : nil
    }
    return candidates(name).first { _ in true }
  }

  /// Every executable file of that name, in the order in which they would be found.
  public func all(_ name: String) -> [FilePath] { Array(candidates(name)) }

  private func candidates(_ name: String) -> some Sequence<FilePath> {
    searchPath.lazy.map { FilePath($0).appending(name) }.filter {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: $0.string, isDirectory: &isFolder) && !isFolder.boolValue
        && FileManager.default.isExecutableFile(atPath: $0.string)
    }
  }

  /// The first executable file of one of these names.
  ///
  /// - Throws: ``ToolError/notFound(_:hint:)`` when there is none.
  public func require(_ names: String..., hint: String) throws -> FilePath {
    for name in names {
      if let found = find(name) { return found }
    }
    throw ToolError.notFound(names.first ?? "", hint: hint)
  }
}
