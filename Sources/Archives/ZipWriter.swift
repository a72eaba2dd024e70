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
  }

  /// zlib's level, 1 to 9.
  public var level: Int32
  /// Compressions at once.
  public var workers = ProcessInfo.processInfo.activeProcessorCount
  /// The time every member gets, seconds since 1970; before 1980 counts as 1980.
  public var timestamp: Int64 = 0

  /// Makes a writer with a worker per core and the format's first day as time.
  ///
  /// - Parameter level: zlib's level; the default is the best trade of time for bytes on kernels.
  public init(level: Int32? = nil) { self.level = level ?? Deflate.level }

  /// Writes an archive; the file appears under its name only when it is complete.
  ///
  /// - Parameters:
  ///   - members: in the order they are written.
  ///   - last: makes one more member from what was written, such as a list of digests.
  /// - Returns: what was written for each member, the last one included.
  /// - Throws: ``ArchiveError``, whatever `last` throws, `CancellationError`; no file is left behind then.
  public func write(
    _ members: [Member],
    to path: FilePath,
    last: (([Written]) throws -> Member)? = nil
  ) async throws -> [Written] {
    try ArchiveName.checkAll(members.map(\.name))
    let file = try ZipFile(path, time: ZipFile.dosTime(timestamp))
    var written: [Written] = []
    for member in members { written.append(try await append(member, to: file)) }
    if let last {
      let member = try last(written)
      try ArchiveName.checkAll(members.map(\.name) + [member.name])
      written.append(try await append(member, to: file))
    }
    try file.finish()
    return written
  }

  private func append(_ member: Member, to file: ZipFile) async throws -> Written {
    let data =
      switch member.content {
      case .file(let path): try FileContent(path).data
      case .bytes(let bytes): Data(bytes)
      }
    try file.beginMember(member.name, isExecutable: member.isExecutable)
    async let digest = Self.digest(of: data)
    let ranges = Deflate.chunks(of: data.count)
    var crc: UInt = 0
    // Pieces come back in any order and are written in theirs; only a few are held at a time.
    try await withThrowingTaskGroup(of: (Int, Deflate.Piece).self) { group in
      var started = 0
      var next = 0
      var waiting: [Int: Deflate.Piece] = [:]
      func startOne() {
        guard started < ranges.count else { return }
        let (index, level) = (started, level)
        started += 1
        group.addTask { (index, try Deflate.compress(data, ranges[index], level: level)) }
      }
      for _ in 0..<max(1, workers * 2) { startOne() }
      while let (index, piece) = try await group.next() {
        try Task.checkCancellation()
        waiting[index] = piece
        while let ready = waiting.removeValue(forKey: next) {
          crc = Deflate.combine(crc, ready.crc, rightCount: ready.inputCount)
          try file.append(ready.bytes)
          next += 1
          startOne()
        }
      }
    }
    let compressed = try file.endMember(data: data, crc: UInt32(truncatingIfNeeded: crc))
    return Written(
      name: member.name,
      byteCount: Int64(data.count),
      compressedByteCount: compressed,
      sha256: await digest
    )
  }

  private static func digest(of data: Data) async -> SHA256Digest {
    var hasher = SHA256Digest.Hasher()
    data.withUnsafeBytes { hasher.update($0) }
    return hasher.finish()
  }
}
