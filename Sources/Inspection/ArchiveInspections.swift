import Archives
import BinaryFormats
import Inventory
import ReleaseModel
import SystemPackage

/// Limits on what an archive may ask of the machine.
enum UnpackingLimits {
  /// The largest member that is unpacked.
  static let member: Int64 = 16 << 30
  /// More bytes than a compressed member's times this are nobody's library.
  static let ratio: Int64 = 500
  /// Below this a ratio doesn't matter.
  static let harmless: Int64 = 64 << 20

  /// Whether a member of these sizes is left packed.
  static func isBomb(_ bytes: Int64, compressed: Int64) -> Bool {
    bytes > member || (bytes > harmless && bytes / ratio > compressed)
  }

  static func message(_ name: String, _ bytes: Int64) -> String {
    "member '\(KernelTable.short(name))' promises \(ByteCount(bytes)) bytes and is left packed; it looks like a bomb"
  }
}

/// Inspects a zip archive: a wheel.
struct ZipInspection {
  let path: FilePath
  let workers: Int

  func inspect(into collector: inout ArtifactCollector) async throws {
    let listing: ZipListing
    do { listing = try ZipListing(path) } catch {
      collector.tell("broken", .error, "\(error)")
      collector.artifact.files = [
        FileRecord(
          unread: collector.artifact.name,
          bytes: collector.artifact.bytes.bytes,
          archived: collector.artifact.bytes.bytes
        )
      ]
      return
    }
    let shares = layOut(listing, into: &collector)
    NameCheck.check(listing.members.map(\.name), into: &collector)
    let reader = try MemberReader(listing)
    for (index, member) in listing.members.enumerated() where !member.isFolder {
      try Task.checkCancellation()
      collector.artifact.files.append(
        try await record(member, reader, share: shares[index], into: &collector)
      )
    }
    Doubles.find(listing, reader, into: &collector)
  }

  /// Gives every byte of the archive to a member or to its structure.
  private func layOut(_ listing: ZipListing, into collector: inout ArtifactCollector) -> [Int64] {
    enum Part {
      case data(Int)
      case structure(String)
    }
    var claims = Claims<Part>(count: Int(listing.byteCount))
    func range(_ range: Range<Int64>) -> Range<Int> { Int(range.lowerBound)..<Int(range.upperBound) }
    for (index, member) in listing.members.enumerated() {
      claims.claim(range(member.header), .structure("local headers"))
      claims.claim(range(member.data), .data(index))
    }
    claims.claim(range(listing.directory), .structure("central directory"))
    claims.claim(range(listing.end), .structure("end of central directory"))
    let (pieces, overlap) = claims.pieces()
    if overlap > 0 {
      collector.tell(
        "overlap",
        .error,
        "members share \(ByteCount(overlap)) bytes of the archive; it looks like a bomb"
      )
    }
    var shares = [Int64](repeating: 0, count: listing.members.count)
    var structure: [String: Int64] = [:]
    for piece in pieces {
      switch piece.owner {
      case .data(let index)?: shares[index] += Int64(piece.range.count)
      case .structure(let name)?: structure[name, default: 0] += Int64(piece.range.count)
      case nil: structure["between members", default: 0] += Int64(piece.range.count)
      }
    }
    // Folders have no bytes, but nobody keeps them from having some.
    for (index, member) in listing.members.enumerated() where member.isFolder && shares[index] > 0 {
      structure["data of folders", default: 0] += shares[index]
    }
    collector.artifact.structure = structure.map { Row($0.key, $0.value) }
      .sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
    return shares
  }

