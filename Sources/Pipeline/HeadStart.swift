import Archives
import Foundation
import ReleaseModel
import SystemPackage
import Timeline
import ToolExecution

/// What is done with the kernels as soon as they are compiled, while the core's last files are: slices are carved, packed
/// and deflated.
///
/// On 16 cores these took 7 of 197 s, after the core's last files had left half of the cores idle for 15 s. Nothing depends
/// on it: stages find their results in the build folder, or make them. A slice that was linked with a library which the core's
/// compilation then replaced is made again.
struct HeadStart: Sendable {
  let stage: KernelStage
  /// The layout that will most likely be taken.
  let layout: Layout
  let upx: UPXScope

  /// Does what can be done.
  ///
  /// - Returns: the slices' libraries as archives hold them; `nil` when the core's libraries that slices are linked with are
  ///   not there yet.
  /// - Throws: what the stages throw, and will throw again when it is their turn.
  func run() async throws -> [FilePath: DeflatedFile]? {
    guard stage.maker.libraries.allSatisfy({ FileManager.default.fileExists(atPath: $0) }) else { return nil }
    let made = try await stage.make(for: layout)
    return try await deflate(made.map { stage.library(of: $0) })
  }

  private func deflate(_ libraries: [FilePath]) async throws -> [FilePath: DeflatedFile] {
    // UPX puts other files in their place.
    guard upx == .none, !libraries.isEmpty else { return [:] }
    let members = libraries.enumerated().map { ZipWriter.Member(name: "\($0)", content: .file($1)) }
    let written = try await Span.measure(.archive, "deflate slices") {
      try await ZipWriter().write(members, to: stage.maker.workspace.deflated)
    }
    return Dictionary(
      uniqueKeysWithValues: zip(libraries, written).compactMap { library, written in
        written.deflated.map { (library, $0) }
      }
    )
  }
}
