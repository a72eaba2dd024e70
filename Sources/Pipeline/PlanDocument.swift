import Archives
import Foundation
public import Planning
public import ReleaseModel
import Reporting
public import SystemPackage

/// A plan as a file: what `plan --format json` prints and `--plan` executes.
public struct PlanDocument: Hashable, Sendable, Codable {
  /// The version of the structure.
  public let schemaVersion: Int
  /// The program that made it; no other version executes it, because it may decide differently.
  public let generator: String
  /// The digest of what was decided; a release made by the plan has it in its manifest.
  public let digest: String
  /// The digest of everything in the file, so that nobody executes a plan that was edited without being planned.
  public let checksum: String
  /// The plan.
  public let plan: PlannedRelease

  private static let currentSchema = 1
  private static let currentGenerator = "llcuda-build \(LlcudaBuild.version)"

  /// Frames a plan.
  ///
  /// - Throws: `EncodingError`, for no plan of ours.
  public init(_ plan: PlannedRelease) throws {
    schemaVersion = Self.currentSchema
    generator = Self.currentGenerator
    digest = try Self.digest(of: plan)
    checksum = SHA256Digest.of(Array(try json(plan).utf8)).hex
    self.plan = plan
  }

  /// Reads a plan's file.
  ///
  /// - Throws: ``PlanDocumentError``, one case per way to be wrong.
  public init(reading path: FilePath) throws(PlanDocumentError) {
    struct Frame: Decodable {
      let schemaVersion: Int
      let generator: String
    }
    guard let data = FileManager.default.contents(atPath: path.string) else { throw .unreadable(path) }
    let decoder = JSONDecoder()
    guard let frame = try? decoder.decode(Frame.self, from: data) else { throw .notAPlan(path) }
    guard frame.schemaVersion == Self.currentSchema, frame.generator == Self.currentGenerator else {
      throw .otherVersion(path, frame.generator)
    }
    guard let document = try? decoder.decode(PlanDocument.self, from: data),
      let again = try? PlanDocument(document.plan), again == document
    else { throw .edited(path) }
    self = document
  }

  /// The digest of a plan's decisions: what is compiled, from what, and how it is laid out.
  ///
  /// Folders, jobs and predictions are no decisions: two machines that make the same release have the same digest.
  public static func digest(of plan: PlannedRelease) throws -> String {
    struct Decision: Encodable {
      let spec: ReleaseSpec
      let toolkit: ToolkitVersion
      let compileSet: ArchitectureList
      let layout: Layout
      let slices: [Slice]
      let groups: [SliceGroup]
    }
    var spec = plan.spec
    let blank = ReleaseSpec()
    (spec.outputFolder, spec.buildFolder, spec.jobs) = (blank.outputFolder, blank.buildFolder, nil)
    (spec.cudaHome, spec.hostCompiler, spec.compilerCache) = (nil, nil, .auto)
    // Where a file lies is no decision either; what it is called in the wheel is.
    spec.project.packageFolder = spec.project.packageFolder.flatMap { FilePath($0).lastComponent?.string }
    spec.project.extraFiles = spec.project.extraFiles.mapValues { _ in "" }
    switch spec.source {
    case .folder: spec.source = .folder("")
    case .tarball: spec.source = .tarball("")
    case .pinned, .git: break
    }
    let isDivided = plan.layout == .split || plan.layout == .thin
    let decision = Decision(
      spec: spec,
      toolkit: plan.plan.toolkit.version.release,
      compileSet: plan.plan.compileSet,
      layout: plan.layout,
      // One library for everything has neither.
      slices: isDivided ? plan.plan.slices : [],
      groups: isDivided ? plan.plan.groups : []
    )
    return SHA256Digest.of(Array(try json(decision).utf8)).hex
  }

  /// Makes sure that this machine's toolkit makes what was planned.
  ///
  /// - Throws: ``PlanDocumentError/otherToolkit(planned:found:)``, or what planning throws.
  public func check(against toolkit: ToolkitCapabilities) throws {
    let planned = plan.plan.toolkit.version
    guard planned.release == toolkit.version.release else {
      throw PlanDocumentError.otherToolkit(planned: planned, found: toolkit.version)
    }
  }
}

/// Why a plan's file isn't executed.
public enum PlanDocumentError: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// There is no such file.
  case unreadable(FilePath)
  /// The file is something else.
  case notAPlan(FilePath)
  /// Another version of the program made it.
  case otherVersion(FilePath, String)
  /// Its checksum doesn't hold.
  case edited(FilePath)
  /// It was made for another toolkit.
  case otherToolkit(planned: ToolkitVersion, found: ToolkitVersion)

  /// A broken input.
  public var exitStatus: ExitStatus { .badInput }

  /// The message: what is wrong and the way out, in one line.
  public var description: String {
    switch self {
    case .unreadable(let path):
      "the plan '\(path)' cannot be read; --plan takes a file that 'plan --format json' wrote"
    case .notAPlan(let path): "'\(path)' is no plan; --plan takes a file that 'plan --format json' wrote"
    case .otherVersion(let path, let generator):
      "the plan '\(path)' was made by \(generator), this is llcuda-build \(LlcudaBuild.version); plan again"
    case .edited(let path):
      "the plan '\(path)' was changed after it was made: its checksum does not hold; change the options and plan again"
    case .otherToolkit(let planned, let found):
      "the plan is for CUDA \(planned.release), and this machine's toolkit is \(found); plan again, or name the toolkit with --cuda-home"
    }
  }
}