  private func record(
    _ member: ZipListing.Member,
    _ reader: MemberReader,
    share: Int64,
    into collector: inout ArtifactCollector
  ) async throws -> FileRecord {
    var record = FileRecord(unread: member.name, bytes: member.byteCount, archived: share)
    if member.isLink {
      record.kind = .link
      let target = member.byteCount <= 4096 ? try? reader.prefix(of: member, count: 4096) : nil
      record.target = target.map { String(decoding: $0, as: UTF8.self) }
      collector.tell(
        "symlink",
        .warning,
        "'\(member.name)' is a symbolic link to '\(record.target ?? "?")', which pip installs as a text file"
      )
      return record
    }
    guard member.byteCount > 0 else { return record }
    guard ZipListing.canRead(member) else {
      let why = member.isEncrypted ? "encrypted" : "compressed by method \(member.method)"
      collector.tell("packed", .warning, "member '\(member.name)' is \(why) and is not looked into")
      return record
    }
    guard !UnpackingLimits.isBomb(member.byteCount, compressed: member.compressedByteCount) else {
      collector.tell(
        "bomb",
        .error,
        UnpackingLimits.message(member.name, member.byteCount),
        bytes: member.byteCount
      )
      return record
    }
    do {
      let start = try reader.prefix(of: member, count: BinaryScanner.sniffCount)
      guard BinaryScanner.sniff(start) != .other else { return record }
      let spool = try SpoolFile()
      let map = try reader.read(member) { try spool.append($0) }
      return try await scan(spool, member.name, map.scaled(to: share), workers, into: &collector)
    } catch ArchiveError.broken(_, let why) {
      collector.tell("broken", .error, why)
      return record
    }
  }
}

/// Looks through a member that was unpacked.
func scan(
  _ spool: SpoolFile,
  _ name: String,
  _ map: CompressionMap,
  _ workers: Int,
  into collector: inout ArtifactCollector
) async throws -> FileRecord {
  let mapped: MappedFile
  do { mapped = try MappedFile(descriptor: spool.descriptor, path: FilePath(name)) } catch {
    throw InspectionError(error)
  }
  return try await BinaryScanner(path: name, map: map, bytes: mapped.bytes, workers: workers)
    .scan(into: &collector)
}

/// Inspects a tar archive.
struct TarballInspection {
  let path: FilePath
  let workers: Int

  private struct Found {
    var name: String
    var start: Int64
    var spool: SpoolFile?
    var digest: SHA256Digest?
    var record: FileRecord
  }

  func inspect(into collector: inout ArtifactCollector) async throws {
    var found: [Found] = []
    var names: [String] = []
    var told = collector
    var end = collector.artifact.bytes.bytes
    var isBroken = false
    do {
      // Small blocks, so that the place in the compressed file is known well.
      end = try ArchiveReader(path, blockSize: 1 << 14).members { member, data in
        names.append(member.name)
        guard let one = try take(member, data, into: &told) else { return }
        found.append(one)
      }
    } catch ArchiveError.broken(_, let why) {
      told.tell("broken", .error, "'\(path.lastComponent?.string ?? "")' cannot be read to its end: \(why)")
      isBroken = true
    }
    collector = told
    NameCheck.check(names, into: &collector)
    // Where a member begins in the compressed file is known in steps; the last one ends where the reading ended.
    let size = collector.artifact.bytes.bytes
    var place: Int64 = 0
    var shares: [Int64] = []
    for index in found.indices {
      let next = index + 1 < found.count ? found[index + 1].start : isBroken ? found[index].start : end
      let border = min(max(next, place), size)
      shares.append(border - place)
      place = border
    }
    if size > place {
      collector.artifact.structure = [Row(isBroken ? "not read" : "behind the last member", size - place)]
    }
    var first: [SHA256Digest: String] = [:]
    for (index, one) in found.enumerated() {
      var record = one.record
      let original = one.digest.flatMap { first[$0] }
      if let digest = one.digest, original == nil { first[digest] = one.name }
      record.weight.archivedBytes = ByteCount(shares[index])
      if let spool = one.spool, spool.byteCount > 0 {
        let map = CompressionMap(unpacked: spool.byteCount, compressed: shares[index])
        record = try await scan(spool, one.name, map, workers, into: &collector)
      } else {
        record.sections = [SectionRow(name: "content", category: .content, weight: record.weight)]
      }
      record.sameAs = original
      collector.artifact.files.append(record)
    }
  }

