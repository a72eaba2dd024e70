import ReleaseModel

/// What real toolkits say they compile for.
enum Toolkits {
  /// CUDA 12.4.131: `nvcc --list-gpu-code`, and `90a` from `nvcc --help`.
  static let cuda12 = toolkit("12.4.131", "50 52 53 60 61 62 70 72 75 80 86 87 89 90 90a")
  /// CUDA 13.0.88.
  static let cuda13 = toolkit(
    "13.0.88",
    """
    75 80 86 87 88 89 90 90a 100 100a 100f 103 103a 103f 110 110a 110f 120 120a 120f 121 121a 121f
    """
  )

  private static func toolkit(_ version: ToolkitVersion, _ labels: String) -> ToolkitCapabilities {
    let capabilities = labels.split(whereSeparator: \.isWhitespace)
      .compactMap { ComputeCapability(parsing: $0) }
    return ToolkitCapabilities(version: version, real: capabilities, virtual: capabilities)
  }
}

extension ArchitectureList {
  /// The list in one line of labels, to compare: `75 86+PTX 89v`.
  var labels: String {
    architectures.map { $0.capability.label + ($0.real ? ($0.virtual ? "+PTX" : "") : "v") }
      .joined(separator: " ")
  }
}
