import BinaryFormats

/// The rules for the frame of a zip archive (Z06 to Z11), applied to its structure.
struct ZipFraming {
  let file: String
  let zip: ZipStructure

  var findings: [Finding] {
    names + memberFindings + records
  }

  /// A name for messages.
  static func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }

  private var names: [Finding] {
    var findings: [Finding] = []
    func check(_ names: [[UInt8]], _ place: String) {
      var seen: Set<[UInt8]> = []
      for name in names {
        let text = Self.text(name)
        if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
          findings.append(Finding(.zipNames, in: file, at: text, "a control character in \(place)"))
        }
        if String(validating: name, as: UTF8.self) == nil {
          findings.append(Finding(.zipNames, in: file, at: text, "no UTF-8 in \(place)"))
        }
        if !seen.insert(name).inserted {
          findings.append(Finding(.zipNames, in: file, at: text, "twice in \(place)"))
        }
      }
    }
    let (local, central) = (zip.locals.map(\.name), zip.centrals.map(\.name))
    check(local, "the headers in front of members")
    check(central.filter { !Set(local).contains($0) }, "the directory")
    var seen: Set<[UInt8]> = []
    for name in central where !seen.insert(name).inserted && local.filter({ $0 == name }).count < 2 {
      findings.append(Finding(.zipNames, in: file, at: Self.text(name), "twice in the directory"))
    }
    // A walk that stopped early says nothing about the rest.
    guard zip.stop == nil else { return findings }
    for name in Set(local).subtracting(central).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      findings.append(
        Finding(.zipNames, in: file, at: Self.text(name), "a member that is not in the directory")
      )
    }
    for name in Set(central).subtracting(local).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      findings.append(
        Finding(.zipNames, in: file, at: Self.text(name), "in the directory, but there is no such member")
      )
    }
    return findings
  }

  private var memberFindings: [Finding] {
    var findings: [Finding] = []
    var central: [[UInt8]: ZipCentralHeader] = [:]
    for header in zip.centrals { central[header.name] = header }
    for header in zip.locals {
      let name = Self.text(header.name)
      if header.hasDataDescriptor {
        findings.append(Finding(.dataDescriptor, in: file, at: name, "bit 3 is set"))
      }
      if let why = header.extraProblem { findings.append(Finding(.zipEnd, in: file, at: name, why)) }
      guard let twin = central[header.name], !header.hasDataDescriptor else { continue }
      let (here, there) = (header.fields, twin.fields)
      if here.compressed != there.compressed {
        let seen = "\(here.compressed) bytes in front, \(there.compressed) in the directory, compressed"
        findings.append(Finding(.zipSizes, in: file, at: name, seen))
      }
      if here.uncompressed != there.uncompressed {
        let seen = "\(here.uncompressed) bytes in front, \(there.uncompressed) in the directory, unpacked"
        findings.append(Finding(.zipSizes, in: file, at: name, seen))
      }
      if here.method != there.method || here.crc != there.crc || here.isEncrypted != there.isEncrypted {
        findings.append(
          Finding(.memberBytes, in: file, at: name, "its two headers differ in method, checksum or encryption")
        )
      }
      if Int(exactly: twin.localOffset) != header.offset, zip.locals.filter({ $0.name == header.name }).count == 1 {
        let seen = "the directory says byte \(twin.localOffset), it is at byte \(header.offset)"
        findings.append(Finding(.memberBytes, in: file, at: name, seen))
      }
    }
    for header in zip.centrals {
      let name = Self.text(header.name)
      if header.commentLength > 0 {
        findings.append(Finding(.memberComment, in: file, at: name, "\(header.commentLength) bytes"))
      }
      if let why = header.extraProblem {
        findings.append(Finding(.zipEnd, in: file, at: name, "in the directory: \(why)"))
      }
    }
    return findings
  }

  private var records: [Finding] {
    var findings: [Finding] = []
    if zip.archiveCommentLength > 0 {
      findings.append(Finding(.archiveComment, in: file, "\(zip.archiveCommentLength) bytes"))
    }
    if let stop = zip.stop {
      findings.append(
        Finding(.strayBytes, in: file, at: "byte \(stop.offset)", "no record begins there: \(stop.why)")
      )
      return findings
    }
    if zip.trailing > 0 {
      findings.append(Finding(.strayBytes, in: file, "\(zip.trailing) bytes behind the end"))
    }
    guard let plain = zip.end else { return findings }
    let end = zip.end64 ?? plain
    func report(_ seen: String) { findings.append(Finding(.zipEnd, in: file, "in the end record: \(seen)")) }
    if let problem = end.problem { report(problem) }
    if let record = zip.end64 {
      if zip.locator == nil { report("ZIP64's record has no locator") }
      if let locator = zip.locator, Int(exactly: locator) != record.offset {
        report("the locator says byte \(locator), ZIP64's record is at byte \(record.offset)")
      }
    } else if zip.locator != nil {
      report("a ZIP64 locator without its record")
    }
    if end.entries != UInt64(zip.centrals.count) {
      report("\(end.entries) members, there are \(zip.centrals.count)")
    }
    let start = zip.directoryStart ?? 0
    if Int(exactly: end.start) != start { report("directory at byte \(end.start), it is at byte \(start)") }
    let stop = zip.end64?.offset ?? plain.offset
    if Int(exactly: end.size) != stop - start {
      report("directory of \(end.size) bytes, it has \(stop - start)")
    }
    return findings
  }
}
