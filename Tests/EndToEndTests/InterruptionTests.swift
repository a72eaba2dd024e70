import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// Runs that are cut short, by a person or by a full disk, and go on afterwards.
  @Suite("Interruptions") struct Interruptions {
    private let shared = SharedBuild.shared

    private func arguments(_ folder: FilePath) -> [String] {
      let folders = ["--build", folder.appending("build").string, "--out", folder.appending("out").string]
      return SharedBuild.options + ["--archs", "75,86", "--tarball", "none", "--layout", "split"] + folders
    }

    private var environment: [String: String?] { ["LLCUDA_CACHE": shared.cache.string] }

    @Test("a signal in the middle of the compile stops everything within 5 seconds; the next run goes on")
    func signals() async throws {
      try await withTemporaryDirectory { folder in
        let objects = folder.appending("build/kernels/ggml/src/ggml-cuda/CMakeFiles/ggml-cuda.dir")
        for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)] {
          let run = try await Program.start(arguments(folder), environment: environment, in: folder)
          let compiling = try await Processes.waitForKernels(of: folder.appending("build"))
          #expect(compiling)
          let start = ContinuousClock.now
          // Twice, as `timeout` and CI services do: to the process and to its group.
          run.send(signal)
          run.send(signal)
          let result = try await run.end.value
          let took = ContinuousClock.now - start
          #expect(result.exitCode == code, "\(result.stderr)")
          #expect(took < .seconds(5), "it took \(took)")
          #expect(result.stderr.contains("error: stopped"), "\(result.stderr)")
          #expect(result.stdout.isEmpty)
          let left = Processes.working(in: folder)
          #expect(left.isEmpty, "\(left.values)")
          #expect(!Files.exists(folder.appending("out")))
        }
        let finished = (try? Files.names(in: objects).filter { $0.hasSuffix(".o") }) ?? []
        let times = try Files.times(below: folder.appending("build/kernels"))
        let result = try await Program.run(arguments(folder), environment: environment, in: folder)
        #expect(result.exitCode == 0, "\(result.stderr)")
        // ninja removes what was half-written, so whatever it left is finished and not made again.
        let after = try Files.times(below: folder.appending("build/kernels"))
        for name in finished {
          let path = "ggml/src/ggml-cuda/CMakeFiles/ggml-cuda.dir/\(name)"
          #expect(times[path] == after[path], "\(name) was compiled twice")
        }
      }
    }

    @Test("a disk that fills up in the middle: exit code 6; with room again the next run goes on")
    func diskFull() async throws {
      try await withTemporaryDirectory { folder in
        let build = folder.appending("build")
        // Not a failure of the program where it is skipped.
        try await SmallDisk.with(at: build, size: "4g") { try await fillUp($0, folder: folder) }
      }
    }

    private func fillUp(_ disk: SmallDisk, folder: FilePath) async throws {
      let build = disk.folder
      // Too small from the start: said before anything is compiled.
      #expect(try await disk.resize(to: "50m"))
      let refused = try await Program.run(arguments(folder), environment: environment, in: folder)
      #expect(refused.exitCode == 6, "\(refused.stderr)")
      #expect(refused.stderr.contains("MiB free") && refused.stderr.contains("--build"), "\(refused.stderr)")

      // Full in the middle: the disk shrinks to little more than what is on it.
      #expect(try await disk.resize(to: "4g"))
      let run = try await Program.start(arguments(folder), environment: environment, in: folder)
      let compiling = try await Processes.waitForKernels(of: build)
      #expect(compiling)
      // What is on it grows while we look, so the size may be too small by the time it is set.
      let isFull = try await Processes.wait(.seconds(60)) {
        var info = statvfs()
        guard statvfs(build.string, &info) == 0 else { return false }
        let used = (UInt64(info.f_blocks) - UInt64(info.f_bfree)) * UInt64(info.f_frsize)
        return try await disk.resize(to: "\(used + 65536)")
      }
      #expect(isFull)
      let full = try await run.end.value
      #expect(full.exitCode == 6, "\(full.stderr)")
      #expect(
        full.stderr.contains("No space left on device") || full.stderr.contains("is full"),
        "\(full.stderr)"
      )
      #expect(!Files.exists(folder.appending("out")))

      #expect(try await disk.resize(to: "4g"))
      let again = try await Program.run(arguments(folder), environment: environment, in: folder)
      #expect(again.exitCode == 0, "\(again.stderr)")
      #expect(try Release(out: folder.appending("out"), result: again).artifacts("wheel").count == 4)
    }
  }
}
