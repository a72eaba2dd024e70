import Archives
import Foundation
import Planning
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Building

@Suite("Whole objects before sccache") struct ObjectCacheTests {
  private func program(_ name: String, _ script: String, in folder: FilePath) throws {
    let path = folder.appending(name).string
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  private func cache(in folder: FilePath, inherited: [String: String] = [:]) async throws -> ObjectCache? {
    try await ObjectCache(
      before: "/bin/sccache",
      build: folder.appending("build"),
      compilers: .of(Array("these".utf8)),
      cache: folder.appending("cache"),
      statistics: folder.appending("notes"),
      locator: ToolLocator(path: folder.string),
      runner: ToolRunner(),
      inherited: inherited
    )
  }

  @Test("there is one where a ccache is found that is new enough")
  func found() async throws {
    try await withTemporaryDirectory { folder in
      #expect(try await cache(in: folder) == nil)
      try program("ccache", "echo ccache version 4.6.1", in: folder)
      #expect(try await cache(in: folder) == nil)
      try program("ccache", "exit 1", in: folder)
      #expect(try await cache(in: folder) == nil)
      try program("ccache", "echo ccache version 4.10.2", in: folder)
      #expect(try await cache(in: folder)?.ccache == folder.appending("ccache"))
    }
  }

  @Test("sccache compiles what it hasn't, and a person's settings can't make different things the same")
  func environment() async throws {
    try await withTemporaryDirectory { folder in
      try program("ccache", "echo ccache version 4.7.5", in: folder)
      let found = try await cache(in: folder, inherited: ["CCACHE_DIR": "/mine", "CCACHE_MAXSIZE": "1G"])
      let variables = try #require(found).environment
      #expect(variables["CCACHE_PREFIX"] == "/bin/sccache")
      #expect(variables["CCACHE_DEPEND"] == "1")
      #expect(variables["CCACHE_DIR"] == "/mine")
      #expect(variables["CCACHE_MAXSIZE"] == nil)
      #expect(variables["CCACHE_BASEDIR"] == .some(folder.appending("build").string))
      #expect(
        variables["CCACHE_COMPILERCHECK"] == "string:\(SHA256Digest.of(Array("these".utf8)).hex)"
      )
      for name in ["CCACHE_SLOPPINESS", "CCACHE_EXTRAFILES", "CCACHE_NODEPEND"] {
        #expect(variables[name] == .some(nil), "\(name)")
      }
    }
  }

  @Test("its notes are counted by compilation, not by lookup")
  func notes() {
    let notes = """
      # /s/ggml/src/ggml-cuda/mmvq.cu
      cache_miss
      direct_cache_miss
      local_storage_read_miss
      local_storage_write
      local_storage_write
      # /s/ggml/src/ggml-cuda/acc.cu
      direct_cache_hit
      local_storage_hit
      local_storage_read_hit
      local_storage_read_hit
      # /s/ggml/src/ggml.c
      compile_failed
      direct_cache_miss
      """
    #expect(ObjectCache.rate(in: notes) == CacheReport.Rate(hits: 1, misses: 1))
    #expect(ObjectCache.rate(in: "") == CacheReport.Rate())
  }

  @Test("another cicc, ptxas or C++ compiler behind the same path is another digest")
  func compilers() async throws {
    try await withTemporaryDirectory { folder in
      for name in ["cuda/bin", "cuda/nvvm/bin", "host"] {
        try FileManager.default.createDirectory(
          atPath: folder.appending(name).string,
          withIntermediateDirectories: true
        )
      }
      let tools = ["bin/nvcc", "nvvm/bin/cicc", "bin/ptxas", "bin/cudafe++", "bin/fatbinary"]
      for name in tools { try program("cuda/\(name)", name, in: folder) }
      let host = folder.appending("host")
      for name in ["cc1", "cc1plus", "as"] { try program(name, name, in: host) }
      for name in ["gcc", "g++"] { try program(name, "echo \(host)/${1#*=}", in: host) }
      let toolkit = CUDAToolkit(
        home: folder.appending("cuda"),
        capabilities: ToolkitCapabilities(version: "12.4", real: [], virtual: []),
        hostCompiler: host.appending("g++"),
        hostCompilerVersion: "g++ 12.2"
      )
      func digest(sccache: String = "sccache 0.16.0") async throws -> SHA256Digest? {
        try await toolkit.digestOfCompilers(
          cCompiler: host.appending("gcc"),
          sccache: sccache,
          record: folder.appending("compilers.json"),
          locator: ToolLocator(path: folder.string),
          runner: ToolRunner()
        )
      }
      let first = try #require(try await digest())
      #expect(try await digest() == first)
      #expect(try await digest(sccache: "sccache 0.17.0") != first)
      for (name, place) in [("cuda/nvvm/bin/cicc", folder), ("cuda/bin/ptxas", folder), ("cc1plus", host)] {
        let before = try #require(try await digest())
        try program(name, "another", in: place)
        #expect(try await digest() != before, "\(name)")
      }
      try FileManager.default.removeItem(atPath: folder.appending("cuda/nvvm/bin/cicc").string)
      #expect(try await digest() == nil)
    }
  }
}
