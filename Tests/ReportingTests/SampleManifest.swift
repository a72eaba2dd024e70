import ReleaseModel

extension ReleaseManifest {
  /// A release with every field filled and one wheel over the cap; the sizes are those of a real build.
  static var sample: ReleaseManifest {
    let toolkit = ToolkitVersion(major: 12, minor: 4, patch: 131)
    let set = [
      Architecture(ComputeCapability(number: 75), real: true, virtual: false),
      Architecture(ComputeCapability(number: 80), real: true, virtual: false),
      Architecture(ComputeCapability(number: 86), real: true, virtual: true),
    ]
    var manifest = ReleaseManifest(
      project: Project(name: "llcuda", version: "0.1.0"),
      inputs: Inputs(
        llamaCpp: "llama-cpp-python 0.3.36 (sdist)",
        llamaCppVersion: "0.25.3",
        llamaCppDigest: "sha256:" + String(repeating: "5c", count: 32),
        toolkit: toolkit,
        hostCompiler: "g++-12 (Debian 12.2.0-14+deb12u1) 12.2.0",
        architectures: set,
        kernelCompression: .none,
        kernelDefinitions: ["GGML_CUDA=ON", "GGML_CUDA_FA=ON"],
        coreDefinitions: ["GGML_CPU_ALL_VARIANTS=ON"]
      ),
      layout: .split,
      cap: ByteCount.pypiFileLimit
    )
    let floor = DriverFloor(toolkit: toolkit, compression: .none, hasPTX: false)
    let floorWithPTX = DriverFloor(toolkit: toolkit, compression: .none, hasPTX: true)
    manifest.artifacts = [
      wheel("llcuda_core", .core, nil, 13_402_118, [], nil),
      wheel("llcuda_cu12_sm75", .group, "sm75", 29_512_400, [set[0]], floor),
      wheel("llcuda_cu12_sm86", .group, "sm86", 104_857_601, [set[2]], floorWithPTX),
      wheel("llcuda", .meta, nil, 2_311, [], nil),
    ]
    manifest.slices = [
      SliceRecord(name: "sm75", bytes: ByteCount(139_004_928), kernels: [kernels(75, "real", 117_104_212)]),
      SliceRecord(
        name: "sm86",
        bytes: ByteCount(206_831_104),
        kernels: [kernels(86, "real", 118_720_004), kernels(86, "virtual", 65_511_280)]
      ),
    ]
    manifest.coverage = [
      Coverage(capability: ComputeCapability(number: 61), devices: "GTX 1060-1080", runs: "CPU", slice: nil),
      Coverage(capability: ComputeCapability(number: 75), devices: "T4", runs: "cubin 7.5", slice: "sm75"),
      Coverage(
        capability: ComputeCapability(number: 120),
        devices: "RTX 5060-5090",
        runs: "PTX 8.6, compiled at first run",
        slice: "sm86"
      ),
    ]
    manifest.plan = PlanRecord(
      digest: String(repeating: "a7", count: 32),
      predicted: [
        Prediction(file: manifest.artifacts[0].file, bytes: ByteCount(13_402_118), estimates: []),
        Prediction(file: manifest.artifacts[1].file, bytes: ByteCount(28_922_152), estimates: []),
        Prediction(
          file: manifest.artifacts[2].file,
          bytes: ByteCount(94_371_840),
          estimates: ["8.6 like 8.0"]
        ),
      ]
    )
    manifest.upx = [
      UPXRecord(
        file: "llama-server",
        before: ByteCount(6_204_416),
        after: ByteCount(2_310_144),
        deflatedBefore: ByteCount(2_402_111),
        deflatedAfter: ByteCount(2_298_004),
        loadSecondsBefore: 0.0121,
        loadSecondsAfter: 0.0489,
        keptBecause: nil
      ),
      UPXRecord(
        file: "libggml-base.so.0",
        before: ByteCount(702_112),
        after: ByteCount(702_112),
        deflatedBefore: ByteCount(250_000),
        deflatedAfter: ByteCount(250_000),
        loadSecondsBefore: nil,
        loadSecondsAfter: nil,
        keptBecause: "the wheel would not get smaller"
      ),
    ]
    manifest.diagnostics = [.warning("GPUs of 6.1 will use the CPU"), .note("sccache was not found")]
    manifest.remedies = [
      Remedy(
        action: "--kernel-compression zstd",
        largestAfterwards: ByteCount(71_204_008),
        price: "needs driver 550.54.14 instead of 525.60.13"
      ),
      Remedy(
        action: "--no-ptx",
        largestAfterwards: ByteCount(64_000_100),
        price: "GPUs after 8.x use the CPU"
      ),
      Remedy(action: "--upx all", largestAfterwards: ByteCount(104_900_000), price: "slower starts"),
      Remedy(action: "a fourth, which is not shown", largestAfterwards: .zero, price: "-"),
    ]
    return manifest
  }

  private static func wheel(
    _ name: String,
    _ role: Artifact.Role,
    _ group: String?,
    _ bytes: Int,
    _ architectures: [Architecture],
    _ floor: DriverFloor?
  ) -> Artifact {
    Artifact(
      file: "\(name)-0.1.0-py3-none-" + (role == .meta ? "any.whl" : "manylinux_2_28_x86_64.whl"),
      kind: "wheel",
      role: role,
      group: group,
      bytes: ByteCount(bytes),
      installedBytes: ByteCount(bytes * 3),
      sha256: String(repeating: "0f", count: 32),
      architectures: architectures,
      driverFloor: floor,
      neededLibraries: role == .group ? ["libcublas.so.12", "libcudart.so.12"] : []
    )
  }

  private static func kernels(_ number: Int, _ kind: String, _ bytes: Int) -> KernelBytes {
    KernelBytes(
      capability: ComputeCapability(number: number),
      kind: kind,
      images: 144,
      bytes: ByteCount(bytes)
    )
  }
}
