import Archives
import Foundation

/// The rules for paths, kinds, modes, times and repeated contents of any archive's members (X01, X02, X04, X08).
struct MemberCheck {
  let contents: ArchiveContents
  /// Whether symbolic links may be: in tarballs, which installers of wheels never see.
  let allowsLinks: Bool

  var findings: [Finding] { contents.members.flatMap(memberFindings) + collisions + duplicates + times }

  private func finding(_ rule: Rule, _ member: ArchiveContents.Member, _ seen: String) -> Finding {
    Finding(rule, in: contents.file, at: member.name, seen)
  }

  private func memberFindings(_ member: ArchiveContents.Member) -> [Finding] {
    var findings: [Finding] = []
    if let seen = Self.danger(in: member.name) {
      findings.append(finding(.safePath, member, seen))
    } else if let seen = Self.portability(of: member.name) {
      findings.append(finding(.portablePath, member, seen))
    }
    switch member.kind {
    case .file, .folder: break
    case .link(let target):
      let depth = member.name.split(separator: "/").count - 1
      if !allowsLinks {
        findings.append(finding(.memberKind, member, "a symbolic link"))
      } else if !Self.staysInside(target, depth: depth) {
        findings.append(finding(.memberKind, member, "a symbolic link to '\(target)', outside of the archive"))
      }
    case .hardLink(let target): findings.append(finding(.memberKind, member, "another name of '\(target)'"))
    case .special: findings.append(finding(.memberKind, member, "a device, pipe or socket"))
    }
    if let mode = member.mode, !member.isLink {
      let seen = "mode 0\(String(mode, radix: 8))"
      if mode & 0o7000 != 0 { findings.append(finding(.memberMode, member, seen)) }
      if mode & 0o002 != 0 { findings.append(finding(.writableByAll, member, seen)) }
    }
    if let mode = member.mode, mode & 0o111 == 0, contents.binaries[member.name]?.isProgram == true {
      findings.append(finding(.executableBit, member, "mode 0\(String(mode, radix: 8))"))
    }
    return findings
  }

  /// What makes a path dangerous; nil when nothing does. Looks at scalars: '/' with an accent is no '/' for Swift.
  static func danger(in name: String) -> String? {
    let scalars = Array(name.unicodeScalars)
    // A folder's name ends in one slash.
    let parts = scalars.split(separator: "/", omittingEmptySubsequences: false)
    let inner = parts.last?.isEmpty == true && parts.count > 1 ? parts.dropLast() : parts[...]
    if scalars.isEmpty { return "an empty name" }
    if scalars.first == "/" { return "an absolute path" }
    if inner.contains(where: { $0.elementsEqual([".", "."]) }) { return "'..' in it" }
    if inner.contains(where: \.isEmpty) { return "an empty part" }
    if scalars.contains("\\") { return "a backslash" }
    if scalars.count > 1, scalars[1] == ":", scalars[0].properties.isAlphabetic { return "a drive letter" }
    let bad: Set<Unicode.GeneralCategory> = [
      .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
    ]
    if let scalar = scalars.first(where: { bad.contains($0.properties.generalCategory) }) {
      return "the character U+\(String(scalar.value, radix: 16).uppercased())"
    }
    if parts.contains(where: { String(String.UnicodeScalarView($0)).utf8.count > 255 }) {
      return "a part of more than 255 bytes"
    }
    return nil
  }

  private static func portability(of name: String) -> String? {
    if name.unicodeScalars.contains(where: { !$0.isASCII }) { return "letters that are not ASCII" }
    if name.contains(" ") { return "a blank" }
    return name.utf8.count > 200 ? "\(name.utf8.count) characters" : nil
  }

  /// Whether a link's target stays below the archive's top, by components and not by prefix.
  static func staysInside(_ target: String, depth: Int) -> Bool {
    guard !target.isEmpty, !target.hasPrefix("/") else { return false }
    var depth = depth
    for part in target.split(separator: "/") where part != "." {
      depth += part == ".." ? -1 : 1
      if depth < 0 { return false }
    }
    return true
  }

  /// A path as a file system sees it that doesn't tell cases and forms of accents apart.
  private static func folded(_ name: String) -> [UInt8] {
    // Swift compares canonically equivalent strings as equal; bytes need one form.
    let trimmed = name.split(separator: "/").joined(separator: "/")
    return Array(trimmed.lowercased().decomposedStringWithCanonicalMapping.utf8)
  }

  private var collisions: [Finding] {
    var findings: [Finding] = []
    var first: [[UInt8]: ArchiveContents.Member] = [:]
    for member in contents.members where Self.danger(in: member.name) == nil {
      let key = Self.folded(member.name)
      if let other = first[key] {
        // Folders are named as often as people like.
        guard member.kind != .folder || other.kind != .folder else { continue }
        findings.append(finding(.pathCollision, member, "'\(other.name)' is the same path"))
      } else {
        first[key] = member
      }
    }
    let slash = UInt8(ascii: "/")
    for member in contents.members where Self.danger(in: member.name) == nil {
      let key = Self.folded(member.name)
      for end in key.indices where key[end] == slash {
        guard let other = first[Array(key[..<end])], other.kind != .folder else { continue }
        findings.append(finding(.pathCollision, member, "'\(other.name)' is a file and this member's folder"))
        break
      }
    }
    return findings
  }

  private var duplicates: [Finding] {
    var first: [SHA256Digest: ArchiveContents.Member] = [:]
    var findings: [Finding] = []
    for member in contents.members where member.isFile {
      guard let digest = member.sha256, member.byteCount > 0 else { continue }
      guard let other = first[digest] else {
        first[digest] = member
        continue
      }
      // One name twice is told by the rules for names.
      guard other.name != member.name else { continue }
      let isBinary = contents.binaries[member.name] != nil
      guard isBinary || member.byteCount >= 4096 else { continue }
      let seen = "the same \(member.byteCount) bytes as '\(other.name)'"
      findings.append(finding(isBinary ? .duplicateLibraries : .duplicateFiles, member, seen))
    }
    return findings
  }

  private var times: [Finding] {
    var findings = contents.members.filter { $0.time == nil }.map { finding(.dates, $0, "no valid date") }
    let files = contents.members.filter { $0.isFile && $0.time != nil }
    let all = Set(files.compactMap(\.time))
    if all.count > 1 {
      findings.append(Finding(.dates, in: contents.file, "\(all.count) different times"))
    }
    return findings
  }
}

extension ArchiveContents.Member {
  fileprivate var isLink: Bool { if case .link = kind { true } else { false } }
}
