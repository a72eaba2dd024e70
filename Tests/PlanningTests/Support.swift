import Planning
import ReleaseModel

/// What real toolkits say they compile for.
enum Toolkits {
  /// CUDA 12.4.131.
  static let cuda12 = toolkit("12.4.131", "50 52 53 60 61 62 70 72 75 80 86 87 89 90 90a")
  /// CUDA 13.0.88.
  static let cuda13 = toolkit(
    "13.0.88",
    "75 80 86 87 88 89 90 90a 100 100a 100f 103 103a 103f 110 110a 110f 120 120a 120f 121 121a 121f"
  )

  private static func toolkit(_ version: ToolkitVersion, _ labels: String) -> ToolkitCapabilities {
    let capabilities = labels.split(separator: " ").compactMap { ComputeCapability(parsing: $0) }
    return ToolkitCapabilities(version: version, real: capabilities, virtual: capabilities)
  }
}

extension Architecture {
  /// Reads the tests' short form: `86`, `86+PTX`, `86v` (PTX only), `90a`.
  init?(_ text: Substring) {
    let isVirtual = text.hasSuffix("v")
    let hasBoth = text.hasSuffix("+PTX")
    let label = isVirtual ? text.dropLast() : hasBoth ? text.dropLast(4) : text
    guard let capability = ComputeCapability(parsing: label) else { return nil }
    self.init(capability, real: !isVirtual, virtual: isVirtual || hasBoth)
  }
}

/// Architectures in the tests' short form, separated by blanks.
func architectures(_ text: String) -> [Architecture] {
  text.split(separator: " ").compactMap { Architecture($0) }
}

/// A plan of a list with the given options.
func plan(
  _ list: String,
  on toolkit: ToolkitCapabilities = Toolkits.cuda12,
  ptx: Bool = true,
  slices: [String] = [],
  groups: [(String, String)] = []
) throws -> ReleasePlan {
  var spec = ReleaseSpec()
  spec.architectures = list
  spec.addPTX = ptx
  spec.slices = slices
  spec.groups = groups.map { GroupRequest(name: $0.0, architectures: $0.1) }
  return try ReleasePlan(spec: spec, toolkit: toolkit)
}

/// Random numbers that are the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
