/// Some architectures of a compile set, carved out of its objects and linked as one backend library.
public struct Slice: Hashable, Sendable, Codable {
  /// The file's stem under `cuda/`: `sm75`, `sm75-86`, `all`.
  public var name: String
  /// What the slice holds, ascending.
  public var architectures: [Architecture]

  /// Makes a slice.
  public init(name: String, architectures: [Architecture]) {
    self.name = name
    self.architectures = architectures.sorted()
  }

  /// The library's file name.
  public var libraryName: String { "\(name).so" }
  /// The index's file name, read by the selector and the Python package.
  public var indexName: String { "\(name).index" }
  /// Whether it embeds PTX.
  public var hasPTX: Bool { architectures.contains(where: \.virtual) }

  /// The name for a slice of these capabilities: `sm75`, `sm75-86`.
  public static func name(for capabilities: [ComputeCapability]) -> String {
    "sm" + capabilities.sorted().map(\.label).joined(separator: "-")
  }
}

/// The slices that one wheel or tarball carries.
public struct SliceGroup: Hashable, Sendable, Codable {
  /// The suffix of its project's name: `sm75`, `desktop`.
  public var name: String
  /// The slices, ascending.
  public var slices: [Slice]

  /// Makes a group.
  public init(name: String, slices: [Slice]) {
    self.name = name
    self.slices = slices
  }
}

/// How a release is laid out in files.
public enum Layout: String, Hashable, Sendable, Codable, CaseIterable {
  /// One wheel with one library that holds every architecture.
  case single
  /// A core wheel and one wheel per group of slices, locked to one version.
  case split
  /// One wheel with one library that is stored packed, and unpacked at first use for the machine's GPUs.
  case packed
  /// A core wheel; the packed kernels of each group are fetched at first use.
  case thin
  /// The first of `single`, `packed`, `split` and `thin` whose files fit the cap.
  case auto
}
