public import SystemPackage

/// A file or a piece of one that breaks a rule of its format, with the place where it does.
///
/// Reads like `'libx.so' at byte 0x40: section '.text' ends at byte 0x900, past the end of the file (0x800)`.
public struct BinaryFormatError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What sort of rule was broken, for callers that react differently.
  public enum Kind: Sendable, Hashable {
    /// The bytes end before the format says so.
    case truncated
    /// The bytes contradict the format or themselves.
    case invalid
    /// The bytes are well formed as far as known, but hold something that cannot be handled safely.
    case unsupported
    /// The operating system refused a call on the file.
    case system(Errno)
  }

  /// The sort of rule that was broken.
  public let kind: Kind
  /// The path of the file, or a label for bytes that come from no file.
  public let name: String
  /// The place of the fault, in bytes from the begin of the file; nil when it has no single place.
  public let offset: Int?
  /// The rule that was broken, and where there is one, the way out.
  public let rule: String

  /// Makes an error from its parts.
  public init(_ kind: Kind, in name: String, at offset: Int? = nil, _ rule: String) {
    self.kind = kind
    self.name = name
    self.offset = offset
    self.rule = rule
  }

  /// One line for people: what, where, which rule.
  public var description: String {
    let place = offset.map { " at byte \(hexadecimal($0))" } ?? ""
    return "'\(name)'\(place): \(rule)"
  }
}

/// A number as `0x…`, the way that readelf and hex dumps print offsets.
func hexadecimal(_ value: some BinaryInteger) -> String {
  "0x" + String(value, radix: 16)
}
