/// The rules for names in archives, for those who only look.
public enum MemberName {
  /// What is wrong with a name, in words; `nil` for one that can be unpacked anywhere.
  public static func problem(_ name: String) -> String? {
    // A folder's name ends in a slash, and tar puts './' in front.
    var trimmed = Substring(name)
    if trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    while trimmed.hasPrefix("./") { trimmed = trimmed.dropFirst(2) }
    guard !trimmed.isEmpty, trimmed != "." else { return nil }
    do { try ArchiveName.check(String(trimmed)) } catch {
      guard case .badName(_, let why) = error else { return "\(error)" }
      return why
    }
    return nil
  }

  /// Whether a symbolic link stays in the folder that the archive is unpacked into.
  public static func staysInside(_ name: String, target: String) -> Bool {
    let depth = name.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.count - 1
    return ArchiveName.staysInside(target, depth: max(0, depth))
  }
}
