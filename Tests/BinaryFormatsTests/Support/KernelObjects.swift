import Foundation
import SystemPackage
import TestSupport
import Testing

/// Real objects, compiled by the real nvcc from the kernels among the fixtures.
struct KernelObjects: Sendable {
  /// The folder with the objects; tests may write into folders of their own below it.
  let folder: FilePath
  /// The architectures that were compiled, such as `86` and `90a`: those of the wanted ones that the toolkit has.
  let architectures: [String]
  /// Two objects with uncompressed cubins.
  var one: FilePath { folder.appending("one.o") }
  var two: FilePath { folder.appending("two.o") }
  /// The first object, compressed by nvcc.
  var lz4: FilePath { folder.appending("lz4.o") }
  /// The host compiler, and what it made of a source without device code.
  let compiler: FilePath
  var host: FilePath { folder.appending("host.o") }

  /// The objects of the running suite.
  @TaskLocal static var current: KernelObjects?

  static func make(in folder: FilePath) async throws -> KernelObjects {
    let nvcc = try #require(CUDAToolkitForTests.nvcc)
    let compiler = try #require(CUDAToolkitForTests.hostCompiler)
    let listed = try await runTool(nvcc, ["--list-gpu-code"])
    let known = Set(listed.stdout.split(whereSeparator: \.isNewline).map { $0.dropFirst("sm_".count) })
    let architectures = ["50", "61", "75", "80", "86", "90a"].filter { known.contains(Substring($0)) }
    let source = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("Fixtures").appending("kernels").appending("kernels.cu")
    let targets = architectures.flatMap { name in
      let code = name == "86" ? "[compute_86,sm_86]" : "sm_\(name)"
      return ["-gencode", "arch=compute_\(name),code=\(code)"]
    }
    for (name, options) in [
      ("one", []), ("two", []), ("lz4", ["-Xfatbin=-compress-all"]),
    ] {
      let result = try await runTool(
        nvcc,
        ["-ccbin", compiler.string, "-Xcompiler", "-fPIC", "-DUNIT_NAME=\(name)"] + targets + options
          + ["-c", source.string, "-o", folder.appending("\(name).o").string]
      )
      try #require(result.isSuccess, "\(result.stderr)")
    }
    let text = folder.appending("host.cpp")
    try Data("int host() { return 7; }\n".utf8).write(to: URL(fileURLWithPath: text.string))
    let result = try await runTool(
      compiler,
      ["-fPIC", "-c", text.string, "-o", folder.appending("host.o").string]
    )
    try #require(result.isSuccess, "\(result.stderr)")
    return KernelObjects(folder: folder, architectures: architectures, compiler: compiler)
  }
}

/// Compiles the kernels once for all tests of a suite.
struct WithKernelObjects: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTemporaryDirectory("kernels") { folder in
      try await KernelObjects.$current.withValue(KernelObjects.make(in: folder)) { try await function() }
    }
  }
}

extension Trait where Self == WithKernelObjects {
  /// Compiles the kernels once for all tests of the suite.
  static var withKernelObjects: Self { Self() }
}

/// What cuobjdump sees in a file.
struct Listing: Hashable {
  /// The suffixes of the cubins in their order: `sm_75`, `sm_90a`.
  var cubins: [String] = []
  /// The suffixes of the PTX images in their order.
  var ptx: [String] = []

  static func of(_ file: FilePath) async throws -> Listing {
    let cuobjdump = try #require(CUDAToolkitForTests.cuobjdump)
    let result = try await runTool(cuobjdump, ["-lelf", "-lptx", file.string])
    var listing = Listing()
    for line in result.stdout.split(whereSeparator: \.isNewline) {
      // "ELF file    3: one.3.sm_75.cubin"
      let parts = line.split(separator: ".")
      guard parts.count >= 2 else { continue }
      let name = String(parts[parts.count - 2])
      if line.hasPrefix("ELF file") { listing.cubins.append(name) }
      if line.hasPrefix("PTX file") { listing.ptx.append(name) }
    }
    return listing
  }
}
