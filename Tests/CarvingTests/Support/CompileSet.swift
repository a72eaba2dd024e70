import Carving
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

/// Two units with kernels and one without, compiled by the real nvcc for 6.1, 7.5 and 8.6 with PTX (8.0 in place of 6.1
/// where the toolkit has dropped that).
struct CompileSet: Sendable {
  let folder: FilePath
  let compiler: FilePath
  let toolkit: ToolkitVersion
  /// The compile set, lowest first; the last has PTX.
  let architectures: [Architecture]

  /// The objects in link order: two share a name, one lies in a folder whose name a response file must escape.
  var objects: [FilePath] {
    [folder.appending("a/unit.o"), folder.appending("it's \"b\"/unit.o"), folder.appending("host.o")]
  }

  /// The set of the running suite.
  @TaskLocal static var current: CompileSet?

  static func make(in folder: FilePath) async throws -> CompileSet {
    let nvcc = try #require(CUDAToolkitForTests.nvcc)
    let compiler = try #require(CUDAToolkitForTests.hostCompiler)
    let listed = try await runTool(nvcc, ["--list-gpu-code"]).stdout
    let lowest = listed.contains("sm_61") ? 61 : 80
    let version = try await runTool(nvcc, ["--version"]).stdout.firstMatch(of: #/V([0-9.]+)/#)?.1
    let set = CompileSet(
      folder: folder,
      compiler: compiler,
      toolkit: try #require(version.flatMap { ToolkitVersion(parsing: $0) }),
      architectures: [
        Architecture(ComputeCapability(number: lowest), real: true, virtual: false),
        Architecture(ComputeCapability(number: 75), real: true, virtual: false),
        Architecture(ComputeCapability(number: 86), real: true, virtual: true),
      ].sorted()
    )
    let source = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("Fixtures/kernels/kernels.cu")
    let targets = set.architectures.flatMap { architecture in
      let label = architecture.capability.label
      let code = architecture.virtual ? "[compute_\(label),sm_\(label)]" : "sm_\(label)"
      return ["-gencode", "arch=compute_\(label),code=\(code)"]
    }
    for (number, object) in set.objects.prefix(2).enumerated() {
      let options = ["-ccbin", compiler.string, "-Xcompiler", "-fPIC", "-DUNIT_NAME=unit\(number)"]
      try FileManager.default.createDirectory(
        atPath: object.removingLastComponent().string,
        withIntermediateDirectories: true
      )
      // nvcc hands names to a shell of its own, so it writes to a harmless one.
      let plain = folder.appending("plain.o")
      let result = try await runTool(nvcc, options + targets + ["-c", source.string, "-o", plain.string])
      try #require(result.isSuccess, "\(result.stderr)")
      try FileManager.default.moveItem(atPath: plain.string, toPath: object.string)
    }
    let host = folder.appending("host.cpp")
    try Data("int host() { return 7; }\n".utf8).write(to: URL(fileURLWithPath: host.string))
    let result = try await runTool(
      compiler,
      ["-fPIC", "-c", host.string, "-o", folder.appending("host.o").string]
    )
    try #require(result.isSuccess, "\(result.stderr)")
    return set
  }

  /// The capability of 7.5, which every toolkit has.
  var turing: Architecture { architectures.first { $0.capability.number == 75 } ?? architectures[0] }
  /// The architecture with PTX.
  var newest: Architecture { architectures[architectures.count - 1] }

  func carver(workers: Int = 2) -> ObjectCarver { ObjectCarver(objects: objects, workers: workers) }

  func linker() -> SliceLinker {
    // The CUDA runtime is not linked here; what it would resolve stays open.
    SliceLinker(
      linker: compiler.string,
      flags: ["-fPIC", "-shared", "-Wl,--unresolved-symbols=ignore-all"],
      libraries: []
    )
  }

  /// Carves and links a slice into a new folder.
  func slice(_ name: String, _ architectures: [Architecture], in place: FilePath) async throws -> (
    slice: Slice, library: FilePath, images: [ObjectCarver.Image: Int]
  ) {
    let slice = Slice(name: name, architectures: architectures)
    let carved = try await carver().carve(keeping: architectures, into: place.appending("carved"))
    let library = place.appending(slice.libraryName)
    try await linker().link(
      carved.objects,
      toolkit: toolkit,
      to: library,
      runner: ToolRunner(),
      log: place.appending("link.log")
    )
    return (slice, library, carved.images)
  }
}

/// Compiles the set once for all tests of a suite.
struct WithCompileSet: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTemporaryDirectory("carving") { folder in
      try await CompileSet.$current.withValue(CompileSet.make(in: folder)) { try await function() }
    }
  }
}

extension Trait where Self == WithCompileSet {
  /// Compiles the set once for all tests of the suite.
  static var withCompileSet: Self { Self() }
}
