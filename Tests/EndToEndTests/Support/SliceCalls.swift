import ReleaseModel
import SystemPackage
import TestSupport
import Testing

/// Calls of host code in installed slices.
enum SliceCalls {
  /// Asks slices which of the compile set is closest to 7.5, and the first of them also for 8.0.
  static func closest(_ slices: [String], of release: Release, in bin: FilePath) async throws -> ToolResult {
    // Stand-ins for the driver and cuBLAS, which need not be on a machine that builds.
    let home = try #require(Program.cudaHome)
    let major = try release.manifest().inputs.toolkit.major
    for (stub, name) in [("libcuda.so", "libcuda.so.1"), ("libcublas.so", "libcublas.so.\(major)")] {
      try Files.link(home.appending("lib64/stubs/\(stub)"), from: bin.appending(name))
    }
    let program = """
      import ctypes, sys
      print([ctypes.CDLL(path).small_closest(75) for path in sys.argv[1:]], ctypes.CDLL(sys.argv[1]).small_closest(80))
      """
    return try await runTool(
      try #require(Program.tool("python3")),
      ["-c", program] + slices.map { bin.appending("cuda/\($0).so").string },
      environment: ["LD_LIBRARY_PATH": "\(bin):\(home)/lib64"]
    )
  }
}