  /// Reads one member: to a file without a name if there is something to look into.
  private func take(
    _ member: ArchiveReader.RawMember,
    _ data: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void,
    into collector: inout ArtifactCollector
  ) throws -> Found? {
    let promised = member.kind == .file ? max(0, member.byteCount) : 0
    var found = Found(
      name: member.name,
      start: member.start,
      record: FileRecord(unread: member.name, bytes: promised, archived: 0)
    )
    switch member.kind {
    case .folder: return nil
    case .link(let target), .hardLink(let target):
      found.record.kind = .link
      found.record.target = target
      if case .link = member.kind, !MemberName.staysInside(member.name, target: target) {
        collector.tell(
          "path",
          .error,
          "'\(KernelTable.short(member.name))' is a symbolic link to '\(KernelTable.short(target))', which leaves the folder"
        )
      }
      return found
    case .special:
      collector.tell("device", .error, "'\(KernelTable.short(member.name))' is a device, pipe or socket")
      return found
    case .file: break
    }
    guard promised <= UnpackingLimits.member else {
      collector.tell("bomb", .error, UnpackingLimits.message(member.name, promised), bytes: promised)
      throw ArchiveError.broken(path, why: "a member of it looks like a bomb")
    }
    let size = try WindowedFile(path).byteCount
    var isFirst = true
    var count: Int64 = 0
    let digest = SHA256Digest.Stream()
    try data { bytes in
      count += Int64(bytes.count)
      if count > UnpackingLimits.harmless, count / UnpackingLimits.ratio > size {
        collector.tell("bomb", .error, UnpackingLimits.message(member.name, promised), bytes: count)
        throw ArchiveError.broken(path, why: "it looks like a bomb")
      }
      if isFirst, BinaryScanner.sniff(bytes) != .other { found.spool = try SpoolFile() }
      isFirst = false
      digest.update(bytes)
      try found.spool?.append(bytes)
    }
    if count > 0 { found.digest = digest.finish() }
    return found
  }
}

extension FileRecord {
  /// A member that isn't looked into.
  init(unread path: String, bytes: Int64, archived: Int64? = nil) {
    let weight = Weight(bytes: bytes, archivedBytes: archived)
    self.init(path: path, kind: .other, weight: weight)
    if bytes > 0 || (archived ?? 0) > 0 {
      sections = [SectionRow(name: "content", category: .content, weight: weight)]
    }
  }
}

extension CompressionMap {
  /// The map with another end: that of a member whose bytes are partly another's.
  func scaled(to share: Int64) -> CompressionMap {
    var map = self
    map.limit(to: share)
    return map
  }
}

/// Names that unpackers trip over.
enum NameCheck {
  static func check(_ names: [String], into collector: inout ArtifactCollector) {
    var seen: Set<String> = []
    for name in names {
      if let problem = MemberName.problem(name) {
        collector.tell("path", .error, "member '\(KernelTable.short(name).printable)': \(problem)")
      }
      if !seen.insert(name).inserted {
        collector.tell("twice", .error, "member '\(KernelTable.short(name).printable)' is there twice")
      }
    }
  }
}

extension String {
  /// The text without control characters.
  var printable: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
      )
    )
  }
}

/// Members with the same content.
enum Doubles {
  /// Marks them; only those are read again whose sizes and checksums agree already.
  static func find(_ listing: ZipListing, _ reader: MemberReader, into collector: inout ArtifactCollector) {
    struct Key: Hashable {
      let crc: UInt32
      let bytes: Int64
    }
    let candidates = listing.members.filter {
      $0.byteCount > 0 && !$0.isFolder && ZipListing.canRead($0)
        && !UnpackingLimits.isBomb($0.byteCount, compressed: $0.compressedByteCount)
    }
    let groups = Dictionary(grouping: candidates) { Key(crc: $0.crc, bytes: $0.byteCount) }
    for group in groups.values where group.count > 1 {
      var first: [SHA256Digest: String] = [:]
      for member in group {
        guard let digest = try? reader.digest(of: member) else { continue }
        if let original = first[digest] {
          guard let index = collector.artifact.files.firstIndex(where: { $0.path == member.name }) else {
            continue
          }
          collector.artifact.files[index].sameAs = original
        } else {
          first[digest] = member.name
        }
      }
    }
  }
}
