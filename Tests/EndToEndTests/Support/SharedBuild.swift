import Archives
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

/// One build of the small project that most tests use, so that its kernels are compiled once.
actor SharedBuild {
  static let shared = SharedBuild()

  /// The small project itself, used in place.
  static let project = Program.repository.appending("Tests/Fixtures/smallproject")
  /// Options that every release of the small project has.
  static let options = ["--llama-cpp", project.string, "--compiler-cache", "none"]
  /// The compile set.
  static let architectures = ["--archs", "61,75,86+PTX"]

  /// The folder with everything that the tests write; it goes when the tests end.
  nonisolated let root: FilePath
  /// The build folder.
  nonisolated var build: FilePath { root.appending("build") }
  /// The tests' own cache, so that nobody's is filled.
  nonisolated var cache: FilePath { root.appending("cache") }

  private var first: Task<Release, any Error>?

  private init() {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("llcuda-e2e-\(getpid())")
    root = FilePath(folder.resolvingSymlinksInPath().path)
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit {
      guard ProcessInfo.processInfo.environment["LLCUDA_KEEP_TEMPS"] != "1" else { return }
      Files.remove(SharedBuild.shared.root)
    }
  }

  /// The release in layout `split` that the first test asks for, with every kind of tarball.
  func split() async throws -> Release {
    let task =
      first
      ?? Task {
        let formats = ["gz", "xz", "zst"].flatMap { ["--tarball", $0] }
        let release = try await make("split", ["--layout", "split"] + formats)
        try #require(release.result.exitCode == 0, "\(release.result.stderr)")
        return release
      }
    first = task
    return try await task.value
  }

  /// Makes a further release from the shared build, in an output folder of its own.
  nonisolated func release(_ name: String, _ options: [String]) async throws -> Release {
    _ = try await split()
    return try await make(name, options)
  }

  private nonisolated func make(_ name: String, _ options: [String]) async throws -> Release {
    let out = root.appending("out-\(name)")
    let arguments = Self.options + Self.architectures + ["--build", build.string, "--out", out.string]
    return Release(out: out, result: try await run(arguments + options))
  }

  /// Runs the program with the tests' own cache.
  nonisolated func run(
    _ arguments: [String],
    environment: [String: String?] = [:],
    in folder: FilePath? = nil
  ) async throws -> ToolResult {
    let variables: [String: String?] = ["LLCUDA_CACHE": cache.string]
    return try await Program.run(
      arguments,
      environment: variables.merging(environment) { $1 },
      in: folder ?? root
    )
  }
}

/// What a run of the program wrote.
struct Release: Sendable {
  let out: FilePath
  let result: ToolResult

  func manifest() throws -> ReleaseManifest {
    let data = try #require(Files.bytes(out.appending("manifest.json")))
    return try JSONDecoder().decode(ReleaseManifest.self, from: data)
  }

  /// The artifacts of a kind, core first.
  func artifacts(_ kind: String) throws -> [ReleaseManifest.Artifact] {
    try manifest().artifacts.filter { $0.kind == kind }
  }

  /// Unpacks the artifacts of a kind into one new folder.
  func unpack(_ kind: String, into folder: FilePath) async throws {
    try Files.makeFolder(folder)
    for artifact in try artifacts(kind) {
      let part = FilePath("\(folder).part")
      try ArchiveReader(out.appending(artifact.file)).extract(to: part)
      let copied = try await runTool("/bin/cp", ["-a", "\(part)/.", folder.string])
      try #require(copied.isSuccess, "\(copied.stderr)")
      Files.remove(part)
    }
  }

  /// Unpacks all wheels into one new folder, as an installer does, and gives the folder of everything native.
  func install(into folder: FilePath) async throws -> FilePath {
    try await unpack("wheel", into: folder)
    return folder.appending("llcuda/bin")
  }

  /// What each slice holds, as cuobjdump lists it: cubins as `75`, PTX as `86-ptx`.
  static func kernels(of slice: FilePath) async throws -> Set<String> {
    let cuobjdump = try #require(CUDAToolkitForTests.cuobjdump)
    let listed = try await runTool(cuobjdump, ["-lelf", "-lptx", slice.string])
    var kernels: Set<String> = []
    for line in listed.stdout.split(separator: "\n") {
      // "ELF file    3: sm75.3.sm_75.cubin"
      guard let match = line.firstMatch(of: #/(ELF|PTX) file .*\.sm_([0-9]+[af]?)\.(cubin|ptx)/#) else {
        continue
      }
      kernels.insert(String(match.2) + (match.1 == "PTX" ? "-ptx" : ""))
    }
    return kernels
  }
}
