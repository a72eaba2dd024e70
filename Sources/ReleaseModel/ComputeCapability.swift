/// An NVIDIA compute capability, such as 8.6 or 9.0a.
///
/// Source of the rules: CUDA C++ Programming Guide, "Binary Compatibility" and "PTX Compatibility"; NVIDIA's blog
/// on family-specific features (CUDA 12.9).
public struct ComputeCapability: Hashable, Sendable {
  /// What a letter behind the number restricts.
  public enum Variant: String, Hashable, Sendable, Codable {
    /// No letter: code that later minors of the same major run too.
    case base = ""
    /// `a`, architecture-specific: code for exactly this capability.
    case architecture = "a"
    /// `f`, family-specific: code for the same family with an equal or higher minor.
    case family = "f"
  }

  /// The digit or digits before the dot.
  public var major: Int
  /// The digit after the dot.
  public var minor: Int
  /// The letter behind the number.
  public var variant: Variant

  /// Makes a capability from its parts.
  public init(major: Int, minor: Int, variant: Variant = .base) {
    self.major = major
    self.minor = minor
    self.variant = variant
  }

  /// Makes a capability from NVIDIA's two- or three-digit number, such as 86 or 120.
  public init(number: Int, variant: Variant = .base) {
    self.init(major: number / 10, minor: number % 10, variant: variant)
  }

  /// Reads `86`, `8.6`, `sm_86`, `compute_86`, `sm86`, `120`, `12.0`, each with `a` or `f` behind it if wanted.
  ///
  /// - Returns: `nil` when the text has another shape; whether such a capability exists is not asked here.
  public init?(parsing text: some StringProtocol) {
    var rest = Substring(text.lowercased())
    for prefix in ["sm_", "compute_", "sm", "cc"] where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
      break
    }
    var variant = Variant.base
    if let letter = rest.last, let known = Variant(rawValue: String(letter)) {
      variant = known
      rest = rest.dropLast()
    }
    let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
    let digits = parts.joined()
    guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), digits.first != "0" else { return nil }
    switch parts.count {
    case 1 where (2...3).contains(digits.count): break
    case 2 where (1...2).contains(parts[0].count) && parts[1].count == 1: break
    default: return nil
    }
    guard let number = Int(digits), number >= 10 else { return nil }
    self.init(number: number, variant: variant)
  }

  /// NVIDIA's number without the dot: 86 for 8.6.
  public var number: Int { major * 10 + minor }

  /// The number with its letter, as nvcc and CMake take it: `86`, `90a`.
  public var label: String { "\(number)\(variant.rawValue)" }

  /// The same number without a letter.
  public var base: ComputeCapability { ComputeCapability(major: major, minor: minor) }

  /// Whether this is a Tegra part (Jetson, Drive), whose cubins and desktop cubins don't run on each other.
  public var isTegra: Bool { ArchitectureCatalog.tegraNumbers.contains(number) }

  /// Whether a cubin built for `self` runs on a device of capability `device`.
  public func cubinRuns(on device: ComputeCapability) -> Bool {
    guard major == device.major, minor <= device.minor else { return false }
    if variant == .architecture || isTegra || device.isTegra { return number == device.number }
    return true
  }

  /// Whether PTX built for `self` can be compiled by the driver for a device of capability `device`.
  public func ptxRuns(on device: ComputeCapability) -> Bool {
    switch variant {
    case .base: number <= device.number
    case .architecture: number == device.number
    case .family: major == device.major && minor <= device.minor
    }
  }
}

extension ComputeCapability: Comparable, CustomStringConvertible, Codable {
  /// Orders by number; the plain variant before `a` before `f`.
  public static func < (left: ComputeCapability, right: ComputeCapability) -> Bool {
    (left.number, left.variant.rawValue) < (right.number, right.variant.rawValue)
  }

  /// The form people write: `8.6`, `9.0a`.
  public var description: String { "\(major).\(minor)\(variant.rawValue)" }

  /// Writes the label, `90a`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(label)
  }

  /// Reads a label; throws `DecodingError` when it isn't one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = ComputeCapability(parsing: text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "'\(text)' is no compute capability"
      )
    }
    self = value
  }
}
