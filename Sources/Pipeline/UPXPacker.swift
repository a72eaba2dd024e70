import Archives
import BinaryFormats
import Foundation
import ReleaseModel
import SystemPackage
import ToolExecution

/// Runs UPX and weighs what comes out; results are kept, since UPX takes a minute for 12 MB of kernels.
struct UPXPacker: Sendable {
  let upx: FilePath
  let workspace: Workspace
  let runner: ToolRunner
  /// How many files are packed at once: UPX itself uses one core.
  let workers: Int

  /// UPX itself refuses more than this (conf.h, `UPX_RSIZE_MAX` less its overhead).
  private static let sizeLimit = ByteCount(680_000_000)

  private var folder: FilePath { workspace.stage.appending("upx/packed") }

  /// Where the packed form of a file lies.
  func result(_ name: String) -> FilePath { folder.appending(name) }

  /// Packs files, each into a new file.
  ///
  /// - Returns: a record of each, in order, still without load times; `keptBecause` where packing failed or didn't pay.
  /// - Throws: ``ToolExecution/ToolError`` when the disk is full, `ArchiveError` and `BinaryFormatError` for a file that
  ///   can't be read.
  func pack(_ files: [UPXStage.Candidate]) async throws -> [ReleaseManifest.UPXRecord] {
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    return try await files.map(atOnce: workers) { try await record(of: $0) }
  }

  /// The record of an earlier run with the same file and the same UPX, or a new one.
  private func record(of file: UPXStage.Candidate) async throws -> ReleaseManifest.UPXRecord {
    let notes = folder.appending("\(file.name).json")
    let program = FilePath(URL(fileURLWithPath: upx.string).resolvingSymlinksInPath().path)
    var digest = InputDigest()
    digest.add("options", Self.options)
    digest.add(files: [file.path, program])
    let step = "upx-\(file.name)"
    if workspace.isCurrent(step, digest: digest.hex, products: [notes]),
      let data = FileManager.default.contents(atPath: notes.string),
      let record = try? JSONDecoder().decode(ReleaseManifest.UPXRecord.self, from: data),
      record.keptBecause != nil || (try? size(of: result(file.name))) == record.after
    {
      return record
    }
    workspace.markStale(step)
    let record = try await pack(file)
    if record.keptBecause != nil { try? FileManager.default.removeItem(atPath: result(file.name).string) }
    try JSONEncoder().encode(record).write(to: URL(fileURLWithPath: notes.string), options: .atomic)
    try workspace.markCurrent(step, digest: digest.hex)
    return record
  }

  /// `-q` leaves the progress bar out; `-qq` would leave out why a file is refused.
  private static let options = ["--best", "-q"]

  private func pack(_ file: UPXStage.Candidate) async throws -> ReleaseManifest.UPXRecord {
    let before = try size(of: file.path)
    let deflated = ByteCount(try await CompressedSize.deflated(file.path))
    var record = ReleaseManifest.UPXRecord(
      file: file.name,
      before: before,
      after: before,
      deflatedBefore: deflated,
      deflatedAfter: deflated,
      loadSecondsBefore: nil,
      loadSecondsAfter: nil,
      keptBecause: try obstacle(to: file, of: before)
    )
    guard record.keptBecause == nil else { return record }
    let target = result(file.name)
    try? FileManager.default.removeItem(atPath: target.string)
    do {
      try await runner.run(
        // The variable UPX holds options of the user's own.
        Invocation(
          upx.string,
          Self.options + ["-o", target.string, file.path.string],
          environment: ["UPX": nil]
        ),
        log: workspace.logs.appending("5-upx-\(file.name).log")
      )
    } catch let error as ToolError {
      guard case .failed(_, let outcome, _, let lines) = error, error.exitStatus != .diskFull else {
        throw error
      }
      record.keep(Self.reason(in: lines) ?? "UPX \(outcome)")
      return record
    }
    record.after = try size(of: target)
    record.deflatedAfter = ByteCount(try await CompressedSize.deflated(target))
    if record.deflatedAfter >= record.deflatedBefore {
      record.keep("in a wheel the packed file would take \(record.deflatedAfter) bytes")
    }
    return record
  }

  /// Why a file can't be packed, as far as can be told without trying.
  private func obstacle(to file: UPXStage.Candidate, of size: ByteCount) throws -> String? {
    if size > Self.sizeLimit { return "larger than UPX can pack" }
    // UPX unpacks a library from its initialiser, so there must be one (UPX NEWS, 3.05).
    if !file.isProgram, try ELFFile(file.path).dynamic?.hasInit != true { return "it has no DT_INIT" }
    return nil
  }

  /// What UPX says, without the file's path, which is nobody's business:
  /// `upx: /build/libx.so: CantPackException: need DT_INIT`.
  private static func reason(in lines: [String]) -> String? {
    lines.reversed().lazy.compactMap { $0.firstMatch(of: #/\w+Exception.*/#) }.first.map {
      "UPX: \($0.output)"
    }
  }

  private func size(of path: FilePath) throws -> ByteCount {
    let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
    return ByteCount((attributes[.size] as? NSNumber)?.int64Value ?? 0)
  }
}
