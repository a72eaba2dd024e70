import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// The forms in which llama.cpp may come; one architecture, as each is a build of its own.
  @Suite("Sources") struct Sources {
    private let shared = SharedBuild.shared

    private func release(of source: String, in folder: FilePath, _ more: [String] = []) async throws
      -> Release
    {
      let out = folder.appending("out")
      let options = ["--archs", "75", "--no-ptx", "--compiler-cache", "none", "--tarball", "none"]
      let folders = ["--build", folder.appending("build").string, "--out", out.string]
      let result = try await shared.run(["--llama-cpp", source] + options + folders + more, in: folder)
      return Release(out: out, result: result)
    }

    private func git(_ arguments: [String], in folder: FilePath) async throws -> String {
      let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
      let git = try #require(CUDAToolkitForTests.onPath("git"))
      let result = try await runTool(git, ["-C", folder.string] + identity + arguments)
      try #require(result.isSuccess, "\(result.stderr)")
      return result.stdout.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test("a tarball is unpacked once and named by its digest; --no-flash-attention leaves kernels out")
    func tarball() async throws {
      try await withTemporaryDirectory { folder in
        let file = folder.appending("llama-small.tar.gz")
        let parent = SharedBuild.project.removingLastComponent()
        let packed = try await runTool(
          "/bin/tar",
          ["-C", parent.string, "-czf", file.string, "smallproject"]
        )
        try #require(packed.isSuccess)
        let release = try await release(of: file.string, in: folder, ["--no-flash-attention"])
        #expect(release.result.exitCode == 0, "\(release.result.stderr)")
        let inputs = try release.manifest().inputs
        let sum = try await runTool("/usr/bin/sha256sum", [file.string]).stdout.prefix(64)
        #expect(inputs.llamaCppDigest == "sha256:\(sum)")
        #expect(inputs.llamaCpp == "llama-small.tar.gz" && inputs.llamaCppVersion == "0.1.2")
        let bin = try await release.install(into: folder.appending("site"))
        let with = try await shared.split().install(into: folder.appending("with"))
        let name = Data("flash_attention".utf8)
        #expect(try #require(Files.bytes(with.appending("cuda/sm75.so"))).range(of: name) != nil)
        let slice = try #require(try Files.names(in: bin.appending("cuda")).first { $0.hasSuffix(".so") })
        #expect(try #require(Files.bytes(bin.appending("cuda/\(slice)"))).range(of: name) == nil)
      }
    }

    @Test("a git URL is cloned at its tag; the commit is in the manifest, and a moved branch is seen")
    func repository() async throws {
      try await withTemporaryDirectory { folder in
        let repository = folder.appending("upstream")
        try Files.copy(SharedBuild.project, to: repository)
        _ = try await git(["init", "--quiet", "--initial-branch", "main"], in: repository)
        _ = try await git(["add", "."], in: repository)
        _ = try await git(["commit", "--quiet", "-m", "first"], in: repository)
        _ = try await git(["tag", "b1"], in: repository)
        let first = try await git(["rev-parse", "HEAD"], in: repository)
        let tagged = try await release(of: "file://\(repository)@b1", in: folder)
        #expect(tagged.result.exitCode == 0, "\(tagged.result.stderr)")
        #expect(try tagged.manifest().inputs.llamaCppDigest == "git:\(first)")
        #expect(try tagged.manifest().inputs.llamaCpp.hasSuffix("@b1"))

        let missing = try await release(of: "file://\(repository)@b2", in: folder)
        #expect(missing.result.exitCode == 7, "\(missing.result.stderr)")
        #expect(missing.result.stderr.contains("b2"))
        #expect(try tagged.manifest().inputs.llamaCppDigest == "git:\(first)", "the old release is gone")

        let listed = try await git(["status", "--porcelain"], in: repository)
        #expect(listed.isEmpty)
      }
    }

    @Test("the folder itself is never written to")
    func folder() async throws {
      _ = try await shared.split()
      let git = try #require(CUDAToolkitForTests.onPath("git"))
      let status = try await runTool(
        git,
        [
          "-C", Program.repository.string, "status", "--porcelain", "--ignored", "--",
          SharedBuild.project.string,
        ]
      )
      #expect(status.stdout.isEmpty, "\(status.stdout)")
    }

    @Test("with sccache a second build folder compiles nothing again, and no server is left")
    func compilerCache() async throws {
      try await withTemporaryDirectory { folder in
        let sccache: [String: String?] = ["SCCACHE_DIR": folder.appending("cache").string]
        for name in ["one", "two"] {
          let result = try await shared.run(
            [
              "--llama-cpp", SharedBuild.project.string, "--archs", "75", "--no-ptx", "--tarball", "none",
              "--compiler-cache", "sccache", "--build", folder.appending(name).string,
              "--out", folder.appending("out-\(name)").string,
            ],
            environment: sccache,
            in: folder
          )
          #expect(result.exitCode == 0, "\(result.stderr)")
          let counts = try #require(
            result.stderr.firstMatch(of: #/compiler cache \(.*\): ([0-9]+) of ([0-9]+) steps were there/#)
          )
          let (hits, steps) = (Int(counts.1) ?? 0, Int(counts.2) ?? 0)
          let misses = steps - hits
          // The first finds a unit that both of its trees have.
          #expect(name == "one" ? misses > hits : misses == 0 && hits > 20, "\(name): \(counts.0)")
        }
        let left = try Files.names(in: folder.appending("out-one"))
        #expect(left == (try Files.names(in: folder.appending("out-two"))))
        let servers = Processes.mentioning("sccache").filter {
          Self.environment(of: $0.key).contains(folder.string)
        }
        #expect(servers.isEmpty)
      }
    }

    /// Debian 12 has 4.7, Ubuntu 22.04 has 4.5, which is left alone.
    private static func hasUsableCcache() async throws -> Bool {
      guard let ccache = CUDAToolkitForTests.onPath("ccache") else { return false }
      let text = try await runTool(ccache, ["--version"]).stdout
      guard let match = text.firstMatch(of: #/ccache version ([0-9]+)\.([0-9]+)/#) else { return false }
      return (Int(match.1) ?? 0, Int(match.2) ?? 0) >= (4, 7)
    }

    @Test(
      "with ccache before sccache another build folder asks sccache for nothing but what changed",
      .enabled("needs ccache 4.7 or newer") { try await hasUsableCcache() }
    )
    func wholeObjects() async throws {
      try await withTemporaryDirectory { folder in
        let source = folder.appending("source")
        try Files.copy(SharedBuild.project, to: source)
        let caches: [String: String?] = [
          "SCCACHE_DIR": folder.appending("sccache").string, "CCACHE_DIR": folder.appending("ccache").string,
        ]
        func build(_ name: String, _ more: [String] = []) async throws
          -> (objects: Substring, steps: Substring?, release: Release)
        {
          let out = folder.appending("out-\(name)")
          let result = try await shared.run(
            [
              "--llama-cpp", source.string, "--archs", "75", "--no-ptx", "--tarball", "none",
              "--compiler-cache", "auto", "--build", folder.appending(name).string, "--out", out.string,
            ] + more,
            environment: caches,
            in: folder
          )
          #expect(result.exitCode == 0, "\(result.stderr)")
          let objects = result.stderr.firstMatch(of: #/whole objects \(.*\): ([0-9]+ of [0-9]+) were there/#)
          let steps = result.stderr.firstMatch(of: #/compiler cache \(.*\): ([0-9]+ of [0-9]+) steps were/#)
          return (try #require(objects, "\(result.stderr)").1, steps?.1, Release(out: out, result: result))
        }
        let first = try await build("one")
        #expect(first.objects.hasPrefix("0 of ") && first.steps != nil)
        let all = try #require(first.objects.split(separator: " ").last)
        let second = try await build("two")
        #expect(second.objects == "\(all) of \(all)" && second.steps == nil)
        let wheels = try Files.names(in: first.release.out).filter { $0.hasSuffix(".whl") }
        #expect(!wheels.isEmpty)
        for name in wheels {
          let (one, two) = (first.release.out.appending(name), second.release.out.appending(name))
          #expect(Files.bytes(one) == Files.bytes(two), "\(name)")
        }
        // Through sccache all the same, so a rebuild has to go through it, too.
        #expect(try second.release.manifest().inputs.wentThroughSccache)

        // How many of a unit's architectures are compiled at once is no other command to either cache.
        let split = ["-D", "LLCUDA_SPLIT_UNITS=mmvq.cu;argsort.cu", "-D", "LLCUDA_SPLIT_THREADS=2"]
        let atOnce = try await build("split", split)
        #expect(atOnce.objects == second.objects && atOnce.steps == nil)
        let ninja = try #require(Files.bytes(folder.appending("split/kernels/build.ninja")))
        #expect(String(decoding: ninja, as: UTF8.self).components(separatedBy: " -t=2").count == 3)

        // A header of the kernels: their units are compiled again, and found by nobody.
        let header = source.appending("ggml/src/ggml-cuda/common.cuh")
        let text = try String(contentsOfFile: header.string, encoding: .utf8)
        try Data("\(text)\n__device__ int llcuda_changed = 1;\n".utf8).write(
          to: URL(fileURLWithPath: header.string)
        )
        let third = try await build("three")
        #expect(third.objects != second.objects && !third.objects.hasPrefix("0 "))
        #expect(third.steps != nil)
        let cuda = try await third.release.install(into: folder.appending("site")).appending("cuda")
        let slice = try #require(try Files.names(in: cuda).first { $0.hasSuffix(".so") })
        let bytes = try #require(Files.bytes(cuda.appending(slice)))
        #expect(bytes.range(of: Data("llcuda_changed".utf8)) != nil)
      }
    }

    @Test(
      "units that instantiate templates, and small ones, are compiled as one: the same kernels, also when one changes"
    )
    func merged() async throws {
      try await withTemporaryDirectory { folder in
        let source = folder.appending("source")
        try Files.copy(SharedBuild.project, to: source)
        let kernels = source.appending("ggml/src/ggml-cuda")
        func write(_ name: String, _ text: String) throws {
          try Data(text.utf8).write(to: URL(fileURLWithPath: kernels.appending(name).string))
        }
        func instance(_ number: Int, of value: Int) throws {
          try write(
            "template-instances/mmf-instance-ncols_\(number).cu",
            "// Generated.\n\n#include \"../small.cuh\"\n\nDECL_SMALL_CASE(\(value));\n"
          )
        }
        let recipe = try String(contentsOfFile: kernels.appending("CMakeLists.txt").string, encoding: .utf8)
        try write(
          "CMakeLists.txt",
          recipe.replacing("\"*.cu\"", with: "\"*.cu\" \"template-instances/*.cu\"")
        )
        // Like fattn-tile.cuh, it doesn't bear being included twice.
        try write(
          "small.cuh",
          """
          #include "common.cuh"
          static __device__ float small_offset() { return COMPILED_ARCH; }
          template <int N> __global__ void small_kernel(float * values) { values[threadIdx.x] += N + small_offset(); }
          template <int N> void small_case(float * values) { small_kernel<N><<<1, 32>>>(values); }
          #define DECL_SMALL_CASE(N) template void small_case<N>(float *)
          """
        )
        try FileManager.default.createDirectory(
          atPath: kernels.appending("template-instances").string,
          withIntermediateDirectories: true
        )
        for number in 1...3 { try instance(number, of: number) }
        // Two of them have a function of the same name.
        for (unit, helper) in [("acc", "offset"), ("scale", "scale_offset"), ("pad", "offset")] {
          try write(
            "\(unit).cu",
            """
            #include "common.cuh"
            static __device__ float \(helper)(float x) { return x + \(unit.utf8.count) * COMPILED_ARCH; }
            static __global__ void \(unit)_f32(float * values) { values[threadIdx.x] = \(helper)(values[0]); }
            void ggml_cuda_op_\(unit)(float * values) { \(unit)_f32<<<1, 32>>>(values); }

            """
          )
        }

        func build(_ name: String, _ more: [String] = []) async throws -> (
          kernels: Set<String>, units: [String]
        ) {
          let out = folder.appending("out-\(name)")
          let result = try await shared.run(
            [
              "--llama-cpp", source.string, "--archs", "75", "--no-ptx", "--tarball", "none",
              "--compiler-cache", "none",
              "--build", folder.appending(name).string, "--out", out.string,
            ] + more,
            in: folder
          )
          try #require(result.exitCode == 0, "\(result.stderr)")
          let cuda = try await Release(out: out, result: result).install(
            into: folder.appending("site-\(UUID())")
          )
          .appending("cuda")
          let slice = try #require(try Files.names(in: cuda).first { $0.hasSuffix(".so") })
          let cuobjdump = try #require(CUDAToolkitForTests.cuobjdump)
          let usage = try await runTool(cuobjdump, ["-res-usage", cuda.appending(slice).string]).stdout
          let found = usage.matches(of: #/Function _Z12small_kernelILi([0-9]+)E/#).map { String($0.1) }
          let log = try #require(Files.bytes(folder.appending("\(name)/kernels/.ninja_log")))
          let objects = String(decoding: log, as: UTF8.self).matches(of: #/([a-z0-9_-]+)\.cu\.o/#).map {
            String($0.1)
          }
          let grouped = objects.filter { $0.contains("instance") || ["acc", "pad", "scale"].contains($0) }
          return (Set(found), grouped.sorted())
        }
        let merged = try await build("merged")
        #expect(merged.kernels == ["1", "2", "3"])
        #expect(merged.units == ["pad", "scale", "small-instances-1"])
        let alone = try await build("alone", ["-D", "LLCUDA_UNITS=OFF"])
        #expect(alone.kernels == merged.kernels)
        #expect(alone.units == ["acc"] + (1...3).map { "mmf-instance-ncols_\($0)" } + ["pad", "scale"])
        let compared = try await runTool(
          try #require(CUDAToolkitForTests.onPath("python3")),
          [
            Program.repository.appending("ci/oracle/compare_functions.py").string,
            folder.appending("alone/kernels").string,
            folder.appending("merged/kernels").string,
          ]
        )
        #expect(compared.isSuccess, "\(compared.stdout)\(compared.stderr)")

        // What fails as one may not fail alone, and the message says so.
        let scale = try String(contentsOfFile: kernels.appending("scale.cu").string, encoding: .utf8)
        try write("scale.cu", scale + "static_assert(COMPILED_ARCH == 1, \"\");\n")
        let failed = try await shared.run(
          ["--llama-cpp", source.string, "--archs", "75", "--no-ptx", "--compiler-cache", "none"]
            + ["--build", folder.appending("failed").string, "--out", folder.appending("none").string],
          in: folder
        )
        #expect(failed.exitCode == 2)
        #expect(
          failed.stderr.contains(
            "'scale.cu' is several of llama.cpp's units, compiled as one; -D LLCUDA_UNITS=OFF compiles each alone"
          ),
          "\(failed.stderr)"
        )
        try write("scale.cu", scale)

        // Ninja only sees the file that several were merged into.
        try instance(2, of: 7)
        #expect(try await build("merged").kernels == ["1", "3", "7"])
      }
    }

    private static func environment(of pid: Int32) -> String {
      Files.bytes(FilePath("/proc/\(pid)/environ")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
  }
}
