public import ReleaseModel

/// The text beside a slice that tells the selector and the Python package what it holds.
///
/// One `key value...` per line; the selector in `cmake/selector` and `dist/python/llcuda/slices.py` read it.
public struct SliceIndex: Hashable, Sendable {
  /// The slice's name.
  public var slice: String
  /// The toolkit it was built with.
  public var toolkit: ToolkitVersion
  /// The lowest drivers.
  public var floor: DriverFloor
  /// All architectures that the host code knows.
  public var compileSet: [ComputeCapability]
  /// What is inside, as read back.
  public var architectures: [Architecture]

  /// Makes an index.
  public init(
    slice: String,
    toolkit: ToolkitVersion,
    floor: DriverFloor,
    compileSet: [ComputeCapability],
    architectures: [Architecture]
  ) {
    self.slice = slice
    self.toolkit = toolkit
    self.floor = floor
    self.compileSet = compileSet
    self.architectures = architectures
  }

  /// The file's text.
  public var text: String {
    let real = architectures.filter(\.real).map(\.capability.label)
    let virtual = architectures.filter(\.virtual).map(\.capability.label)
    // A slice of PTX only loads where PTX can be compiled; one with cubins loads wherever they run.
    let lowest = real.isEmpty ? floor.ptx ?? floor.cubins : floor.cubins
    let numbers = Array(Set(compileSet.map(\.number))).sorted().map(String.init)
    var lines = [
      "# Written by llcuda-build; read by libggml-cuda.so, which picks a slice for the GPUs of this machine.",
      "format 1", "slice \(slice)", "toolkit \(toolkit.release)", "cuda-driver \(lowest.apiVersion)",
    ]
    // What decides is cuda-driver; the release is for people, and of a new toolkit's driver nobody may know it.
    if let release = lowest.exactRelease { lines.append("driver-floor \(release)") }
    lines.append("compile-set \(numbers.joined(separator: " "))")
    if !real.isEmpty { lines.append("real \(real.joined(separator: " "))") }
    if !virtual.isEmpty { lines.append("virtual \(virtual.joined(separator: " "))") }
    return lines.joined(separator: "\n") + "\n"
  }
}
