import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// A build that several machines share: each has a build folder, and even a source folder, of its own.
  @Suite("Shards") struct Shards {
    private let shared = SharedBuild.shared

    private func run(_ arguments: [String], in folder: FilePath) async throws -> ToolResult {
      try await shared.run(arguments, environment: ["SOURCE_DATE_EPOCH": "1700000000"], in: folder)
    }

    private func arguments(_ source: FilePath) -> [String] {
      ["--llama-cpp", source.string, "--archs", "75,86", "--no-ptx", "--compiler-cache", "none"]
    }

    /// Builds a share in folders of its own.
    private func build(
      _ shard: String,
      _ more: [String] = [],
      as machine: String? = nil,
      in folder: FilePath
    ) async throws -> FilePath {
      let name = machine ?? "machine-" + shard.replacing("/", with: "-of-")
      let source = folder.appending("\(name)/source")
      try Files.copy(SharedBuild.project, to: source)
      let part = folder.appending("part-\(name)")
      let options = ["--shard", shard, "--build", "\(folder)/\(name)/build", "--out", part.string]
      let result = try await run(arguments(source) + options + more, in: folder)
      try #require(result.exitCode == 0, "\(result.stderr)")
      return part
    }

    @Test("three shards and the core, merged, are the release that one machine makes, byte for byte")
    func merge() async throws {
      try await withTemporaryDirectory { folder in
        var parts: [FilePath] = []
        for shard in ["core", "1/3", "2/3", "3/3"] { parts.append(try await build(shard, in: folder)) }
        let source = [
          "--llama-cpp", SharedBuild.project.string, "--compiler-cache", "none", "--layout", "split",
        ]

        let single = folder.appending("out-single")
        let alone = try await run(
          arguments(SharedBuild.project) + ["--layout", "split", "--build", "b1", "--out", single.string],
          in: folder
        )
        try #require(alone.exitCode == 0, "\(alone.stderr)")
        let merged = folder.appending("out-merged")
        let command = ["merge"] + parts.map(\.string).reversed() + source
        let done = try await run(command + ["--build", "b2", "--out", merged.string], in: folder)
        try #require(done.exitCode == 0, "\(done.stderr)")

        let names = try Files.names(in: single)
        #expect(try Files.names(in: merged) == names && names.count > 8)
        for name in names {
          #expect(
            Files.bytes(merged.appending(name)) == Files.bytes(single.appending(name)),
            "\(name) differs"
          )
        }
        #expect(done.stdout == alone.stdout)
        let trace = try #require(Files.text(folder.appending("b1/logs/trace.json")))
        for word in [
          "mmvq.cu", "\"compile\"", "\"link\"", "\"stage\"", "sm75.so", "\"strip\"", "\"carve\"", ".whl",
        ] {
          #expect(trace.contains(word), "\(word)")
        }
        // Nothing was compiled here: slices are linked with the part's core.
        #expect(!Files.exists(folder.appending("b2/kernels/.ninja_log")))
        #expect(Files.exists(folder.appending("b2/kernels/build.ninja")))
        #expect(!Files.exists(folder.appending("b2/core")))
        try await refusals(parts, in: folder, source: source, release: merged)
      }
    }

    /// What is wrong with the same parts; each is refused by name, and the release stays as it was.
    private func refusals(_ parts: [FilePath], in folder: FilePath, source: [String], release: FilePath)
      async throws
    {
      let before = try Files.times(below: release)
      func refuse(_ given: [FilePath], _ says: String..., also: [String] = []) async throws {
        let command = ["merge"] + given.map(\.string) + source + also
        let result = try await run(command + ["--build", "b2", "--out", release.string], in: folder)
        #expect(result.exitCode == 7, "\(result.stderr)")
        let errors = result.stderr.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1 && result.stdout.isEmpty)
        for text in says { #expect(errors.first?.contains(text) == true, "\(text): \(result.stderr)") }
      }
      try await refuse([parts[0], parts[1], parts[3]], "shard 2/3 is missing", "--shard 2/3")
      let copy = folder.appending("copy")
      try Files.copy(parts[2], to: copy)
      try await refuse(parts + [copy], "shard 2/3 is there twice", "'\(parts[2])'", "'\(copy)'")
      let foreign = try await build("2/3", ["-D", "GGML_CUDA_FA=OFF"], as: "other", in: folder)
      try await refuse([parts[1], foreign, parts[3]], "'\(foreign)' is of another build", "GGML_CUDA_FA")
      try await refuse(
        parts,
        "is of another build than the one asked for here",
        "90-real",
        also: ["--archs", "90"]
      )
      try await refuse([folder.appending("machine-core")], "is no part")

      let names = try Files.names(in: copy.appending("files"))
      let victim = copy.appending("files/\(try #require(names.first))")
      var bytes = try #require(Files.bytes(victim))
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: URL(fileURLWithPath: victim.string))
      try await refuse([parts[1], copy, parts[3]], "part '\(copy)' is damaged", ".cu.o", "another SHA-256")
      #expect(try Files.times(below: release) == before)
    }

    @Test("a share that can't be, and an output folder that holds a release")
    func usage() async throws {
      try await withTemporaryDirectory { folder in
        let many = try await run(
          arguments(SharedBuild.project) + ["--shard", "9/9", "--out", "p"],
          in: folder
        )
        #expect(many.exitCode == 64 && many.stderr.contains("4 translation units"), "\(many.stderr)")
        let wrong = try await run(arguments(SharedBuild.project) + ["--shard", "4/3"], in: folder)
        #expect(wrong.exitCode == 64 && wrong.stderr.contains("4/3"), "\(wrong.stderr)")
        try Files.write("{}", to: folder.appending("out/manifest.json"))
        let taken = try await run(arguments(SharedBuild.project) + ["--shard", "1/2"], in: folder)
        #expect(taken.exitCode == 8 && taken.stderr.contains("manifest.json"), "\(taken.stderr)")
      }
    }
  }
}
