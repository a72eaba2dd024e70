import Building
import Foundation
import ReleaseModel
import SystemPackage
import ToolExecution

/// The core's files as they ship: one file per library under the name the loader looks for, stripped.
struct CoreStage: Sendable {
  let workspace: Workspace
  let runner: ToolRunner
  let locator: ToolLocator

  /// One staged file.
  struct File: Hashable, Sendable {
    /// Its name in `bin/`.
    let name: String
    /// Where it lies.
    let path: FilePath
    /// Whether it is a program that people start.
    let isProgram: Bool
  }

  private var folder: FilePath { workspace.stage.appending("core") }

  /// Stages the products of the core's tree.
  ///
  /// - Throws: ``ToolExecution/ToolError`` of strip.
  func files(of recipe: CoreRecipe) async throws -> [File] {
    let programs = Set(recipe.executables.map(\.shipAs))
    let files = recipe.products.map {
      File(name: $0.shipAs, path: folder.appending($0.shipAs), isProgram: programs.contains($0.shipAs))
    }
    var digest = InputDigest()
    digest.add(files: recipe.products.map { FilePath($0.file) })
    guard !workspace.isCurrent("stage-core", digest: digest.hex, products: files.map(\.path)) else {
      return files
    }

    workspace.markStale("stage-core")
    let manager = FileManager.default
    try? manager.removeItem(atPath: folder.string)
    try manager.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    for (product, file) in zip(recipe.products, files) {
      // The build's names are chains of symbolic links; a wheel would hold a copy per name, so one real file ships.
      let real = URL(fileURLWithPath: product.file).resolvingSymlinksInPath().path
      try manager.copyItem(atPath: real, toPath: file.path.string)
    }
    let strip = try locator.require("strip", hint: "install binutils")
    try await runner.run(
      Invocation(strip.string, ["--strip-all"] + files.map(\.path.string)),
      log: workspace.logs.appending("4-strip.log")
    )
    try workspace.markCurrent("stage-core", digest: digest.hex)
    return files
  }
}
