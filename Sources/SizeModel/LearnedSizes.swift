public import ReleaseModel

/// What finished releases of one subject weighed on this machine.
public struct LearnedSizes: Hashable, Sendable, Codable {
  /// What it is about; see ``key(of:)``.
  public var key: String
  /// The core's files in a wheel.
  public var core: Weight?
  /// Slices, by what they hold and how kernels are stored.
  public var slices: [String: Weight] = [:]
  /// Libraries in one xz stream, by what they hold.
  public var packed: [String: Weight] = [:]
  /// Seconds that this machine's cores need for one of the machine that was measured.
  public var slowness: Double?

  /// Makes an empty record.
  public init(key: String) { self.key = key }

  /// What sizes depend on, in one line; `nil` while the source isn't known.
  public static func key(of subject: SizeModel.Subject) -> String? {
    guard let digest = subject.llamaCppDigest else { return nil }
    let options = [subject.flashAttention ? "fa" : "no-fa"] + subject.definitions.sorted()
    return ([digest, "cuda \(subject.toolkit)"] + options).joined(separator: " ")
  }

  func slice(_ architectures: [Architecture], stored: KernelCompression) -> Weight? {
    slices[Self.name(architectures, stored)]
  }

  func solid(_ architectures: [Architecture]) -> Weight? { packed[Self.name(architectures, .none)] }

  /// Notes what a slice weighed.
  public mutating func note(_ weight: Weight, of architectures: [Architecture], stored: KernelCompression) {
    slices[Self.name(architectures, stored)] = weight
  }

  /// Notes what a library in one xz stream weighed.
  public mutating func note(solid weight: Weight, of architectures: [Architecture]) {
    packed[Self.name(architectures, .none)] = weight
  }

  private static func name(_ architectures: [Architecture], _ stored: KernelCompression) -> String {
    let list = architectures.sorted().flatMap(\.cmakeEntries).joined(separator: ";")
    return "\(list) \(stored.rawValue)"
  }
}
