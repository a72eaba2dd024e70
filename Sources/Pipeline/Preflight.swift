import Building
import Foundation
import Packaging
import ReleaseModel
import SystemPackage
import ToolExecution

/// What would fail only after the compilation, asked before it.
struct Preflight: Sendable {
  let spec: ReleaseSpec
  let project: ProjectIdentity
  let locator: ToolLocator

  /// - Throws: `PackagingError` for metadata that an index would refuse, ``Building/CMakeDefinitionError``,
  ///   ``MissingInput`` for files of the project that aren't there, ``ToolExecution/ToolError`` without UPX or strip.
  func check() throws {
    _ = try BuildTree.entries(spec.cmakeDefinitions)
    _ = try CoreMetadata(name: project.name, version: project.version, of: spec.project).text()
    if let folder = spec.project.packageFolder { try require(folder, key: "package-folder", isFolder: true) }
    for (name, path) in spec.project.extraFiles.sorted(by: { $0.key < $1.key }) {
      try require(path, key: "extra-files, \(name)", isFolder: false)
    }
    _ = try locator.require("strip", hint: "install binutils")
    if spec.upx != .none { _ = try UPXStage.locate(locator) }
  }

  private func require(_ path: String, key: String, isFolder wanted: Bool) throws {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard exists, isFolder.boolValue == wanted else {
      throw MissingInput(path: path, key: key, isFolder: wanted)
    }
  }
}

/// A file or folder that the configuration names and that isn't there.
struct MissingInput: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// What was named.
  let path: String
  /// The configuration's key.
  let key: String
  /// Whether a folder is wanted.
  let isFolder: Bool
  /// An input is missing.
  var exitStatus: ExitStatus { .badInput }
  /// The message.
  var description: String {
    "[project] \(key): there is no \(isFolder ? "folder" : "file") '\(path)'; mend the configuration or make it"
  }
}

extension CoreMetadata {
  /// What every wheel of a project says about it.
  init(name: ProjectName, version: ProjectVersion, of project: ProjectSpec) {
    self.init(name: name, version: version)
    summary = project.summary
    author = project.author
    authorEmail = project.authorEmail
    license = project.license ?? (project.packageFolder == nil ? "MIT" : nil)
    urls = project.urls
    requiresPython = ">=3.9"
  }
}
