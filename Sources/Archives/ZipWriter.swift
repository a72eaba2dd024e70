import Foundation
public import SystemPackage

/// Writes zip archives as package indexes want them: sizes and checksums in front of every member, nothing else.
///
/// libarchive's zip writer puts them behind the members (data descriptors), which PyPI refuses. The format is
/// PKWARE's APPNOTE 6.3; the rules are those of warehouse's `utils/zipfiles.py`. The same input gives the same bytes on
/// any number of cores.
public struct ZipWriter: Sendable {
  /// One member.
  public struct Member: Sendable {
    /// Where a member's bytes come from.
    public enum Content: Sendable {
      /// A file on disk.
      case file(FilePath)
      /// Bytes in memory.
      case bytes([UInt8])
    }

    /// Its path in the archive.
    public var name: String
    /// Its bytes.
    public var content: Content
    /// Whether it gets mode 0755 instead of 0644.
    public var isExecutable: Bool

    /// Makes a member.
    public init(name: String, content: Content, isExecutable: Bool = false) {
      self.name = name
      self.content = content
      self.isExecutable = isExecutable
    }
  }

  /// What was written for a member.
  public struct Written: Sendable, Hashable {
    /// Its path in the archive.
    public let name: String
    /// Its bytes as unpacked.
    public let byteCount: Int64
    /// Its bytes in the archive.
    public let compressedByteCount: Int64
    /// The digest of its bytes as unpacked.
    public let sha256: SHA256Digest
    /// Its deflated bytes, for another archive; `nil` when it is stored as it is.
    public let deflated: DeflatedFile?
  }

  /// libdeflate's level, 1 to 12.
  public var level: Int32
  /// Compressions at once.
  public var workers = ProcessInfo.processInfo.activeProcessorCount
  /// The time every member gets, seconds since 1970; before 1980 counts as 1980.
  public var timestamp: Int64 = 0

  /// Makes a writer with a worker per core and the format's first day as time.
  ///
  /// - Parameter level: libdeflate's level; the default is the best trade of time for bytes on kernels.
  public init(level: Int32? = nil) { self.level = level ?? Deflate.level }

  /// Writes an archive; the file appears under its name only when it is complete.
  ///
  /// - Parameters:
  ///   - members: in the order they are written.
  ///   - deflated: files that an archive of ours already holds, by path.
  ///   - last: makes one more member from what was written, such as a list of digests.
  /// - Returns: what was written for each member, the last one included.
  /// - Throws: ``ArchiveError``, whatever `last` throws, `CancellationError`; no file is left behind then.
  public func write(
    _ members: [Member],
    to path: FilePath,
    reusing deflated: [FilePath: DeflatedFile] = [:],
    last: (([Written]) throws -> Member)? = nil
  ) async throws -> [Written] {
    try ArchiveName.checkAll(members.map(\.name))
    let file = try ZipFile(path, time: ZipFile.dosTime(timestamp))
    var written = try await append(members, to: file, path, reusing: deflated)
    if let last {
      let member = try last(written)
      try ArchiveName.checkAll(members.map(\.name) + [member.name])
      written += try await append([member], to: file, path, reusing: [:])
    }
    try file.finish()
    return written
  }

  /// Compresses the chunks of all members side by side, so that many small files keep every core busy too.
  private func append(
    _ members: [Member],
    to file: ZipFile,
    _ path: FilePath,
    reusing deflated: [FilePath: DeflatedFile]
  ) async throws -> [Written] {
    let contents = try members.map { try $0.content.data() }
    let work = contents.indices.flatMap { index in
      DeflateWork.all(for: members[index].content, contents[index], reusing: deflated).map {
        (member: index, work: $0)
      }
    }
    var written: [Written] = []
    var crc: UInt32 = 0
    var digest = SHA256Digest.Stream()
    try await OrderedWork(workers: workers).run(work.count) { [level] number in
      try work[number].work.piece(level: level)
    } take: { number, piece in
      let (member, data, range) = (
        members[work[number].member], contents[work[number].member], work[number].work.range
      )
      if range.lowerBound == 0 {
        try file.beginMember(member.name, isExecutable: member.isExecutable)
        (crc, digest) = (0, SHA256Digest.Stream())
      }
      data.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[range])) }
      crc = Deflate.combine(crc, piece.crc, rightCount: piece.inputCount)
      try file.append(piece.bytes)
      guard range.upperBound == data.count else { return }
      let place = try file.endMember(data: data, crc: crc)
      written.append(
        Written(
          name: member.name,
          byteCount: Int64(data.count),
          compressedByteCount: Int64(place.range.count),
          sha256: digest.finish(),
          deflated: place.isDeflated
            ? DeflatedFile(archive: path, range: place.range, crc: crc, byteCount: Int64(data.count)) : nil
        )
      )
    }
    return written
  }
}

extension ZipWriter.Member.Content {
  func data() throws(ArchiveError) -> Data {
    switch self {
    case .file(let path): try FileContent(path).data
    case .bytes(let bytes): Data(bytes)
    }
  }
}
