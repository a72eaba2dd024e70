/// Checks of relative paths that go into or come out of an archive.
///
/// All of them look at bytes and scalars, never at Swift's characters: `/` with a combining accent is one character,
/// which equals no `/`, but the file system sees a separator there.
enum ArchiveName {
  private static let slash = UInt8(ascii: "/")

  /// - Throws: ``ArchiveError/badName(_:why:)`` for absolute paths, `..`, empty parts, backslashes, control characters
  ///   and for names that no file system takes.
  static func check(_ name: String) throws(ArchiveError) {
    try checkInside(name)
    let parts = name.utf8.split(separator: slash, omittingEmptySubsequences: false)
    if parts.contains(where: { $0.isEmpty || $0.elementsEqual(".".utf8) }) {
      throw .badName(name, why: "it has an empty part")
    }
    // Linux's limits; the zip format's own is 65,535 bytes.
    if parts.contains(where: { $0.count > 255 }) || name.utf8.count > 4000 {
      throw .badName("\(name.prefix(60))…", why: "it is too long for a file system")
    }
    if name.utf8.contains(UInt8(ascii: "\\")) {
      throw .badName(name, why: "a backslash separates folders on other systems")
    }
    let isControl: (Unicode.Scalar) -> Bool = {
      [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
    }
    // Most names are plain ASCII, of which the properties need not be looked up.
    if name.utf8.contains(where: { !(0x20..<0x7F).contains($0) }),
      name.unicodeScalars.contains(where: isControl)
    {
      throw .badName(name, why: "it has control characters")
    }
  }

  /// Checks the names of one archive together: none may stand for two members, nor for a file and a folder.
  ///
  /// Names that differ by the case of their letters only, or by the way an accent is written, count as one, because
  /// some file systems see them so.
  static func checkAll(_ names: [String]) throws(ArchiveError) {
    var files: Set<String> = []
    for name in names {
      try check(name)
      guard files.insert(name.lowercased()).inserted else {
        throw .badName(name, why: "another member has it, letters' case aside")
      }
    }
    for name in names {
      let folded = name.lowercased()
      for end in folded.utf8.indices where folded.utf8[end] == slash {
        guard files.contains(String(folded[..<end])) else { continue }
        throw .badName(name, why: "another member is a file of its folder's name")
      }
    }
  }

  /// The parts of a name that is read, without `.` and empty ones, as `tar -C folder .` writes them.
  ///
  /// - Throws: ``ArchiveError/badName(_:why:)`` when it is absolute or has `..` in it, wherever that leads.
  static func parts(_ name: String) throws(ArchiveError) -> [String] {
    try checkInside(name)
    return name.utf8.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }.map {
      String(Substring($0))
    }
  }

  /// Whether a link's target stays below where the link lies, given that no link's own folder is a link.
  ///
  /// `..` may stand in front only: behind a name, it would be the parent of whatever that name is a link to.
  static func staysInside(_ target: String, depth: Int) -> Bool {
    guard !target.isEmpty, target.utf8.first != slash else { return false }
    let parts = target.utf8.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }
    let climbs = parts.prefix { $0.elementsEqual("..".utf8) }.count
    return climbs <= depth && !parts.dropFirst(climbs).contains { $0.elementsEqual("..".utf8) }
  }

  private static func checkInside(_ name: String) throws(ArchiveError) {
    if name.utf8.first == slash { throw .badName(name, why: "it is absolute") }
    if name.utf8.split(separator: slash).contains(where: { $0.elementsEqual("..".utf8) }) {
      throw .badName(name, why: "it leaves the folder with '..'")
    }
  }
}

/// The file type bits of stat(2), which every archive format uses; two C modules define them as macros.
enum FileKind {
  static let mask: UInt32 = 0o170_000
  static let regular: UInt32 = 0o100_000
  static let folder: UInt32 = 0o040_000
  static let link: UInt32 = 0o120_000
}
