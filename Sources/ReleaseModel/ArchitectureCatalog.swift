/// What NVIDIA has made: compute capabilities, their families, GPUs people own, and the toolkits that know them.
///
/// Sources: `nvcc --list-gpu-code` of 12.4 and 13.0; NVIDIA's release notes for the toolkits in which an
/// architecture appeared or was dropped.
public enum ArchitectureCatalog {
  /// One compute capability and what is known about it.
  public struct Entry: Sendable {
    /// The capability, without a letter.
    public let capability: ComputeCapability
    /// The marketing family, lower case: `turing`.
    public let family: String
    /// The first toolkit whose nvcc compiles for it.
    public let firstToolkit: ToolkitVersion
    /// The last toolkit whose nvcc compiles for it, `nil` while the newest still does.
    public let lastToolkit: ToolkitVersion?
    /// GPUs of this capability that people own; empty while none is known by name.
    public let devices: String

    /// Whether people own such GPUs and can install a release for them.
    ///
    /// Not Tegra's boards, which have ARM processors, no GPU too old for CUDA 12, and none without a name.
    public var isOwned: Bool { capability.number >= 50 && !capability.isTegra && !devices.isEmpty }

    /// Whether a toolkit of that version compiles for this capability.
    public func isKnown(to toolkit: ToolkitVersion) -> Bool {
      let release = toolkit.release
      return release >= firstToolkit && lastToolkit.map { release <= $0 } ?? true
    }

    /// The toolkits that know it, in words: `CUDA 8.0 to 12.9`.
    public var toolkits: String {
      if let lastToolkit {
        "CUDA \(firstToolkit) to \(lastToolkit)"
      } else {
        "CUDA \(firstToolkit) and newer"
      }
    }
  }

  /// The Tegra parts: Jetson and Drive boards.
  static let tegraNumbers: Set<Int> = [32, 53, 62, 72, 87, 101, 110]

  /// Every capability from 3.0 on, ascending.
  public static let entries: [Entry] = [
    entry(30, "kepler", "6.0", "10.2", "GTX 680"), entry(32, "kepler", "6.0", "10.2", "Jetson TK1"),
    entry(35, "kepler", "6.0", "11.8", "Tesla K40"), entry(37, "kepler", "6.5", "11.8", "Tesla K80"),
    entry(50, "maxwell", "6.0", "12.9", "GTX 750, 940M"),
    entry(52, "maxwell", "6.5", "12.9", "GTX 970, Tesla M40"),
    entry(53, "maxwell", "7.0", "12.9", "Jetson Nano"), entry(60, "pascal", "8.0", "12.9", "Tesla P100"),
    entry(61, "pascal", "8.0", "12.9", "GTX 1060-1080, Tesla P4/P40"),
    entry(62, "pascal", "8.0", "12.9", "Jetson TX2"), entry(70, "volta", "9.0", "12.9", "Tesla V100"),
    entry(72, "volta", "9.2", "12.9", "Jetson Xavier"),
    entry(75, "turing", "10.0", nil, "T4, RTX 2060-2080, GTX 1650"),
    entry(80, "ampere", "11.0", nil, "A100, A30"),
    entry(86, "ampere", "11.1", nil, "RTX 3050-3090, A10, A40"),
    entry(87, "ampere", "11.4", nil, "Jetson Orin"), entry(88, "ampere", "13.0", nil, ""),
    entry(89, "ada", "11.8", nil, "RTX 4060-4090, L4, L40"), entry(90, "hopper", "11.8", nil, "H100, H200"),
    entry(100, "blackwell", "12.8", nil, "B100, B200"),
    entry(101, "blackwell", "12.8", "12.9", "Jetson Thor"),
    entry(103, "blackwell", "12.9", nil, "B300"), entry(107, "blackwell", "13.5", nil, ""),
    entry(110, "blackwell", "13.0", nil, "Jetson Thor"),
    entry(120, "blackwell", "12.8", nil, "RTX 5060-5090"),
    entry(121, "blackwell", "12.9", nil, "DGX Spark"),
  ]

  /// The family names that an architecture list may use.
  public static let families: [String] = {
    var seen: [String] = []
    for entry in entries where !seen.contains(entry.family) { seen.append(entry.family) }
    return seen
  }()

  /// Finds what is known about a capability, whatever its letter.
  public static func entry(for capability: ComputeCapability) -> Entry? {
    entries.first { $0.capability.number == capability.number }
  }

  private static func entry(
    _ number: Int,
    _ family: String,
    _ first: ToolkitVersion,
    _ last: ToolkitVersion?,
    _ devices: String
  ) -> Entry {
    Entry(
      capability: ComputeCapability(number: number),
      family: family,
      firstToolkit: first,
      lastToolkit: last,
      devices: devices
    )
  }
}
