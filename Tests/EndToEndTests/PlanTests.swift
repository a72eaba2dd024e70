import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// Plans: made without a toolkit, kept in a file, executed, refused.
  @Suite("Plans") struct Plans {
    private let shared = SharedBuild.shared

    private struct Saved: Decodable {
      let digest: String
    }

    @Test("a plan needs no toolkit, writes nothing, and says what it took for granted")
    func withoutToolkit() async throws {
      try await withTemporaryDirectory { folder in
        let bare: [String: String?] = [
          "CUDA_HOME": nil, "PATH": "/usr/bin:/bin", "LLCUDA_CACHE": folder.appending("cache").string,
        ]
        let options = ["plan", "--archs", "all", "--cuda", "12.4"]
        let result = try await Program.run(options, environment: bare, in: folder)
        #expect(result.exitCode == 0, "\(result.stderr)")
        #expect(result.stderr == "note: planned for CUDA 12.4, as the catalog knows it\n")
        #expect(result.stdout.contains("5.0, 5.2, 6.0") && result.stdout.contains("RTX 4060-4090"))
        #expect(try Files.names(in: folder) == [])
        let ways = try await Program.run(options + ["--options"], environment: bare, in: folder)
        #expect(ways.exitCode == 0 && ways.stdout.contains("raise the limit"))
        let request = try await Program.run(
          ["limit-request", "--archs", "75,80,86", "--cuda", "12.4"],
          environment: bare,
          in: folder
        )
        #expect(request.exitCode == 0 && request.stdout.contains("### New limit"))
        #expect(request.stderr.contains("warning: no request is needed"))
        #expect(request.stdout.contains("- 7.5: ") && request.stdout.contains("12 releases a year"))
      }
    }

    @Test(
      "what can't be asked for: one line each",
      arguments: [
        (["--cap", "0"], "--cap must be at least one byte"), (["--cap", "5 parsecs"], "--cap"),
        (["--max-wheels", "0"], "--max-wheels"), (["--prefer", "best"], "--prefer"),
        (["--min-driver", "470"], "--min-driver is 470"), (["--cuda", "twelve"], "--cuda 'twelve'"),
        (["--group", "a=75", "--group", "b=75"], "7.5 already belongs to another one"),
        (["--group", "a=90"], "9.0 is not among the architectures"),
        (["--layout", "split", "--prefer", "thin"], "contradict each other"),
        (["--kernel-compression", "zstd", "--min-driver", "525"], "leave one out"),
      ] as [([String], String)]
    )
    func refused(options: [String], message: String) async throws {
      try await withTemporaryDirectory { folder in
        let toolkit = options.contains("--cuda") ? [] : ["--cuda", "12.4"]
        let result = try await Program.run(["plan", "--archs", "75,80"] + toolkit + options, in: folder)
        #expect(result.exitCode == 64, "\(result.stderr)")
        #expect(result.stdout.isEmpty && result.stderr.contains(message), "\(result.stderr)")
      }
    }

    private struct Matrix: Decodable {
      struct Job: Decodable { let shard, artifact: String }
      let include: [Job]
    }

    @Test(
      "the jobs of a build in shards: one line for a CI system's matrix, and nothing where no list can be built"
    )
    func matrix() async throws {
      try await withTemporaryDirectory { folder in
        func plan(_ options: [String]) async throws -> ToolResult {
          try await Program.run(
            ["plan", "--cuda", "12.4", "--format", "github-matrix"] + options,
            in: folder
          )
        }
        let result = try await plan(["--archs", "75,80,86", "--shards", "4"])
        #expect(result.exitCode == 0 && !result.stderr.contains("end no earlier"), "\(result.stderr)")
        #expect(result.stdout.hasSuffix("\n") && result.stdout.filter(\.isNewline).count == 1)
        let jobs = try JSONDecoder().decode(Matrix.self, from: Data(result.stdout.utf8)).include
        #expect(jobs.map(\.shard) == ["core", "1/4", "2/4", "3/4", "4/4"])
        #expect(jobs.map(\.artifact).last == "part-4-of-4")
        let many = try await plan(["--archs", "75,80,86", "--shards", "100"])
        #expect(
          many.exitCode == 0 && many.stderr.contains("100 shards end no earlier than"),
          "\(many.stderr)"
        )

        for (options, says) in [
          (["--archs", "75", "--shards", "0"], "0 shards cannot be"), (["--archs", "75"], "belong together"),
          (["--archs", "75,999", "--shards", "4"], "99.9"),
          (["--archs", "75", "--shards", "9999"], "9999 shards"),
          (["--archs", "75", "--shards", "2", "--format", "json"], "belong together"),
        ] {
          let refused = try await plan(options)
          #expect(refused.exitCode == 64 && refused.stdout.isEmpty, "\(refused.stdout)")
          #expect(refused.stderr.contains(says), "\(refused.stderr)")
        }
      }
    }

    @Test("a plan against an earlier one, and against what is none")
    func against() async throws {
      try await withTemporaryDirectory { folder in
        func plan(_ archs: String, _ options: String...) async throws -> ToolResult {
          try await Program.run(["plan", "--cuda", "12.4", "--archs", archs] + options, in: folder)
        }
        let earlier = folder.appending("earlier.json")
        try Files.write(try await plan("75", "--format", "json").stdout, to: earlier)
        let same = try await plan("75", "--against", earlier.string)
        #expect(same.exitCode == 0 && same.stdout.hasSuffix("every file is predicted at the same size\n"))
        let more = try await plan("75,86", "--against", earlier.string, "--format", "markdown")
        #expect(more.stdout.contains("| single | core, wheel | "), "\(more.stdout)")
        try Files.write("{}", to: earlier)
        let none = try await plan("75", "--against", earlier.string)
        #expect(
          none.exitCode == 7 && none.stdout.isEmpty && none.stderr.contains("'\(earlier)'"),
          "\(none.stderr)"
        )
        let json = try await plan("75", "--against", earlier.string, "--format", "json")
        #expect(json.exitCode == 64 && json.stderr.contains("--against goes with"), "\(json.stderr)")
      }
    }

    @Test("a cap that nothing holds: exit code 3, and by how much")
    func nothingFits() async throws {
      try await withTemporaryDirectory { folder in
        let options = ["plan", "--archs", "75", "--cuda", "12.4", "--cap", "1MiB"]
        let result = try await Program.run(options, in: folder)
        #expect(result.exitCode == 3, "\(result.stderr)")
        #expect(result.stderr.contains("nothing fits the cap of 1,048,576"))
        #expect(result.stdout.contains("What would help") && result.stdout.contains("--cap "))
      }
    }

    @Test("a saved plan is executed as it is, and its digest stands in the manifest")
    func saved() async throws {
      _ = try await shared.split()
      let options = SharedBuild.options + SharedBuild.architectures
      let release = options + ["--layout", "split", "--tarball", "none", "--group", "old=61,75"]
      let plan = try await shared.run(["plan", "--format", "json"] + release)
      try #require(plan.exitCode == 0, "\(plan.stderr)")
      try await withTemporaryDirectory { folder in
        let file = folder.appending("plan.json")
        try Files.write(plan.stdout, to: file)
        let out = folder.appending("out")
        let execute = ["--plan", file.string, "--build", shared.build.string, "--out", out.string]

        let more = try await shared.run(execute + ["--no-ptx"])
        #expect(more.exitCode == 64 && more.stderr.contains("--plan executes what was planned"))
        try Files.write(plan.stdout.replacing("\"old\"", with: "\"new\""), to: file)
        let edited = try await shared.run(execute)
        #expect(edited.exitCode == 7 && edited.stderr.contains("checksum does not hold"), "\(edited.stderr)")
        #expect(!Files.exists(out))

        try Files.write(plan.stdout, to: file)
        let done = try await shared.run(execute)
        #expect(done.exitCode == 0, "\(done.stderr)")
        let manifest = try Release(out: out, result: done).manifest()
        let digest = try JSONDecoder().decode(Saved.self, from: Data(plan.stdout.utf8)).digest
        #expect(manifest.plan?.digest == digest)
        #expect(manifest.plan?.predicted.count == manifest.artifacts.count)
        #expect(manifest.artifacts.compactMap(\.group) == ["old", "sm86"])
        #expect(done.stdout.contains("What the plan said, and what it came to"))

        // What `auto` decided is executed, whatever measuring would have decided: one file would do for this project.
        let automatic = ["--tarball", "none", "--prefer", "split"]
        let second = try await shared.run(["plan", "--format", "json"] + options + automatic)
        try #require(second.exitCode == 0, "\(second.stderr)")
        try Files.write(second.stdout, to: file)
        let decided = try await shared.run(execute)
        #expect(decided.exitCode == 0, "\(decided.stderr)")
        #expect(try Release(out: out, result: decided).manifest().layout == .split)
      }
    }
  }
}
