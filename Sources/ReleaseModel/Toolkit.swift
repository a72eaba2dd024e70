/// The version of a CUDA toolkit, such as 12.4 or, from nvcc itself, 12.4.131.
public struct ToolkitVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Major version; drivers and NVIDIA's wheels go by it (`cu12`).
  public var major: Int
  /// Minor version.
  public var minor: Int
  /// nvcc's build number, 0 where only the release matters.
  public var patch: Int

  /// Makes a version from its parts.
  public init(major: Int, minor: Int, patch: Int = 0) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// Reads `12.4` or `12.4.131`.
  public init?(parsing text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard (2...3).contains(parts.count), let major = parts[0], let minor = parts[1] else { return nil }
    guard parts.count == 2 || parts[2] != nil else { return nil }
    self.init(major: major, minor: minor, patch: parts.count == 3 ? parts[2] ?? 0 : 0)
  }

  /// The release without nvcc's build number.
  public var release: ToolkitVersion { ToolkitVersion(major: major, minor: minor) }

  /// `cuDriverGetVersion()` of the driver that came with this release: 12040 for 12.4.
  public var driverAPIVersion: Int { major * 1000 + minor * 10 }

  /// The version as people write it; the build number only when there is one.
  public var description: String { patch == 0 ? "\(major).\(minor)" : "\(major).\(minor).\(patch)" }

  /// Orders by version.
  public static func < (left: ToolkitVersion, right: ToolkitVersion) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }
}

extension ToolkitVersion: ExpressibleByStringLiteral {
  /// Makes a version from a literal in our own tables; `0.0` if it is misspelt, which the catalog's tests catch.
  public init(stringLiteral text: String) {
    self = ToolkitVersion(parsing: text) ?? ToolkitVersion(major: 0, minor: 0)
  }
}

extension ToolkitVersion: Codable {
  /// Writes the version as text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// Reads the version from text; throws `DecodingError` when it isn't one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let version = ToolkitVersion(parsing: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no toolkit version")
    }
    self = version
  }
}

/// What an installed CUDA toolkit can compile for, as its own nvcc says.
public struct ToolkitCapabilities: Hashable, Sendable, Codable {
  /// The version that `nvcc --version` prints.
  public var version: ToolkitVersion
  /// What `nvcc --list-gpu-code` lists: cubins it can make.
  public var real: [ComputeCapability]
  /// What `nvcc --list-gpu-arch` lists: PTX it can make.
  public var virtual: [ComputeCapability]

  /// Makes the value from what nvcc printed.
  public init(version: ToolkitVersion, real: [ComputeCapability], virtual: [ComputeCapability]) {
    self.version = version
    self.real = real.sorted()
    self.virtual = virtual.sorted()
  }

  /// What a toolkit of that version would say, from the catalog, for machines that don't have it.
  public init(catalogOf version: ToolkitVersion) {
    let known = ArchitectureCatalog.entries.filter { $0.isKnown(to: version) }.map(\.capability)
    // `a` came with 9.0 in CUDA 12.0, `f` with 10.0 in 12.9 (NVIDIA's blog on family-specific features).
    let lettered = known.filter { $0.number >= 90 && version.release >= "12.0" }.flatMap { capability in
      let variants: [ComputeCapability.Variant] =
        capability.number >= 100 && version.release >= "12.9" ? [.architecture, .family] : [.architecture]
      return variants.map { ComputeCapability(number: capability.number, variant: $0) }
    }
    self.init(version: version, real: known + lettered, virtual: known + lettered)
  }

  /// Whether nvcc takes `-compress-mode` (CUDA 12.8 and newer).
  public var hasCompressionModes: Bool { version.release >= "12.8" }
}
