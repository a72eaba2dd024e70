import Archives
import BinaryFormats
import CInspection
import Foundation
public import Inventory
public import ReleaseModel
public import SystemPackage

/// Measures files: reads them, unpacks archives to files without names, and never writes anything under a member's name.
public struct Inspector: Sendable {
  /// Which kernels are listed one by one; sums are always of all.
  public enum Detail: Sendable {
    /// Those that are a five-thousandth of all images or more.
    case report
    /// Every kernel.
    case everything

    /// At most that many parts of one artifact are listed in a report.
    static let leaves: Int64 = 5000
  }

  /// Which kernels are listed.
  public var detail: Detail
  /// Whether ways to store kernels smaller are tried out, which takes minutes for a large file.
  public var isAdvising: Bool
  /// Whether cubins are decompressed and summed by kernel; without it, a large wheel takes half the time.
  public var readsKernels: Bool
  /// Images decompressed at once.
  public var workers: Int

  /// Makes an inspector.
  public init(
    detail: Detail = .report,
    isAdvising: Bool = false,
    readsKernels: Bool = true,
    workers: Int? = nil
  ) {
    self.detail = detail
    self.isAdvising = isAdvising
    self.readsKernels = readsKernels
    self.workers = max(1, workers ?? ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Inspects files and folders.
  ///
  /// A folder stands for the files in it; one with the manifest of a release, for that release's artifacts.
  ///
  /// - Throws: ``InspectionError`` for what can't be read at all; `ArchiveError` when a disk is full;
  ///   `CancellationError`. What is broken inside of a file is a finding of it.
  public func inspect(_ paths: [FilePath]) async throws -> Inventory {
    llcuda_return_large_blocks()
    let files = try paths.flatMap { try FolderListing.files($0) }
    // An archive is unpacked by one thread, and a release has the same kernels in several.
    return Inventory(
      artifacts: try await files.map(atOnce: min(Self.atOnce, workers)) { file in
        try await inspect(file.path, name: file.name)
      }
    )
  }

  /// How many archives are read at once: a large one takes some hundred megabytes.
  private static let atOnce = 4

  /// Inspects one file.
  private func inspect(_ path: FilePath, name: String) async throws -> Artifact {
    let size: Int64
    let start: [UInt8]
    do {
      let file = try WindowedFile(path)
      size = file.byteCount
      start = try file.bytes(0..<min(size, 512))
    } catch { throw InspectionError(error) }
    let kind = ArchiveKind(start, name: name)
    var collector = ArtifactCollector(
      Artifact(name: name, kind: kind?.fileKind ?? .other, bytes: size),
      readsKernels: readsKernels
    )
    switch kind {
    case .zip: try await ZipInspection(path: path, workers: workers).inspect(into: &collector)
    case .tarball: try await TarballInspection(path: path, workers: workers).inspect(into: &collector)
    case nil: try await inspectFile(path, size: size, into: &collector)
    }
    var artifact = await collector.finished(detail: detail)
    artifact.installedBytes = artifact.files.reduce(.zero) { $0.adding($1.weight.bytes) }
    artifact.service = ServiceTable.rows(artifact.images, grouped: collector.grouped)
    artifact.findings = Findings(artifact, collector).all
    artifact.remedies = Remedies(artifact).cheap
    if isAdvising {
      artifact.remedies += try await Advice(path: path, artifact: artifact, workers: workers).remedies()
    }
    artifact.remedies.sort { ($1.gain, $0.id) < ($0.gain, $1.id) }
    return artifact
  }

  private func inspectFile(_ path: FilePath, size: Int64, into collector: inout ArtifactCollector)
    async throws
  {
    let name = collector.artifact.name
    guard size > 0 else {
      collector.artifact.files = [FileRecord(path: name, kind: .other, weight: .zero)]
      return
    }
    let bytes: ByteSource
    do { bytes = try ByteSource(mapping: path) } catch { throw InspectionError(error) }
    let scanner = BinaryScanner(path: name, map: nil, bytes: bytes, workers: workers)
    let record = try await scanner.scan(into: &collector)
    collector.artifact.kind = record.kind
    collector.artifact.files = [record]
  }
}

/// An input that can't be inspected.
public struct InspectionError: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// The message.
  public let description: String
  /// A broken or missing input, or a full disk.
  public let exitStatus: ExitStatus

  init(_ error: ArchiveError) {
    description = "\(error)"
    if case .noSpace = error { exitStatus = .diskFull } else { exitStatus = .badInput }
  }

  init(_ error: BinaryFormatError) {
    description = "\(error)"
    exitStatus = .badInput
  }

  init(_ message: String) {
    description = message
    exitStatus = .badInput
  }
}

/// What kind of archive a file is.
enum ArchiveKind {
  case zip(isWheel: Bool)
  case tarball

  /// Tells by the first 512 bytes and, for tar archives that are compressed, by the name.
  init?(_ start: [UInt8], name: String) {
    if start.starts(with: [0x50, 0x4B, 3, 4]) || start.starts(with: [0x50, 0x4B, 5, 6]) {
      self = .zip(isWheel: name.hasSuffix(".whl"))
      return
    }
    let isTar = start.count >= 262 && start[257..<262].elementsEqual("ustar".utf8)
    let compressed: [[UInt8]] = [
      [0x1F, 0x8B], [0xFD, 0x37, 0x7A, 0x58, 0x5A], [0x28, 0xB5, 0x2F, 0xFD], [0x42, 0x5A, 0x68],
    ]
    let endings = [".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.bz2", ".tbz2"]
    let isNamed = endings.contains { name.lowercased().hasSuffix($0) }
    guard isTar || (isNamed && compressed.contains { start.starts(with: $0) }) else { return nil }
    self = .tarball
  }

  var fileKind: FileKind {
    switch self {
    case .zip(let isWheel): isWheel ? .wheel : .zip
    case .tarball: .tarball
    }
  }
}

/// The files that a path stands for.
enum FolderListing {
  /// A file itself; of a folder, the files in it with their paths from there, without following links.
  static func files(_ path: FilePath) throws -> [(name: String, path: FilePath)] {
    let status: Stat
    do { status = try Stat(path) } catch {
      throw InspectionError("'\(path)' cannot be read: \(error)")
    }
    guard status.type == .directory else { return [(path.lastComponent?.string ?? path.string, path)] }
    let isRelease = isOurs(path.appending("manifest.json"))
    guard let walker = FileManager.default.enumerator(atPath: path.string) else {
      throw InspectionError("folder '\(path)' cannot be read")
    }
    var files: [(String, FilePath)] = []
    while let name = walker.nextObject() as? String {
      let file = path.appending(name)
      guard let status = try? Stat(file, followTargetSymlink: false), status.type == .regular else {
        continue
      }
      if isRelease, ReleaseManifest.companions.contains(name) { continue }
      files.append((name, file))
    }
    guard !files.isEmpty else { throw InspectionError("folder '\(path)' holds no files") }
    return files.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
  }

  private static func isOurs(_ manifest: FilePath) -> Bool {
    guard let data = FileManager.default.contents(atPath: manifest.string) else { return false }
    return (try? JSONDecoder().decode(ReleaseManifest.self, from: data)) != nil
  }
}
