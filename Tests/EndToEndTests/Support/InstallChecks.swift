import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

/// What a person does with the wheels: installs them into a clean environment and starts the programs.
///
/// The same for the small project and for llama.cpp itself. No GPU is shown to the programs, so that the outcome is the
/// same on every machine: the CPU backend, one line that says why, exit code 0.
enum InstallChecks {
  enum Installer: String, CaseIterable, Sendable {
    case pip, uv
  }

  static let noGPU: [String: String?] = [
    "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": nil, "LLCUDA_QUIET": nil, "LLCUDA_SLICE": nil,
    "LLCUDA_VERBOSE": nil,
  ]

  /// Installs a release in layout `split` or `single` and tries everything out.
  static func check(
    _ release: Release,
    with installer: Installer,
    llamaVersion: String,
    in folder: FilePath
  ) async throws {
    let manifest = try release.manifest()
    let projects = try release.artifacts("wheel").map { wheel in
      String(wheel.file.split(separator: "-")[0]) + "==\(manifest.project.version)"
    }
    let environment = folder.appending("environment")
    try await install(projects, from: release.out, with: installer, into: environment)
    let bin = environment.appending("bin")

    let version = try await runTool(bin.appending("llcuda-server"), ["--version"], environment: noGPU)
    #expect(version.exitCode == 0, "\(version.stderr)")
    #expect((version.stdout + version.stderr).contains(llamaVersion))

    let info = try await runTool(bin.appending("llcuda"), ["info", "--json"], environment: noGPU)
    #expect(info.exitCode == 0, "\(info.stderr)")
    let facts = try #require(try JSONSerialization.jsonObject(with: Data(info.stdout.utf8)) as? [String: Any])
    #expect(facts["version"] as? String == manifest.project.version)
    #expect(facts["selector"] as? Bool == true)
    #expect((facts["llamaCpp"] as? String)?.contains(llamaVersion) == true)
    #expect((facts["brokenIndexes"] as? [Any])?.isEmpty == true)
    let slices = (facts["slices"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
    #expect(slices?.sorted() == manifest.slices.map(\.name).sorted())
    let choice = facts["choice"] as? [String: Any]
    #expect(choice?["slice"] is NSNull)

    let path = try await runTool(bin.appending("llcuda"), ["path", "llama-bench"], environment: noGPU)
    #expect(path.exitCode == 0, "\(path.stderr)")
    let bench = FilePath(path.stdout.trimmingCharacters(in: .whitespacesAndNewlines))
    #expect(bench.starts(with: environment))
    try await listsDevicesOnTheCPU(bench)

    let run = try await runTool(
      bin.appending("llcuda"),
      ["run", "llama-quantize", "--help"],
      environment: noGPU
    )
    #expect(!run.stderr.contains("Traceback"))
  }

  /// Runs `--list-devices`, which opens every backend.
  static func listsDevicesOnTheCPU(_ bench: FilePath) async throws {
    let devices = try await runTool(bench, ["--list-devices"], environment: noGPU)
    #expect(devices.exitCode == 0, "\(devices.stderr)")
    #expect(devices.stdout.contains("Available devices:"))
    #expect(!devices.stdout.contains("CUDA"))
    let said = devices.stderr.split(separator: "\n").filter { $0.hasPrefix("llcuda: ") }
    #expect(said.count == 1 && said.first?.hasSuffix("the CPU is used") == true, "\(devices.stderr)")
  }

  private static func install(
    _ projects: [String],
    from out: FilePath,
    with installer: Installer,
    into environment: FilePath
  ) async throws {
    // Our own files only: NVIDIA's libraries are 600 MB, and nothing here gets far enough to need them.
    let options = ["--no-index", "--no-deps", "--find-links", out.string]
    let commands: [[String]]
    switch installer {
    case .pip:
      let python = try #require(Program.tool("python3")).string
      commands = [
        [python, "-m", "venv", environment.string],
        [environment.appending("bin/python").string, "-m", "pip", "install", "--disable-pip-version-check"]
          + options + projects,
      ]
    case .uv:
      let uv = try #require(Program.tool("uv"), "uv is missing; run ci/setup").string
      let python = environment.appending("bin/python").string
      commands = [
        [uv, "venv", "--offline", environment.string],
        [uv, "pip", "install", "--offline", "--python", python] + options + projects,
      ]
    }
    for command in commands {
      let result = try await runTool(FilePath(command[0]), Array(command.dropFirst()))
      try #require(result.isSuccess, "\(command.joined(separator: " ")): \(result.stderr)")
    }
  }
}
