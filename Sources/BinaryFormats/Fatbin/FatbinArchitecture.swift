/// The GPU architecture of a fat binary entry: a compute capability without its dot, and a suffix.
public struct FatbinArchitecture: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The compute capability times ten: 75 is 7.5, 120 is 12.0.
  public let number: Int
  /// The suffix `a`: runs on exactly this capability.
  public let isArchitectureSpecific: Bool
  /// The suffix `f`: runs in the family of this capability.
  public let isFamilySpecific: Bool

  /// Makes an architecture from its parts.
  public init(_ number: Int, isArchitectureSpecific: Bool = false, isFamilySpecific: Bool = false) {
    self.number = number
    self.isArchitectureSpecific = isArchitectureSpecific
    self.isFamilySpecific = isFamilySpecific
  }

  /// The number and its suffix: `75`, `90a`, `100f`.
  public var description: String {
    "\(number)\(isArchitectureSpecific ? "a" : "")\(isFamilySpecific ? "f" : "")"
  }

  /// Orders by number, then plain before `a` before `f`.
  public static func < (left: Self, right: Self) -> Bool {
    (left.number, left.suffixRank) < (right.number, right.suffixRank)
  }

  private var suffixRank: Int {
    (isArchitectureSpecific ? 1 : 0) + (isFamilySpecific ? 2 : 0)
  }
}
