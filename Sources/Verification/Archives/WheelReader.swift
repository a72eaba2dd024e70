import Archives
import BinaryFormats

/// Reads a zip archive for the rules: its frame, then each member's bytes once.
struct WheelReader {
  let file: String
  let bytes: ByteSource
  let buildFolders: [String]

  /// What came of it.
  struct Result: Sendable {
    var contents: ArchiveContents
    var findings: [Finding]
  }

  /// Reads everything; what is hostile or broken becomes a finding.
  ///
  /// Work and memory are bounded by the file: members are not unpacked past the sizes they say, those sizes are not
  /// believed when the archive looks like a bomb, and libraries are unpacked to a file.
  ///
  /// - Throws: ``VerificationError/scratch(_:_:)``, `CancellationError`.
  func read() throws -> Result {
    var result = Result(contents: ArchiveContents(file: file), findings: [])
    let isZip = bytes.count >= 22 && bytes.withUnsafeBytes { $0.starts(with: [0x50, 0x4B]) }
    let zip = ZipStructure(bytes)
    guard isZip || !zip.centrals.isEmpty else {
      result.findings = [Finding(.isZip, in: file, "it begins with no zip record, and has no directory")]
      return result
    }
    result.findings += ZipFraming(file: file, zip: zip).findings
    if Self.isTar(bytes) {
      result.findings.append(Finding(.isZip, in: file, "a tar header's magic stands at byte 257"))
    }
    let isBomb = checkRatio(of: zip, &result)
    var scanner = MemberScanner(buildFolders: buildFolders)
    var seen: Set<[UInt8]> = []
    for header in zip.centrals where seen.insert(header.name).inserted {
      try Task.checkCancellation()
      try read(header, of: zip, with: &scanner, skipping: isBomb, into: &result)
    }
    return result
  }

  private static func isTar(_ bytes: ByteSource) -> Bool {
    bytes.count > 512 && bytes.withUnsafeBytes { $0[257..<262].elementsEqual("ustar".utf8) }
  }

  /// PyPI's rule against bombs, on what the directory says.
  private func checkRatio(of zip: ZipStructure, _ result: inout Result) -> Bool {
    var total: UInt64 = 0
    for header in zip.centrals { total = total.addingReportingOverflow(header.fields.uncompressed).partialValue }
    let isHuge = zip.centrals.contains { $0.fields.uncompressed > 1 << 40 }
    guard isHuge || (total > 64 << 20 && total / 50 > UInt64(bytes.count)) else { return false }
    let seen = "\(total) bytes unpacked, \(bytes.count) in the archive; members are not unpacked"
    result.findings.append(Finding(.zipBomb, in: file, seen))
    return true
  }

  private func read(
    _ header: ZipCentralHeader,
    of zip: ZipStructure,
    with scanner: inout MemberScanner,
    skipping: Bool,
    into result: inout Result
  ) throws {
    let name = ZipFraming.text(header.name)
    let fields = header.fields
    var member = ArchiveContents.Member(
      name: name,
      kind: Self.kind(header),
      mode: header.unixMode.map { $0 & 0o7777 },
      byteCount: Int64(clamping: fields.uncompressed),
      time: Self.time(fields),
      sha256: nil
    )
    defer { result.contents.members.append(member) }
    func report(_ rule: Rule, _ seen: String) {
      result.findings.append(Finding(rule, in: file, at: name, seen))
    }
    let method: MemberStream.Method
    switch fields.method {
    case 0: method = .stored
    case 8: method = .deflated
    default: return report(.zipMethod, "method \(fields.method)")
    }
    guard !skipping else { return }
    guard !fields.isEncrypted else { return report(.memberBytes, "it is encrypted") }
    guard let data = Self.data(of: header, in: zip) else {
      return report(.memberBytes, "its bytes lie outside of the archive")
    }
    scanner.begin(name)
    let summary = try data.withUnsafeBytes { bytes in
      try MemberStream.read(bytes, method, limit: member.byteCount) { try scanner.take($0) }
    }
    // Of bytes that are not the member's, RECORD's digest says nothing.
    member.sha256 = summary.problem == nil ? summary.sha256 : nil
    if let problem = summary.problem {
      report(.memberBytes, problem)
    } else if summary.byteCount != member.byteCount {
      report(.memberBytes, "it unpacks to \(summary.byteCount) bytes and says \(member.byteCount)")
    } else if summary.crc != fields.crc {
      report(.memberBytes, "its checksum is wrong")
    }
    try scanner.end(into: &result.contents)
  }

  /// A member's bytes as stored, found by the directory's offset as most readers do.
  private static func data(of header: ZipCentralHeader, in zip: ZipStructure) -> ByteSource? {
    guard let offset = Int(exactly: header.localOffset), let count = Int(exactly: header.fields.compressed)
    else { return nil }
    var reader = ByteReader(zip.bytes)
    guard (try? reader.seek(to: offset)) != nil,
      (try? reader.read(UInt32.self)) == ZipLocalHeader.signature,
      let local = try? ZipLocalHeader(&reader), local.dataOffset <= zip.bytes.count - count
    else { return nil }
    return try? zip.bytes.slice(local.dataOffset..<local.dataOffset + count)
  }

  private static func kind(_ header: ZipCentralHeader) -> ArchiveReader.RawMember.Kind {
    if header.name.last == UInt8(ascii: "/") { return .folder }
    switch (header.unixMode ?? 0) & 0o170_000 {
    case 0, 0o100_000: return .file
    case 0o040_000: return .folder
    case 0o120_000: return .link("")
    default: return .special
    }
  }

  /// DOS date and time as one number to compare; nil when it is no date.
  private static func time(_ fields: ZipFields) -> Int64? {
    let (month, day) = (fields.date >> 5 & 15, fields.date & 31)
    let (hour, minute, second) = (fields.time >> 11, fields.time >> 5 & 63, (fields.time & 31) * 2)
    guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60 else {
      return nil
    }
    return Int64(fields.date) << 16 | Int64(fields.time)
  }
}
