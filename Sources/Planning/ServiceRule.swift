public import ReleaseModel

/// How a device runs a slice, best first.
public enum Service: Int, Hashable, Sendable, Comparable, Codable {
  /// A cubin made for exactly this capability.
  case exactCubin
  /// A cubin of an older minor of the same major.
  case olderCubin
  /// PTX that the driver compiles at the first run.
  case ptx

  /// Orders by quality: the lesser is the better.
  public static func < (left: Service, right: Service) -> Bool { left.rawValue < right.rawValue }
}

/// The closest-architecture rule, which decides whether a slice may serve a device.
///
/// ggml's host code is compiled once for the whole compile set. At run time it takes the highest architecture of
/// that set which is not above the device's and prepares its kernel launches for it. A slice without that
/// architecture would run kernels which were compiled for another one and computed with launch parameters that
/// don't belong to them, so it must not serve the device, even where its cubins would load.
public struct ServiceRule: Hashable, Sendable {
  /// All architectures that were compiled together, ascending.
  public let compileSet: [Architecture]

  /// Makes the rule of one compile set.
  public init(compileSet: [Architecture]) { self.compileSet = compileSet.sorted() }

  /// The number that ggml's host code takes for a device, `nil` when every architecture is above it.
  public func closest(to device: ComputeCapability) -> Int? { compileSet.closestNumber(to: device) }

  /// How `slice` serves `device`, `nil` when it must not.
  public func service(of device: ComputeCapability, by slice: Slice) -> Service? {
    guard let closest = closest(to: device) else { return nil }
    let candidates = slice.architectures.filter { $0.capability.number == closest }
    if candidates.contains(where: { $0.real && $0.capability.cubinRuns(on: device) }) {
      return closest == device.number ? .exactCubin : .olderCubin
    }
    return candidates.contains { $0.virtual && $0.capability.ptxRuns(on: device) } ? .ptx : nil
  }

  /// The slice that serves a device best, with how it does.
  public func best(of slices: [Slice], for device: ComputeCapability) -> (slice: Slice, service: Service)? {
    slices
      .compactMap { slice in service(of: device, by: slice).map { (slice, $0) } }
      .min { ($0.1, $0.0.architectures.count, $0.0.name) < ($1.1, $1.0.architectures.count, $1.0.name) }
  }

  /// Why a device isn't served even by everything together, or `nil` if it is.
  ///
  /// The one surprising case: a Tegra or letter-suffixed architecture lies between the device and a cubin that would
  /// run, and ggml's host code, which knows numbers only, takes it.
  public func obstacle(to device: ComputeCapability) -> String? {
    guard let closest = closest(to: device) else {
      return "every architecture of the list is above \(device)"
    }
    guard service(of: device, by: Slice(name: "all", architectures: compileSet)) == nil else { return nil }
    let runnable = compileSet.last { $0.real && $0.capability.cubinRuns(on: device) }
    guard let runnable else {
      return "no cubin of the list runs on \(device) and no PTX can be compiled for it"
    }
    let shadow = compileSet.last { $0.capability.number == closest }?.capability.description ?? "\(closest)"
    return """
      \(runnable.capability)'s cubin would run on \(device), but ggml takes \(shadow), the closest in the list, whose \
      code does not run there; build \(shadow) in a release of its own
      """
  }
}
