import Archives
import BinaryFormats
import Foundation
import ReleaseModel
import SystemPackage
import ToolExecution

/// Packs files with UPX where that makes the wheel smaller and the result still works; keeps the original otherwise.
struct UPXStage: Sendable {
  let scope: UPXScope
  let workspace: Workspace
  let runner: ToolRunner
  let locator: ToolLocator
  let listener: any ProgressListener

  /// A file that may be packed.
  struct Candidate: Sendable {
    let name: String
    let path: FilePath
    let isProgram: Bool
    /// Folders in which the file's libraries are found when it is tried out.
    let libraryFolders: [FilePath]
  }

  /// UPX itself refuses more than this (conf.h, `UPX_RSIZE_MAX` less its overhead).
  private static let sizeLimit: Int64 = 680_000_000

  /// Finds UPX.
  ///
  /// - Throws: ``ToolExecution/ToolError/notFound(_:hint:)``.
  static func locate(_ locator: ToolLocator) throws -> FilePath {
    try locator.require("upx", "upx-ucl", hint: "apt install upx-ucl (4.2 or newer), or leave --upx out")
  }

  /// Packs what the scope names.
  ///
  /// - Returns: the path to ship by name, for packed files only, and a record of every file looked at.
  /// - Throws: ``ToolExecution/ToolError/notFound(_:hint:)`` without UPX; a file that can't be packed is no error.
  func pack(_ files: [Candidate]) async throws -> (
    packed: [String: FilePath], records: [ReleaseManifest.UPXRecord]
  ) {
    guard scope != .none else { return ([:], []) }
    let upx = try Self.locate(locator)
    let folder = workspace.stage.appending("upx")
    try? FileManager.default.removeItem(atPath: folder.string)
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    listener.began("pack with UPX")
    var packed: [String: FilePath] = [:]
    var records: [ReleaseManifest.UPXRecord] = []
    for file in files where file.isProgram || scope == .all {
      let record = try await pack(file, with: upx, into: folder)
      records.append(record)
      if record.keptBecause == nil { packed[file.name] = folder.appending(file.name) }
    }
    let saved = records.reduce(Int64(0)) { $0 + $1.deflatedBefore.bytes - $1.deflatedAfter.bytes }
    listener.ended(
      "\(packed.count) of \(records.count) files packed, \(ByteCount(saved)) bytes saved in archives"
    )
    return (packed, records)
  }

  private func pack(_ file: Candidate, with upx: FilePath, into folder: FilePath) async throws
    -> ReleaseManifest.UPXRecord
  {
    let target = folder.appending(file.name)
    let before = try size(of: file.path)
    let deflatedBefore = ByteCount(try await CompressedSize.deflated(file.path))
    var record = ReleaseManifest.UPXRecord(
      file: file.name,
      before: before,
      after: before,
      deflatedBefore: deflatedBefore,
      deflatedAfter: deflatedBefore,
      loadSecondsBefore: nil,
      loadSecondsAfter: nil,
      keptBecause: nil
    )
    func keep(_ reason: String) -> ReleaseManifest.UPXRecord {
      try? FileManager.default.removeItem(atPath: target.string)
      record.keptBecause = reason
      return record
    }
    if before.bytes > Self.sizeLimit { return keep("larger than UPX can pack") }
    // UPX unpacks a library from its initialiser, so there must be one (UPX NEWS, 3.05).
    if !file.isProgram, try ELFFile(file.path).dynamic?.hasInit != true { return keep("it has no DT_INIT") }
    do {
      try await runner.run(
        Invocation(upx.string, ["--best", "-q", "-o", target.string, file.path.string]),
        log: workspace.logs.appending("5-upx-\(file.name).log")
      )
    } catch ToolError.failed(_, _, _, let lines) {
      return keep("UPX: \(lines.last { $0.contains("Exception") } ?? lines.last ?? "failed")")
    }
    let after = try size(of: target)
    let deflatedAfter = ByteCount(try await CompressedSize.deflated(target))
    guard deflatedAfter < deflatedBefore else { return keep("the archive would not get smaller") }
    guard let secondsBefore = try await loadSeconds(of: file, at: file.path) else {
      return keep("the original could not be tried out on this machine")
    }
    guard let secondsAfter = try await loadSeconds(of: file, at: target) else {
      return keep("the packed file does not load")
    }
    record.after = after
    record.deflatedAfter = deflatedAfter
    record.loadSecondsBefore = secondsBefore
    record.loadSecondsAfter = secondsAfter
    return record
  }

  /// Seconds until a program has printed its version, or a library is loaded; `nil` when it can't.
  private func loadSeconds(of file: Candidate, at path: FilePath) async throws -> Double? {
    let libraries = ([path.removingLastComponent()] + file.libraryFolders).map(\.string).joined(
      separator: ":"
    )
    let call: Invocation
    if file.isProgram {
      // $ORIGIN of a packed program in another folder isn't where its libraries lie.
      call = Invocation(path.string, ["--version"], environment: ["LD_LIBRARY_PATH": libraries])
    } else {
      let python = try locator.require(
        "python3",
        "python",
        hint: "Python loads packed libraries to try them out"
      )
      let program = "import ctypes, sys; ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_LOCAL)"
      call = Invocation(
        python.string,
        ["-c", program, path.string],
        environment: ["LD_LIBRARY_PATH": libraries]
      )
    }
    var best: Double?
    for _ in 0..<3 {
      let start = ContinuousClock.now
      do { try await runner.run(call) } catch is ToolError { return nil }
      let elapsed = start.duration(to: .now).components
      let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
      best = min(best ?? seconds, seconds)
    }
    return best.map { ($0 * 10_000).rounded() / 10_000 }
  }

  private func size(of path: FilePath) throws -> ByteCount {
    let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
    return ByteCount((attributes[.size] as? NSNumber)?.int64Value ?? 0)
  }
}
