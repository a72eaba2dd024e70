import Foundation
import SystemPackage
import TestSupport
import Testing

/// nvcc makes the same object every time, with what `BuildTree` and `cmake/llcuda-unit.h` add.
@Suite(
  "Objects are the same every time",
  .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)")
)
struct ReproducibleObjectTests {
  /// Like ggml's template instances: no external definition but the kernel's, and internal names in the PTX.
  private static let unit = """
    template <int N> static __device__ __noinline__ float sum(const float * values) {
        __shared__ float shared[N];
        shared[threadIdx.x] = values[threadIdx.x];
        __syncthreads();
        return shared[N - 1 - threadIdx.x];
    }
    template <int N> __global__ void kernel(float * values) { values[threadIdx.x] = sum<N>(values); }
    template __global__ void kernel<32>(float *);
    """
  private static let header = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("cmake/llcuda-unit.h")

  private func object(_ flags: [String], in folder: FilePath) async throws -> Data {
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    let source = folder.removingLastComponent().appending("unit.cu")
    try Data(Self.unit.utf8).write(to: URL(fileURLWithPath: source.string))
    let host = try #require(CUDAToolkitForTests.hostCompiler).string
    let result = try await runTool(
      try #require(CUDAToolkitForTests.nvcc),
      ["-ccbin", host, "-gencode=arch=compute_75,code=compute_75", "-c", source.string, "-o", "unit.cu.o"]
        + flags,
      in: folder
    )
    try #require(result.isSuccess, "\(result.stderr)")
    return try Data(contentsOf: URL(fileURLWithPath: folder.appending("unit.cu.o").string))
  }

  @Test("with its architectures compiled at once")
  func split() async throws {
    try await withTemporaryDirectory { folder in
      let flags = [
        "--objdir-as-tempdir", "-DLLCUDA_UNIT=llcuda_unit_x", "-include", Self.header.string,
        "-gencode=arch=compute_80,code=sm_80", "-gencode=arch=compute_86,code=sm_86",
      ]
      let first = try await object(flags, in: folder.appending("1"))
      #expect(try await object(flags + ["-t=3"], in: folder.appending("2")) == first)
    }
  }

  @Test("in another folder, by another process")
  func same() async throws {
    try await withTemporaryDirectory { folder in
      let flags = ["--objdir-as-tempdir", "-DLLCUDA_UNIT=llcuda_unit_x", "-include", Self.header.string]
      let first = try await object(flags, in: folder.appending("1"))
      #expect(try await object(flags, in: folder.appending("2")) == first)
    }
  }
}
