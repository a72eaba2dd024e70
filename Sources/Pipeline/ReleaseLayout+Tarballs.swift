import Archives
import Foundation
import Packaging
import Planning
import ReleaseModel
import SystemPackage
import Timeline
import ToolExecution

extension ReleaseLayout {
  /// Writes the tarballs of every parcel.
  ///
  /// All have one top folder, so that core and groups unpacked in one place fit together. gzip uses every core for one
  /// file; of the others, which use two, as many are written at once as the system has room for.
  func writeTarballs(
    _ parcels: [Parcel],
    reusing deflated: [FilePath: DeflatedFile],
    into folder: FilePath
  ) async throws -> [ReleaseManifest.Artifact] {
    let top = "\(project.name.normalized)-\(project.version)"
    let jobs = parcels.flatMap { parcel in spec.tarballs.map { (parcel, $0) } }
    return try await withThrowingTaskGroup(of: (Int, ReleaseManifest.Artifact).self) { group in
      var written: [(Int, ReleaseManifest.Artifact)] = []
      for (index, (parcel, format)) in jobs.enumerated() {
        let suffix = layout == .single ? "" : "-\(parcel.group?.name ?? "core")"
        let name = "\(top)\(suffix)-linux-x86_64-cuda\(plan.toolkit.version.major).tar.\(format.rawValue)"
        let write: @Sendable () async throws -> (Int, ReleaseManifest.Artifact) = {
          let path = folder.appending(name)
          return (index, try await tarball(parcel, format, top: top, reusing: deflated, to: path))
        }
        if format == .gzip { written.append(try await write()) } else { group.addTask(operation: write) }
      }
      for try await result in group { written.append(result) }
      return written.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func tarball(
    _ parcel: Parcel,
    _ format: TarballFormat,
    top: String,
    reusing deflated: [FilePath: DeflatedFile],
    to path: FilePath
  ) async throws -> ReleaseManifest.Artifact {
    var members = members(of: parcel, in: "\(top)/bin")
    members += licenses.map { ZipWriter.Member(name: "\(top)/licenses/\($0.name)", content: $0.content) }
    let compression: TarballWriter.Compression =
      switch format {
      case .gzip: .gzip
      case .xz: .xz
      case .zstd: .zstd
      }
    try await Span.measure(.archive, path.lastComponent?.string ?? "") {
      try await TarballWriter(compression: compression, timestamp: timestamp)
        .write(members, to: path, reusing: deflated)
    }
    let installed = try members.reduce(Int64(0)) { try $0 + $1.content.byteCount() }
    return artifact(try WrittenArchive(at: path, installed: installed), kind: "tarball", of: parcel)
  }
}
