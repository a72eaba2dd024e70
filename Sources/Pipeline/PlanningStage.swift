public import Building
import Foundation
public import Planning
public import ReleaseModel
public import SizeModel
import SystemPackage
import ToolExecution

/// Plans a release on this machine: with what is known of its source, its toolkit and earlier builds, and nothing run.
public struct PlanningStage: Sendable {
  private let spec: ReleaseSpec
  private let folders: Folders

  /// Makes the stage.
  public init(spec: ReleaseSpec, folders: Folders) {
    self.spec = spec
    self.folders = folders
  }

  /// The toolkit of this machine, or, where there is none, what one of that version would be.
  ///
  /// - Parameter assumed: the version to plan for, whatever is installed; `nil` asks the machine first.
  /// - Returns: the toolkit, and a note when it is only assumed.
  /// - Throws: `ToolError` when a toolkit was named and isn't there.
  public func toolkit(assuming assumed: ToolkitVersion? = nil) async throws -> (
    ToolkitCapabilities, Diagnostic?
  ) {
    let fallback = assumed ?? SizeFigures.shipped.toolkit.release
    let reading = ToolkitCapabilities(catalogOf: fallback)
    if assumed != nil { return (reading, .note("planned for CUDA \(fallback), as the catalog knows it")) }
    let locator = ToolLocator(adding: folders.cache.appending("venv/bin"))
    let home: FilePath
    do {
      home = try CUDAToolkit.locate(named: spec.cudaHome, cache: folders.cache, locator: locator)
    } catch  where spec.cudaHome == nil {
      return (
        reading, .note("no CUDA toolkit was found; planned for CUDA \(fallback), as the catalog knows it")
      )
    }
    return (try await CUDAToolkit.capabilities(of: home, runner: ToolRunner()), nil)
  }

  /// What sizes are predicted from.
  ///
  /// - Parameter isShippedOnly: whether figures of earlier builds are left aside, as in a manifest, which must not
  ///   depend on what a machine did before.
  public func model(
    for toolkit: ToolkitVersion,
    figures: SizeFigures = .shipped,
    isShippedOnly: Bool = false
  ) -> SizeModel {
    let subject = subject(toolkit)
    let learned = isShippedOnly ? nil : LearnedStore(cache: folders.cache).sizes(of: subject)
    return SizeModel(figures: figures, subject: subject, learned: learned)
  }

  /// Plans with this machine's cores.
  ///
  /// - Throws: what ``Planning/ReleasePlanner/plan()`` throws.
  public func plan(on toolkit: ToolkitCapabilities, model: SizeModel) throws -> PlannedRelease {
    _ = try ProjectIdentity(spec.project)
    return try ReleasePlanner(spec: spec, toolkit: toolkit, model: model, cores: Machine.jobs()).plan()
  }

  /// What is known of the source before it is fetched.
  func subject(_ toolkit: ToolkitVersion) -> SizeModel.Subject {
    var subject = SizeModel.Subject(
      llamaCppDigest: nil,
      llamaCpp: "this llama.cpp",
      toolkit: toolkit,
      flashAttention: spec.flashAttention,
      definitions: spec.cmakeDefinitions
    )
    switch spec.source {
    case .pinned:
      subject.llamaCppDigest = "sha256:\(SourceProvider.Pinned.sha256)"
      subject.llamaCpp = "\(SourceProvider.Pinned.project) \(SourceProvider.Pinned.version)"
    case .folder(let name):
      subject.llamaCpp = "'\(FilePath(name).lastComponent?.string ?? name)'"
      subject.units = Self.units(below: Folders.absolute(FilePath(name)))
    case .tarball(let name): subject.llamaCpp = "'\(FilePath(name).lastComponent?.string ?? name)'"
    case .git(_, let reference): subject.llamaCpp = "llama.cpp \(reference)"
    }
    return subject
  }

  /// How many units of each family a source tree has; of flash attention's vector kernels, which are built in part
  /// only, as many as were measured.
  private static func units(below folder: FilePath) -> [String: Int]? {
    let kernels = folder.appending("ggml/src/ggml-cuda")
    func names(_ path: FilePath) -> [String] {
      let found = (try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? []
      return found.filter { $0.hasSuffix(".cu") }
    }
    let plain = names(kernels)
    guard !plain.isEmpty else { return nil }
    var units = ["other": plain.count]
    for name in names(kernels.appending("template-instances")) {
      guard let end = name.range(of: "-instance") else { continue }
      let family = String(name[..<end.lowerBound]).replacing("-f16", with: "")
      units[family, default: 0] += 1
    }
    units["fattn-vec"] = SizeFigures.shipped.units["fattn-vec"]
    return units
  }
}
