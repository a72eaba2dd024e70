import Archives
import SystemPackage

/// Reads a tarball for the rules, member by member; nothing is written where it says.
struct TarballReader {
  let file: String
  let path: FilePath
  let buildFolders: [String]
  /// The most bytes that are unpacked: PyPI's ratio, or what any release has, whichever is more.
  let limit: Int64

  /// Reads everything; what is hostile or broken becomes a finding.
  ///
  /// - Throws: ``VerificationError/scratch(_:_:)``, `CancellationError`.
  func read() throws -> WheelReader.Result {
    var result = WheelReader.Result(contents: ArchiveContents(file: file), findings: [])
    var scanner = MemberScanner(buildFolders: buildFolders)
    var total: Int64 = 0
    do {
      try ArchiveReader(path).members { raw, pieces in
        var member = ArchiveContents.Member(
          name: raw.name,
          kind: raw.kind,
          mode: raw.mode,
          byteCount: raw.byteCount,
          time: raw.time,
          sha256: nil
        )
        if raw.isSparse { result.findings.append(Finding(.sdistSparse, in: file, at: raw.name, "it has holes")) }
        if raw.kind == .file {
          var digest = StreamDigest()
          scanner.begin(raw.name)
          try pieces { piece in
            total += Int64(piece.count)
            guard total <= limit else { throw Bomb() }
            digest.add(piece)
            try scanner.take(piece)
          }
          member.sha256 = digest.finish()
          try scanner.end(into: &result.contents)
        }
        result.contents.members.append(member)
      }
      try ArchiveReader(path).checkIntegrity()
    } catch is Bomb {
      result.findings.append(
        Finding(.zipBomb, in: file, "it unpacks to more than \(limit) bytes; the rest was not read")
      )
    } catch let error as ArchiveError {
      guard case .broken(_, let why) = error else { throw error }
      result.findings.append(Finding(.memberBytes, in: file, why))
    }
    return result
  }

  private struct Bomb: Error {}
}
