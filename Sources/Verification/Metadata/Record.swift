import Archives
import Foundation

/// RECORD: the files of a wheel with their digests (PEP 376, PEP 427), read as Python's csv module does.
struct Record {
  struct Row: Hashable {
    let line: Int
    let name: String
    /// Nil in a row that breaks the format.
    let hash: String?
    let size: String
  }

  let rows: [Row]
  /// What breaks the format, with its line.
  let problems: [(line: Int, seen: String)]

  init(_ text: String) {
    var rows: [Row] = []
    var problems: [(Int, String)] = []
    for (line, fields) in Self.csv(text) {
      if fields == [""] { continue }
      guard fields.count == 3 else {
        problems.append((line, "\(fields.count) columns instead of 3"))
        if let name = fields.first { rows.append(Row(line: line, name: name, hash: nil, size: "")) }
        continue
      }
      rows.append(Row(line: line, name: fields[0], hash: fields[1], size: fields[2]))
    }
    self.rows = rows
    self.problems = problems
  }

  private static func csv(_ text: String) -> [(line: Int, fields: [String])] {
    var rows: [(Int, [String])] = []
    var fields: [String] = []
    var field = String.UnicodeScalarView()
    var (line, start, quoted, wasQuote, any) = (1, 1, false, false, false)
    func endField() {
      fields.append(String(field))
      field = .init()
    }
    for scalar in text.unicodeScalars {
      if quoted {
        if wasQuote {
          wasQuote = false
          if scalar == "\"" {
            field.append(scalar)
            continue
          }
          quoted = false
        } else if scalar == "\"" {
          wasQuote = true
          continue
        } else {
          if scalar == "\n" { line += 1 }
          field.append(scalar)
          continue
        }
      }
      switch scalar {
      case "\"" where field.isEmpty: quoted = true
      case ",": endField()
      case "\r": continue
      case "\n":
        endField()
        rows.append((start, fields))
        fields = []
        line += 1
        start = line
        any = false
        continue
      default: field.append(scalar)
      }
      any = true
    }
    if any || !field.isEmpty || !fields.isEmpty {
      endField()
      rows.append((start, fields))
    }
    return rows
  }
}

/// The rules for RECORD (R01 to R03).
struct RecordCheck {
  let contents: ArchiveContents
  /// The .dist-info folder.
  let info: String

  private static let digestLengths = ["sha256": 32, "sha384": 48, "sha512": 64]

  var findings: [Finding] {
    let place = "\(info)/RECORD"
    let file = contents.file
    guard contents.members.contains(where: { $0.name == place }) else {
      return [Finding(.recordFile, in: file, at: place, "missing")]
    }
    // Contents that could not be read were told as such already.
    guard let bytes = contents.texts[place] else { return [] }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return [Finding(.recordFile, in: file, at: place, "it is no UTF-8")]
    }
    let record = Record(text)
    var findings = record.problems.map { Finding(.recordFile, in: file, at: "\(place), line \($0.line)", $0.seen) }
    let unsigned: Set = ["\(info)/RECORD.jws", "\(info)/RECORD.p7s"]
    let files = Set(contents.members.filter { $0.kind != .folder }.map(\.name)).subtracting(unsigned)
    var listed: Set<String> = []
    for row in record.rows {
      let name = row.name.replacing("\\", with: "/")
      if !listed.insert(name).inserted {
        findings.append(Finding(.recordNames, in: file, at: "\(place), line \(row.line)", "'\(name)' a second time"))
      }
      if !files.contains(name), !unsigned.contains(name) {
        let seen = "'\(name)' is not in the wheel"
        findings.append(Finding(.recordNames, in: file, at: "\(place), line \(row.line)", seen))
      } else if let seen = problem(of: row, name) {
        findings.append(Finding(.recordHashes, in: file, at: "\(place), line \(row.line)", seen))
      }
    }
    for name in files.subtracting(listed).sorted() {
      findings.append(Finding(.recordNames, in: file, at: name, "it is not in RECORD"))
    }
    return findings
  }

  private func problem(of row: Record.Row, _ name: String) -> String? {
    guard let hash = row.hash else { return nil }
    // RECORD can't hold its own digest, and signatures are made after it.
    if name.hasPrefix("\(info)/RECORD") {
      return hash.isEmpty || name.hasSuffix(".jws") || name.hasSuffix(".p7s")
        ? nil : "'\(name)' has a hash, which can't be right"
    }
    guard let member = contents.members.first(where: { $0.name == name }), let digest = member.sha256 else {
      return nil
    }
    let parts = hash.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let length = Self.digestLengths[parts[0].lowercased()] else {
      return hash.isEmpty ? "'\(name)' has no hash" : "'\(name)' has a hash of another kind: '\(hash.prefix(20))'"
    }
    if parts[0].lowercased() == "sha256" {
      guard parts[1] == digest.urlSafeBase64 else { return "'\(name)' has another SHA-256 in the wheel" }
    } else if Self.decoded(parts[1])?.count != length {
      return "'\(name)' has a hash of a wrong length"
    }
    if !row.size.isEmpty, Int64(row.size) != member.byteCount {
      return "'\(name)' has \(member.byteCount) bytes in the wheel, RECORD says \(row.size)"
    }
    return nil
  }

  private static func decoded(_ text: String) -> Data? {
    let plain = text.replacing("-", with: "+").replacing("_", with: "/")
    return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
  }
}
