public import Building
import Foundation
public import Planning
public import ReleaseModel
import Reporting
public import SizeModel
public import SystemPackage
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
    try ReleasePlanner(spec: spec, toolkit: toolkit, model: model, cores: Machine.jobs()).plan()
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

/// What finished releases weighed on this machine, kept in the user's cache.
public struct LearnedStore: Sendable {
  private let folder: FilePath

  /// The store of a cache folder.
  public init(cache: FilePath) { folder = cache.appending("sizes") }

  private func file(_ key: String) -> FilePath {
    let name = key.map { $0.isLetter && $0.isASCII || $0.isNumber && $0.isASCII ? $0 : "-" }
    return folder.appending("\(String(name).prefix(150)).json")
  }

  /// What is known of a subject, `nil` when nothing is or the file is damaged.
  public func sizes(of subject: SizeModel.Subject) -> LearnedSizes? {
    guard let key = LearnedSizes.key(of: subject),
      let data = FileManager.default.contents(atPath: file(key).string),
      let known = try? JSONDecoder().decode(LearnedSizes.self, from: data), known.key == key
    else { return nil }
    return known
  }

  /// Notes what a release weighed; a store that can't be written is no failure of the release.
  func learn(from manifest: ReleaseManifest, subject: SizeModel.Subject, overhead: SizeFigures.Overhead) {
    guard let key = LearnedSizes.key(of: subject), manifest.upx == nil else { return }
    var sizes = self.sizes(of: subject) ?? LearnedSizes(key: key)
    for artifact in manifest.artifacts where artifact.kind == "wheel" {
      let own = artifact.role == .core ? overhead.core : overhead.group
      let weight = Weight(
        installed: artifact.installedBytes - ByteCount(own),
        packed: artifact.bytes - ByteCount(own)
      )
      switch (artifact.role, manifest.layout) {
      case (.core, .split), (.core, .thin): sizes.core = weight
      case (.group, .split):
        // A wheel of several slices doesn't say which of them weighs what.
        let inside = manifest.slices.filter { $0.name == artifact.group }
        guard inside.count == 1 else { continue }
        sizes.note(weight, of: artifact.architectures, stored: manifest.inputs.kernelCompression)
      default: continue
      }
    }
    guard let text = try? json(sizes) else { return }
    try? FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    try? text.write(toFile: file(key).string, atomically: true, encoding: .utf8)
  }
}
