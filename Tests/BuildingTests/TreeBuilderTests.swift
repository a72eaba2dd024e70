import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Building

@Suite("Trees are configured when something changed") struct TreeBuilderTests {
  /// A listener that hears nothing.
  struct Silence: ProgressListener {
    func began(_ step: String) {}
    func ended(_ summary: String) {}
    func told(_ message: String) {}
    func moved(_ progress: BuildProgress) {}
  }

  private func script(_ text: String, _ path: FilePath) throws {
    try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path.string))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
  }

  private func builder(cmake: FilePath, ninja: FilePath, in folder: FilePath) -> TreeBuilder {
    TreeBuilder(
      cmake: cmake,
      ninja: ninja,
      runner: ToolRunner(),
      listener: Silence(),
      jobs: 1,
      logs: folder.appending("logs")
    )
  }

  @Test("a tree that is configured keeps what it compiles at once, and is configured anew for anything else")
  func scheduling() async throws {
    try await withTemporaryDirectory { folder in
      let (cmake, tree) = (folder.appending("cmake"), folder.appending("k"))
      try script("mkdir -p \(tree); touch \(tree)/build.ninja; echo \"$@\" >> \(folder)/configured", cmake)
      let builder = builder(cmake: cmake, ninja: "ninja", in: folder)
      func configured(_ plan: BuildTree) async throws -> [Substring] {
        try await builder.configure(
          plan,
          source: folder.appending("source"),
          in: tree,
          compilers: "CUDA 12.4",
          environment: [:],
          number: 1
        )
        let calls = try String(contentsOfFile: folder.appending("configured").string, encoding: .utf8)
        return calls.split(separator: "\n")
      }
      let trees = BuildTreeTests()
      let first = try await configured(trees.tree(.kernels, split: (["mmq.cu"], 8)))
      #expect(first.count == 1 && first[0].contains("LLCUDA_SPLIT_UNITS=mmq.cu"))
      #expect(try await configured(trees.tree(.kernels, split: (["mmq.cu", "mmvq.cu"], 8))) == first)
      #expect(try await configured(trees.tree(.kernels)) == first)
      let other = try await configured(
        trees.tree(.kernels, { $0.flashAttention = false }, split: (["mmvq.cu"], 8))
      )
      #expect(other.count == 2 && other[1].contains("LLCUDA_SPLIT_UNITS=mmvq.cu"))
    }
  }

  @Test("objects of another compiler behind the same path are not kept")
  func compilers() async throws {
    try await withTemporaryDirectory { folder in
      let (cmake, ninja, tree) = (folder.appending("cmake"), folder.appending("ninja"), folder.appending("k"))
      // What the real ones leave: a build file, and an object in the folder after -C.
      try script("mkdir -p \(tree); touch \(tree)/build.ninja; echo once >> \(folder)/configured", cmake)
      try script("[ -e $2/object ] || echo \"$(cat \(folder)/compiler)\" > $2/object", ninja)
      let builder = builder(cmake: cmake, ninja: ninja, in: folder)
      let plan = try BuildTreeTests().tree(.kernels)
      func build(_ compiler: String) async throws -> (object: String, configured: Int) {
        try Data(compiler.utf8).write(to: URL(fileURLWithPath: folder.appending("compiler").string))
        try await builder.configure(
          plan,
          source: folder.appending("source"),
          in: tree,
          compilers: compiler,
          environment: [:],
          number: 1
        )
        try await builder.compile([plan.target], of: plan, in: tree, environment: [:], number: 1)
        let times = try String(contentsOfFile: folder.appending("configured").string, encoding: .utf8)
        let object = try String(contentsOfFile: tree.appending("object").string, encoding: .utf8)
        return (object, times.split(separator: "\n").count)
      }
      let first = try await build("CUDA 12.4")
      #expect(first.object == "CUDA 12.4\n" && first.configured == 1)
      let second = try await build("CUDA 12.4")
      #expect(second.configured == 1)
      let other = try await build("CUDA 12.8")
      #expect(other.object == "CUDA 12.8\n" && other.configured == 2)
    }
  }

  @Test("a compiler that fails on a full disk, in words of its own, is the disk's failure")
  func fullDisk() async throws {
    try await withTemporaryDirectory { folder in
      let ninja = folder.appending("ninja")
      try script("echo 'ptxas fatal   : Internal error: writing file'; exit 255", ninja)
      let builder = builder(cmake: ninja, ninja: ninja, in: folder)
      let plan = try BuildTreeTests().tree(.kernels)
      func failure(in tree: FilePath) async -> (any Error)? {
        do {
          try await builder.compile([plan.target], of: plan, in: tree, environment: [:], number: 1)
          return nil
        } catch { return error }
      }
      // With room, it is the compiler's own.
      let own = await failure(in: folder.appending("kernels"))
      #expect((own as? ToolError)?.exitStatus == .buildFailed, "\(String(describing: own))")

      try await SmallDisk.with(at: folder.appending("build"), size: "1m") { disk in
        let full = await failure(in: disk.folder.appending("kernels"))
        #expect((full as? BuildError)?.exitStatus == .diskFull, "\(String(describing: full))")
        #expect("\(full as (any Error)?)".contains("writing file"))
      }
    }
  }

  @Test(
    "a unit that isn't compiled is told to hold others, if it does",
    arguments: [
      ("ggml-cuda.dir/merged/mmq-instances-1.cu.o", "nvcc -c mmq-instances-1.cu", "mmq-instances-1.cu"),
      ("ggml-cuda.dir/set.cu.o", "nvcc -include /llama.cpp/acc.cu -c set.cu", "set.cu"),
      (
        "mtmd.dir/models/siglip.cpp.o", "g++ -include /l/models/llava.cpp -c /l/models/siglip.cpp",
        "siglip.cpp"
      ),
      ("ggml-cuda.dir/acc.cu.o", "nvcc -include llcuda-unit.h -c /l/acc.cu", nil),
      ("mtmd.dir/mtmd.cpp.o", "g++ -c /l/mtmd.cpp", nil),
    ]
  )
  func merged(object: String, command: String, unit: String?) async throws {
    try await withTemporaryDirectory { folder in
      let ninja = folder.appending("ninja")
      try script("echo 'FAILED: [code=1] x/CMakeFiles/\(object)'; echo '\(command)'; exit 1", ninja)
      let plan = try BuildTreeTests().tree(.core)
      do {
        try await builder(cmake: ninja, ninja: ninja, in: folder)
          .compile([plan.target], of: plan, in: folder.appending("core"), environment: [:], number: 1)
        Issue.record("it was compiled")
      } catch {
        let says = "\(error)".contains("'\(unit ?? "")' is several of llama.cpp's units")
        #expect(says == (unit != nil), "\(error)")
      }
    }
  }
}
