import Foundation
public import SystemPackage

/// The CUDA toolkit and host compiler that tests with real device code use.
///
/// Looked for in `CUDA_HOME`, then among the toolkits that `ci/setup` put into the user's cache, then on `PATH`.
/// Tests that need it say so by a trait:
///
///     @Suite(.enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)"))
public enum CUDAToolkitForTests {
  /// The CUDA compiler; nil if there is none.
  public static let nvcc: FilePath? = folder.flatMap { tool("nvcc", in: $0) }
  /// NVIDIA's lister of fat binaries.
  public static let cuobjdump: FilePath? = folder.flatMap { tool("cuobjdump", in: $0) }
  /// NVIDIA's pruner of fat binaries.
  public static let nvprune: FilePath? = folder.flatMap { tool("nvprune", in: $0) }
  /// A host compiler that CUDA 12.4 accepts: g++-12, else the default g++.
  public static let hostCompiler: FilePath? = onPath("g++-12") ?? onPath("g++")

  /// Whether device code can be compiled and looked at here.
  public static var isPresent: Bool { nvcc != nil && cuobjdump != nil && hostCompiler != nil }
  /// Why tests are skipped when it cannot.
  public static let absence = "needs nvcc, cuobjdump and g++; run ci/setup or set CUDA_HOME"

  /// The path of a program that is on `PATH`; nil if it is not.
  public static func onPath(_ name: String) -> FilePath? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.lazy.compactMap { tool(name, in: FilePath(String($0))) }.first
  }

  private static let folder: FilePath? = {
    let environment = ProcessInfo.processInfo.environment
    if let home = environment["CUDA_HOME"], !home.isEmpty {
      return FilePath(home).appending("bin")
    }
    let cache = FilePath(NSHomeDirectory()).appending(".cache").appending("llcuda-build")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: cache.string)) ?? []
    for name in names.filter({ $0.hasPrefix("cuda-") }).sorted() {
      let folder = cache.appending(name).appending("bin")
      if tool("nvcc", in: folder) != nil { return folder }
    }
    return onPath("nvcc")?.removingLastComponent()
  }()

  private static func tool(_ name: String, in folder: FilePath) -> FilePath? {
    let path = folder.appending(name)
    return FileManager.default.isExecutableFile(atPath: path.string) ? path : nil
  }
}
