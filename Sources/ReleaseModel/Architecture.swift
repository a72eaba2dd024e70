/// A compute capability with what is embedded for it.
public struct Architecture: Hashable, Sendable, Codable, Comparable {
  /// The capability.
  public var capability: ComputeCapability
  /// Whether SASS (a cubin, machine code) is embedded.
  public var real: Bool
  /// Whether PTX is embedded, which the driver compiles at the first run.
  public var virtual: Bool

  /// Makes an architecture; one of the two kinds must be wanted for it to mean anything.
  public init(_ capability: ComputeCapability, real: Bool, virtual: Bool) {
    self.capability = capability
    self.real = real
    self.virtual = virtual
  }

  /// The entries of `CMAKE_CUDA_ARCHITECTURES` that ask for it: `["86-real", "86-virtual"]`.
  public var cmakeEntries: [String] {
    (real ? ["\(capability.label)-real"] : []) + (virtual ? ["\(capability.label)-virtual"] : [])
  }

  /// Orders by capability.
  public static func < (left: Architecture, right: Architecture) -> Bool {
    left.capability < right.capability
  }
}

extension Architecture: CustomStringConvertible {
  /// The form people write: `8.6`, `8.6+PTX`, `8.6 PTX only`.
  public var description: String {
    real ? (virtual ? "\(capability)+PTX" : "\(capability)") : "\(capability) PTX only"
  }
}

extension [Architecture] {
  /// The number that ggml's host code takes for a device: the highest that isn't above it, `nil` when all are.
  public func closestNumber(to device: ComputeCapability) -> Int? {
    map(\.capability.number).filter { $0 <= device.number }.max()
  }
}
