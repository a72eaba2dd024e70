import Packaging
import ReleaseModel

/// The project's name and version, checked before anything is built for it.
struct ProjectIdentity: Sendable {
  let name: ProjectName
  let version: ProjectVersion

  /// - Throws: `PackagingError` for what an index would refuse.
  init(_ project: ProjectSpec) throws {
    name = try ProjectName(project.name)
    // Our own version is that of our own project alone: an index takes a number once, so nobody's is guessed.
    let own = project.name == ProjectSpec().name ? LlcudaBuild.version : nil
    guard let text = project.version ?? own else { throw PackagingError.noVersion(project: project.name) }
    version = try ProjectVersion(text)
  }

  /// The project of the wheel that carries the core in layout `split`.
  func core() throws -> ProjectName { try ProjectName("\(name.text)-core") }

  /// The project of a group's wheel: `llcuda-cu12-sm75`.
  func group(_ group: String, toolkit: ToolkitVersion) throws -> ProjectName {
    try ProjectName("\(name.text)-cu\(toolkit.major)-\(group)")
  }
}

/// What NVIDIA's wheels bring, so that ours don't carry it.
struct NVIDIALibraries: Sendable {
  let toolkit: ToolkitVersion

  /// Requirements of a wheel that holds kernels.
  ///
  /// Older minors lack symbols that newer headers make the code use.
  var requirements: [String] {
    let range = ">=\(toolkit.release),<\(toolkit.major + 1)"
    let suffix = toolkit.major >= 13 ? "" : "-cu\(toolkit.major)"
    return ["nvidia-cuda-runtime\(suffix)\(range)", "nvidia-cublas\(suffix)\(range)"]
  }

  /// The libraries that those wheels and the driver bring.
  var libraries: Set<String> {
    [
      "libcuda.so.1", "libcudart.so.\(toolkit.major)", "libcublas.so.\(toolkit.major)",
      "libcublasLt.so.\(toolkit.major)",
    ]
  }
}
