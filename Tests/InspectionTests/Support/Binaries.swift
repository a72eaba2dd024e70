import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Real binaries of every kind, made once for a suite by the real nvcc, linker and ar.
struct Binaries: Sendable {
  let folder: FilePath

  /// Two objects for 7.5, 8.0 and 8.6 with PTX for the last; the second is compressed by nvcc.
  var objects: [FilePath] { [folder.appending("one.cu.o"), folder.appending("two.cu.o")] }
  var host: FilePath { folder.appending("host.o") }
  var library: FilePath { folder.appending("libboth.so") }
  var stripped: FilePath { folder.appending("libstripped.so") }
  var staticLibrary: FilePath { folder.appending("libboth.a") }
  /// The cubins of the first object, extracted by cuobjdump, in their order.
  var cubins: [FilePath] {
    (1...3).map { folder.appending("cubins/one.cu.\($0).sm_\([75, 80, 86][$0 - 1]).cubin") }
  }
  var fatbin: FilePath { folder.appending("one.fatbin") }
  /// Code that is linked on the device first.
  var relocatable: FilePath { folder.appending("rdc.o") }

  var all: [FilePath] {
    objects + [host, library, stripped, staticLibrary, fatbin, relocatable] + cubins
  }

  @TaskLocal static var current: Binaries?

  static func make(in folder: FilePath) async throws -> Binaries {
    let binaries = Binaries(folder: folder)
    let nvcc = try #require(CUDAToolkitForTests.nvcc)
    let compiler = try #require(CUDAToolkitForTests.hostCompiler)
    let cuobjdump = try #require(CUDAToolkitForTests.cuobjdump)
    let source = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("Fixtures/kernels/kernels.cu").string
    func run(_ tool: FilePath, _ arguments: [String], in place: FilePath? = nil) async throws {
      let result = try await runTool(tool, arguments, in: place ?? folder)
      try #require(result.isSuccess, "\(tool) \(arguments): \(result.stdout)\(result.stderr)")
    }
    let targets =
      ["-gencode=arch=compute_75,code=sm_75", "-gencode=arch=compute_80,code=sm_80"]
      + ["-gencode=arch=compute_86,code=[compute_86,sm_86]"]
    let common = ["-ccbin", compiler.string, "-Xcompiler", "-fPIC"] + targets + [source]
    try await run(nvcc, common + ["-DUNIT_NAME=one", "-c", "-o", "one.cu.o"])
    try await run(nvcc, common + ["-DUNIT_NAME=two", "-Xfatbin=-compress-all", "-c", "-o", "two.cu.o"])
    try await run(nvcc, common + ["-DUNIT_NAME=three", "-rdc=true", "-c", "-o", "rdc.o"])
    try await run(nvcc, common + ["-DUNIT_NAME=one", "-fatbin", "-o", "one.fatbin"])
    try Data("int host() { return 7; }\n".utf8).write(to: URL(filePath: folder.appending("host.cpp").string))
    try await run(compiler, ["-g", "-fPIC", "-c", "host.cpp", "-o", "host.o"])
    let objects = ["one.cu.o", "two.cu.o", "host.o"]
    try await run(compiler, ["-shared", "-o", "libboth.so", "-Wl,-soname,libboth.so.1"] + objects)
    try await run(try #require(CUDAToolkitForTests.onPath("strip")), ["-o", "libstripped.so", "libboth.so"])
    try await run(try #require(CUDAToolkitForTests.onPath("ar")), ["rcs", "libboth.a"] + objects)
    let cubins = folder.appending("cubins")
    try FileManager.default.createDirectory(atPath: cubins.string, withIntermediateDirectories: true)
    try await run(cuobjdump, ["-xelf", "all", "../one.cu.o"], in: cubins)
    return binaries
  }

  /// What cuobjdump lists: `real 75`, `virtual 86`, each kind in its order.
  static func listed(_ file: FilePath, with tool: FilePath? = CUDAToolkitForTests.cuobjdump) async throws
    -> [String]
  {
    let result = try await runTool(try #require(tool), ["-all", "-lelf", "-lptx", file.string])
    let lines = result.stdout.split(whereSeparator: \.isNewline)
    func names(_ start: String, _ ending: String, _ kind: String) -> [String] {
      lines.filter { $0.hasPrefix(start) }.compactMap { line in
        line.firstMatch(of: #/\.sm_([0-9a-z]+)\.(?:cubin|ptx)$/#).map { "\(kind) \($0.1)" }
      }
    }
    return names("ELF file", ".cubin", "real") + names("PTX file", ".ptx", "virtual")
  }
}

/// Makes the binaries once for all tests of a suite.
struct WithBinaries: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTemporaryDirectory("binaries") { folder in
      try await Binaries.$current.withValue(Binaries.make(in: folder)) { try await function() }
    }
  }
}

extension Trait where Self == WithBinaries {
  /// Makes the binaries once for all tests of the suite.
  static var withBinaries: Self { Self() }
}

/// The size of a file.
func size(of path: FilePath) throws -> Int64 {
  try #require((FileManager.default.attributesOfItem(atPath: path.string)[.size] as? NSNumber)?.int64Value)
}
