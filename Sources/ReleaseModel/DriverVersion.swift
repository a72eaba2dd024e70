/// A release of NVIDIA's Linux driver, such as 525.60.13.
public struct DriverVersion: Hashable, Sendable, CustomStringConvertible, Codable {
  /// The release as NVIDIA writes it.
  public let release: String
  /// What `cuDriverGetVersion()` answers on it: 12000 for a driver of CUDA 12.0.
  public let apiVersion: Int

  /// Makes a version from a release and its API version.
  public init(release: String, apiVersion: Int) {
    self.release = release
    self.apiVersion = apiVersion
  }

  /// The release.
  public var description: String { release }

  /// The release as digits and dots, `nil` when only the toolkit it came with is known.
  public var exactRelease: String? { release.allSatisfy { $0.isNumber || $0 == "." } ? release : nil }

  /// The first driver of each toolkit release, from NVIDIA's release notes ("CUDA Toolkit and Corresponding Driver Versions").
  static let firstByToolkit: [(ToolkitVersion, String)] = [
    ("11.0", "450.80.02"), ("12.0", "525.60.13"), ("12.1", "530.30.02"), ("12.2", "535.54.03"),
    ("12.3", "545.23.06"), ("12.4", "550.54.14"), ("12.5", "555.42.02"), ("12.6", "560.28.03"),
    ("12.8", "570.26"), ("12.9", "575.51.03"), ("13.0", "580.65.06"), ("13.1", "590.44.01"),
  ]

  /// The driver from which every binary of a toolkit's major version loads (minor-version compatibility).
  public static func minorVersionFloor(of toolkit: ToolkitVersion) -> DriverVersion {
    first(of: ToolkitVersion(major: toolkit.major, minor: 0))
  }

  /// The driver that came with a toolkit release: PTX of that toolkit needs it or a newer one.
  public static func first(of toolkit: ToolkitVersion) -> DriverVersion {
    let release = toolkit.release
    let known = firstByToolkit.last { $0.0 <= release && $0.0.major == release.major }
    let name = known.map { $0.0 == release ? $0.1 : "\($0.1) or the one of CUDA \(release)" }
    return DriverVersion(release: name ?? "the one of CUDA \(release)", apiVersion: release.driverAPIVersion)
  }

  /// The first driver that reads zstd-compressed kernels (CUDA 12.4's).
  public static let zstdKernels = first(of: "12.4")

  /// The later of two floors.
  public static func later(_ left: DriverVersion, _ right: DriverVersion) -> DriverVersion {
    left.apiVersion >= right.apiVersion ? left : right
  }
}

extension DriverVersion {
  /// The numbers of a release as people write it, `[525, 60, 13]` or `[525]`; `nil` for anything else.
  public static func numbers(of release: String) -> [Int]? {
    let parts = release.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...3).contains(parts.count), let major = parts[0], (300..<10_000).contains(major) else {
      return nil
    }
    let numbers = parts.compactMap(\.self)
    return numbers.count == parts.count && numbers.allSatisfy { $0 >= 0 } ? numbers : nil
  }

  /// Whether a driver of release `minimum` is enough: every driver of branch 550 for a bare `550`.
  public func isMet(by minimum: String) -> Bool {
    guard let own = Self.numbers(of: String(release.prefix { $0.isNumber || $0 == "." })),
      let other = Self.numbers(of: minimum)
    else { return false }
    return !other.lexicographicallyPrecedes(own.prefix(other.count))
  }
}

/// The lowest drivers on which an artifact works.
public struct DriverFloor: Hashable, Sendable, Codable, CustomStringConvertible {
  /// For GPUs that run one of its cubins.
  public var cubins: DriverVersion
  /// For GPUs that need its PTX compiled; `nil` when it holds none.
  public var ptx: DriverVersion?

  /// Computes the floor from the toolkit, how kernels are compressed, and whether there is PTX.
  public init(toolkit: ToolkitVersion, compression: KernelCompression, hasPTX: Bool) {
    var cubins = DriverVersion.minorVersionFloor(of: toolkit)
    if case .zstd = compression { cubins = DriverVersion.later(cubins, .zstdKernels) }
    self.cubins = cubins
    self.ptx = hasPTX ? DriverVersion.later(cubins, .first(of: toolkit)) : nil
  }

  /// Both floors in words: `525.60.13 (PTX: 550.54.14)`.
  public var description: String {
    guard let ptx, ptx != cubins else { return cubins.release }
    return "\(cubins.release) (PTX: \(ptx.release))"
  }
}

/// How the kernels inside a carved slice are stored.
public enum KernelCompression: String, Hashable, Sendable, Codable, CaseIterable {
  /// As they are; the wheel's own deflate is all that makes them smaller.
  case none
  /// One LZ4 block per kernel image; every CUDA 12 driver reads it.
  case lz4
  /// One zstd frame per kernel image; the smallest, from driver 550.54.14 on.
  case zstd
}
