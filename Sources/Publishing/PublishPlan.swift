import Archives
import Foundation
public import ReleaseModel
public import SystemPackage

/// What is sent, in the order in which it is: kernels before the core that is useless without them, and the project
/// that people install last, so that at no moment an installable state is broken.
public struct PublishPlan: Sendable {
  /// One file.
  public struct File: Sendable, Hashable {
    /// Where it lies.
    public let path: FilePath
    /// Its record in the manifest.
    public let artifact: ReleaseManifest.Artifact

    /// Its name.
    public var name: String { artifact.file }
  }

  /// The release's manifest.
  public let manifest: ReleaseManifest
  /// Wheels, in order.
  public let wheels: [File]
  /// Every artifact and what goes with them, for places that take any file: artifacts, then the lists of them.
  public let assets: [FilePath]

  /// Reads the plan from a release's folder.
  ///
  /// - Throws: ``PublishError/noRelease(_:)``.
  public init(release folder: FilePath) throws(PublishError) {
    let data = FileManager.default.contents(atPath: folder.appending("manifest.json").string)
    guard let manifest = data.flatMap({ try? JSONDecoder().decode(ReleaseManifest.self, from: $0) }) else {
      throw .noRelease(folder)
    }
    self.manifest = manifest
    let files = manifest.artifacts.map { File(path: folder.appending($0.file), artifact: $0) }
    wheels = files.filter { $0.artifact.kind == "wheel" }.enumerated().sorted {
      (Self.rank($0.element.artifact.role), $0.offset) < (Self.rank($1.element.artifact.role), $1.offset)
    }.map(\.element)
    let lists = ["provenance.intoto.json", "report.md", "manifest.json", "SHA256SUMS"].map { folder.appending($0) }
    assets = files.map(\.path) + lists.filter { FileManager.default.fileExists(atPath: $0.string) }
  }

  private static func rank(_ role: ReleaseManifest.Artifact.Role) -> Int {
    switch role {
    case .group: 0
    case .core: 1
    case .meta: 2
    }
  }
}

/// What was done with each file, or would be.
public struct PublishReport: Sendable, Encodable {
  /// What happens to a file at one place.
  public enum Action: String, Sendable, Encodable {
    /// It was sent.
    case sent
    /// It would be sent.
    case new
    /// It was there already, with the same contents.
    case present
  }

  /// One file at one place.
  public struct Row: Sendable, Encodable {
    /// The place: `index`, a folder, a GitHub release.
    public let place: String
    /// The file's name.
    public let file: String
    /// Its size.
    public let bytes: ByteCount
    /// What happens.
    public let action: Action
  }

  /// The version of this structure.
  public let schemaVersion = 1
  /// Whether nothing was sent.
  public let dryRun: Bool
  /// In the order of sending.
  public internal(set) var rows: [Row] = []

  init(dryRun: Bool) { self.dryRun = dryRun }
}
