import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// llama.cpp itself, the pinned release, for one architecture: the long way, in about a quarter of an hour on two cores
  /// when the compiler cache is cold.
  @Suite(
    "llama.cpp",
    .enabled(
      if: ProcessInfo.processInfo.environment["LLCUDA_E2E_LLAMA"] == "1",
      "compiles llama.cpp; set LLCUDA_E2E_LLAMA=1"
    ),
    .timeLimit(.minutes(60))
  )
  struct LlamaCpp {
    @Test("from the pinned source to programs that run, installed by pip and by uv")
    func wholeWay() async throws {
      try await withTemporaryDirectory { folder in
        let out = folder.appending("out")
        // The user's own cache, as the source, the toolkit and compiled pieces may be there already.
        let result = try await Program.run(
          [
            "--archs", "75-real", "--no-ptx", "--no-flash-attention", "--layout", "split",
            "--build", folder.appending("build").string, "--out", out.string,
          ],
          in: folder
        )
        try #require(result.exitCode == 0, "\(result.stderr)")
        let release = Release(out: out, result: result)
        // CI compares it with that of the target branch (ci/sizes).
        if let kept = ProcessInfo.processInfo.environment["LLCUDA_TEST_INVENTORY"], !kept.isEmpty {
          Files.remove(FilePath(kept))
          try Files.copy(out.appending("inventory.json"), to: FilePath(kept))
        }
        let manifest = try release.manifest()
        #expect(manifest.inputs.llamaCppDigest.hasPrefix("sha256:"))
        #expect(manifest.inputs.kernelDefinitions.contains("GGML_CUDA_FA=OFF"))
        #expect(try release.artifacts("wheel").count == 3)
        #expect(manifest.overBudget.isEmpty)
        let sums = try await runTool("/usr/bin/sha256sum", ["-c", "--quiet", "SHA256SUMS"], in: out)
        #expect(sums.isSuccess, "\(sums.stdout)")

        let bin = try await release.install(into: folder.appending("site"))
        let slice = bin.appending("cuda/sm75.so")
        #expect(try await Release.kernels(of: slice) == ["75"])
        try await leavesFlashAttentionOut(slice)
        try await InstallChecks.listsDevicesOnTheCPU(bin.appending("llama-bench"))

        for installer in InstallChecks.Installer.allCases {
          try await InstallChecks.check(
            release,
            with: installer,
            llamaVersion: manifest.inputs.llamaCppVersion,
            in: folder.appending(installer.rawValue)
          )
        }
      }
    }

    /// ggml compiles flash attention's units without the bodies of its three kernels then: what remains is a trap with a
    /// message, of 24 registers; the real ones take 64 and more.
    private func leavesFlashAttentionOut(_ slice: FilePath) async throws {
      let cuobjdump = try #require(CUDAToolkitForTests.cuobjdump)
      let usage = try await runTool(cuobjdump, ["-res-usage", slice.string])
      var isKernel = false
      var registers: [Int] = []
      for line in usage.stdout.split(separator: "\n") {
        if line.contains("Function ") { isKernel = line.contains(#/flash_attn_(tile|ext_f16|ext_vec)I/#) }
        guard isKernel, let match = line.firstMatch(of: #/REG:([0-9]+)/#) else { continue }
        registers.append(Int(match.1) ?? 0)
      }
      #expect(
        !registers.isEmpty && registers.allSatisfy { $0 <= 40 },
        "registers: \(Set(registers).sorted())"
      )
    }
  }
}
