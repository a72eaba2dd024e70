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
  /// How long a file may take to start or load before it counts as hanging.
  var patience = Duration.seconds(60)

  /// A file that may be packed.
  struct Candidate: Sendable {
    let name: String
    let path: FilePath
    let isProgram: Bool
    /// Folders in which a library's own libraries are found when it is tried out.
    let libraryFolders: [FilePath]
  }

  /// Finds UPX, before anything is built.
  ///
  /// - Throws: ``ToolExecution/ToolError/notFound(_:hint:)``.
  static func locate(_ locator: ToolLocator) throws -> FilePath {
    try locator.require(
      "upx",
      "upx-ucl",
      hint: "run ci/setup, or install UPX 4.1 or newer, or leave --upx out"
    )
  }

  /// Packs what the scope names.
  ///
  /// - Returns: the path to ship by name, for packed files only, and a record of every file looked at.
  /// - Throws: ``ToolExecution/ToolError/notFound(_:hint:)`` without UPX, `ToolError` when the disk is full; a file that
  ///   can't be packed is no error.
  func pack(_ files: [Candidate]) async throws -> (
    packed: [String: FilePath], records: [ReleaseManifest.UPXRecord]
  ) {
    guard scope != .none else { return ([:], []) }
    let upx = try Self.locate(locator)
    listener.began("pack with UPX")
    // Libraries first, so that programs are tried out with what they will find beside them.
    let libraries = scope == .all ? files.filter { !$0.isProgram } : []
    let programs = files.filter(\.isProgram)
    let packer = UPXPacker(upx: upx, workspace: workspace, runner: runner, workers: Machine.jobs())
    var records = try await packer.pack(libraries + programs)
    try await tryOut(libraries, programs, of: files, packer: packer, records: &records)

    let packed = records.filter { $0.keptBecause == nil }
    let saved = packed.reduce(ByteCount.zero) { $0 + ($1.deflatedBefore - $1.deflatedAfter) }
    listener.ended("\(packed.count) of \(records.count) files packed, \(saved) bytes saved in archives")
    return (Dictionary(uniqueKeysWithValues: packed.map { ($0.file, packer.result($0.file)) }), records)
  }

  /// Loads or starts every packed file in a folder that looks like the one it will be installed to.
  private func tryOut(
    _ libraries: [Candidate],
    _ programs: [Candidate],
    of files: [Candidate],
    packer: UPXPacker,
    records: inout [ReleaseManifest.UPXRecord]
  ) async throws {
    let trial = UPXTrial(
      runner: runner,
      python: locator.find("python3") ?? locator.find("python"),
      patience: patience
    )
    let folder = try TrialFolder(workspace.stage.appending("upx/set"))
    for file in files { try folder.put(file.path, as: file.name) }

    func tryOut(_ file: Candidate, _ record: inout ReleaseManifest.UPXRecord) async throws {
      guard record.keptBecause == nil else { return }
      try folder.put(packer.result(file.name), as: file.name)
      switch try await trial.compare(file, with: folder.path.appending(file.name)) {
      case .same(let before, let after): (record.loadSecondsBefore, record.loadSecondsAfter) = (before, after)
      case .different(let reason):
        try folder.put(file.path, as: file.name)
        record.keep(reason)
      }
    }
    for (index, file) in libraries.enumerated() { try await tryOut(file, &records[index]) }
    // A library that loads may still not do its work.
    let isPacked = records.prefix(libraries.count).contains { $0.keptBecause == nil }
    if isPacked, let victim = try await firstBroken(of: programs, in: folder, trial: trial) {
      for (index, file) in libraries.enumerated() where records[index].keptBecause == nil {
        try folder.put(file.path, as: file.name)
        records[index].keep("\(victim) does not work with packed libraries")
      }
    }
    for (index, file) in programs.enumerated() { try await tryOut(file, &records[libraries.count + index]) }
  }

  /// The first program, not packed, that answers otherwise beside the files of a folder than at its own place.
  private func firstBroken(of programs: [Candidate], in folder: TrialFolder, trial: UPXTrial) async throws
    -> String?
  {
    for program in programs {
      switch try await trial.compare(program, with: folder.path.appending(program.name)) {
      case .same, .different(UPXTrial.untried): continue
      case .different: return program.name
      }
    }
    return nil
  }
}

/// A folder with hard links to files as they will lie beside each other.
private struct TrialFolder {
  let path: FilePath

  init(_ path: FilePath) throws {
    self.path = path
    try? FileManager.default.removeItem(atPath: path.string)
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
  }

  /// Not a symbolic link: a program's `$ORIGIN` is where the file itself lies.
  func put(_ file: FilePath, as name: String) throws {
    let target = path.appending(name).string
    try? FileManager.default.removeItem(atPath: target)
    do {
      try FileManager.default.linkItem(atPath: file.string, toPath: target)
    } catch {
      try FileManager.default.copyItem(atPath: file.string, toPath: target)
    }
  }
}

extension ReleaseManifest.UPXRecord {
  /// Notes that the original ships.
  mutating func keep(_ reason: String) {
    (after, deflatedAfter, keptBecause) = (before, deflatedBefore, reason)
  }
}
