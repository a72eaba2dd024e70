import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Building

@Suite("What CMake is told") struct BuildTreeTests {
  private let toolkit = CUDAToolkit(
    home: "/cuda",
    capabilities: ToolkitCapabilities(version: "12.4", real: [], virtual: []),
    hostCompiler: "/usr/bin/g++-12",
    hostCompilerVersion: "g++-12"
  )

  func tree(
    _ kind: BuildTree.Kind,
    source: FilePath = "/src/llama.cpp",
    _ change: (inout ReleaseSpec) -> Void = { _ in },
    launcher: FilePath? = nil,
    split: (units: [String], threads: Int) = ([], 1)
  ) throws -> BuildTree {
    var spec = ReleaseSpec()
    change(&spec)
    return try BuildTree(
      kind,
      spec: spec,
      source: source,
      toolkit: toolkit,
      cCompiler: "/usr/bin/gcc-12",
      architectures: "75-real;86-real;86-virtual",
      units: "/build/units.txt",
      split: split,
      inject: "/res/cmake/llcuda-inject.cmake",
      launcher: launcher,
      ninja: "/usr/bin/ninja"
    )
  }

  @Test("nothing is fetched from the network", arguments: [BuildTree.Kind.kernels, .core])
  func offline(kind: BuildTree.Kind) throws {
    let definitions = try tree(kind).definitions
    for entry in [
      "LLAMA_BUILD_UI=OFF", "LLAMA_USE_PREBUILT_UI=OFF", "LLAMA_OPENSSL=OFF", "LLAMA_BUILD_TESTS=OFF",
      "LLAMA_BUILD_EXAMPLES=OFF", "GGML_CCACHE=OFF", "LLAMA_CURL=OFF",
    ] {
      #expect(definitions.contains(entry))
    }
    #expect(
      !definitions.contains {
        $0.contains("://") || $0.contains("FETCHCONTENT") || $0.hasPrefix("LLAMA_CURL=ON")
      }
    )
    #expect(!definitions.contains { $0.hasPrefix("GGML_CUDA_CUB_3DOT2") || $0 == "GGML_CUDA_NCCL=ON" })
  }

  @Test(
    "binaries run on other machines than the one that builds",
    arguments: [BuildTree.Kind.kernels, .core]
  )
  func portable(kind: BuildTree.Kind) throws {
    let definitions = try tree(kind).definitions
    for entry in [
      "GGML_NATIVE=OFF", "GGML_OPENMP=OFF", "GGML_BACKEND_DL=ON", "BUILD_SHARED_LIBS=ON",
      "CMAKE_BUILD_TYPE=Release",
      "CMAKE_CXX_FLAGS=-ffile-prefix-map=/src/llama.cpp=llama.cpp", "LLCUDA_TREE=\(kind.rawValue)",
      "CMAKE_PROJECT_TOP_LEVEL_INCLUDES=/res/cmake/llcuda-inject.cmake",
    ] {
      #expect(definitions.contains(entry))
    }
    #expect(definitions == definitions.sorted())
  }

  @Test("the kernels' tree has the architectures and no tools, the core no kernels")
  func kinds() throws {
    let kernels = try tree(.kernels)
    #expect(kernels.target == "llcuda_kernels")
    for entry in [
      "CMAKE_CUDA_ARCHITECTURES=75-real;86-real;86-virtual", "CMAKE_CUDA_COMPILER=/cuda/bin/nvcc",
      "CMAKE_CUDA_HOST_COMPILER=/usr/bin/g++-12", "GGML_CUDA=ON", "GGML_CUDA_COMPRESSION_MODE=none",
      "GGML_CPU=OFF",
      "LLAMA_BUILD_TOOLS=OFF", "GGML_CUDA_FA=ON",
    ] {
      #expect(kernels.definitions.contains(entry))
    }
    let core = try tree(.core)
    #expect(core.target == "llcuda_core")
    for entry in [
      "GGML_CUDA=OFF", "GGML_CPU_ALL_VARIANTS=ON", "LLAMA_BUILD_SERVER=ON", "CMAKE_INSTALL_RPATH=$ORIGIN",
      "CMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    ] {
      #expect(core.definitions.contains(entry))
    }
    #expect(!core.definitions.contains { $0.hasPrefix("CMAKE_CUDA_") })
  }

  @Test("a folder with a blank is quoted for one shell, and for nvcc's second one")
  func blanks() throws {
    let definitions = try tree(.kernels, source: "/my src").definitions
    #expect(definitions.contains("CMAKE_C_FLAGS=-ffile-prefix-map='/my src'=llama.cpp"))
    #expect(
      definitions.contains(
        #"CMAKE_CUDA_FLAGS=-Xcompiler='-ffile-prefix-map='\''/my src'\''=llama.cpp' --objdir-as-tempdir"#
      )
    )
  }

  @Test("nvcc names its files after the object, unless sccache runs nvcc's steps")
  func fixedNames() throws {
    func flags(_ tree: BuildTree) -> String? { tree.definitions.first { $0.hasPrefix("CMAKE_CUDA_FLAGS=") } }
    #expect(flags(try tree(.kernels))?.hasSuffix(" --objdir-as-tempdir") == true)
    #expect(flags(try tree(.kernels, launcher: "/bin/sccache"))?.contains("objdir") == false)
  }

  @Test("what two machines compare: no folder, no program, the cache neither, everything else")
  func portableDefinitions() throws {
    let plain = try tree(.kernels, source: "/llama.cpp").portableDefinitions
    #expect(plain == (try tree(.kernels, source: "/llama.cpp", launcher: "/bin/sccache").portableDefinitions))
    #expect(!plain.contains { $0.contains("/usr/bin") || $0.contains("/cuda") || $0.contains("/res") })
    for entry in [
      "GGML_CUDA_FA=ON", "CMAKE_BUILD_TYPE=Release", "CMAKE_CUDA_ARCHITECTURES=75-real;86-real;86-virtual",
    ] {
      #expect(plain.contains(entry))
    }
    #expect(
      plain
        != (try tree(.kernels, source: "/llama.cpp") { $0.cmakeDefinitions = ["LLCUDA_UNITS=OFF"] }
          .portableDefinitions)
    )
    #expect(
      plain != (try tree(.kernels, source: "/llama.cpp") { $0.flashAttention = false }.portableDefinitions)
    )
  }

  @Test("without flash attention")
  func flashAttention() throws {
    #expect(try tree(.kernels) { $0.flashAttention = false }.definitions.contains("GGML_CUDA_FA=OFF"))
  }

  @Test("the compiler cache is every compiler's launcher, nvcc's only where there is one")
  func compilerCache() throws {
    func launchers(_ tree: BuildTree) -> [String] { tree.definitions.filter { $0.contains("_LAUNCHER=") } }
    #expect(
      launchers(try tree(.kernels, launcher: "/bin/sccache")) == [
        "CMAKE_CUDA_COMPILER_LAUNCHER=/bin/sccache", "CMAKE_CXX_COMPILER_LAUNCHER=/bin/sccache",
        "CMAKE_C_COMPILER_LAUNCHER=/bin/sccache",
      ]
    )
    #expect(launchers(try tree(.core, launcher: "/bin/sccache")).count == 2)
    #expect(launchers(try tree(.kernels)).isEmpty)
  }

  @Test("the user's own entries win, with or without a type, and may hold an equals sign")
  func userEntries() throws {
    let entries = ["GGML_CUDA_FA:BOOL=OFF", "GGML_CUDA_FORCE_MMQ=ON", "CMAKE_CXX_FLAGS=-DX=1 -O2", "EMPTY="]
    let definitions = try tree(.kernels) { $0.cmakeDefinitions = entries }.definitions
    for entry in ["GGML_CUDA_FA=OFF", "GGML_CUDA_FORCE_MMQ=ON", "CMAKE_CXX_FLAGS=-DX=1 -O2", "EMPTY="] {
      #expect(definitions.contains(entry))
    }
    #expect(definitions.count { $0.hasPrefix("GGML_CUDA_FA=") || $0.hasPrefix("GGML_CUDA_FA:") } == 1)
  }

  @Test("an entry that is none", arguments: ["GGML_CUDA_FA", "", "=ON", ":BOOL=ON"])
  func noEntry(text: String) {
    let error = #expect(throws: CMakeDefinitionError.self) {
      _ = try tree(.core) { $0.cmakeDefinitions = [text] }
    }
    #expect(error?.exitStatus == .usage && error?.description.contains("NAME=VALUE") == true)
  }

  @Test("what is compiled at once is told to CMake, and is no part of what decides the bytes")
  func scheduling() throws {
    let split = (units: ["mmq.cu", "fattn.cu"], threads: 8)
    let kernels = try tree(.kernels, split: split)
    func arguments(_ tree: BuildTree) -> [String] {
      tree.configure(cmake: "/bin/cmake", source: "/src", folder: "/b", environment: [:]).arguments
    }
    #expect(arguments(kernels).contains("-DLLCUDA_SPLIT_UNITS=mmq.cu;fattn.cu"))
    #expect(arguments(kernels).contains("-DLLCUDA_SPLIT_THREADS=8"))
    #expect(try kernels.definitions == tree(.kernels).definitions)
    for other in [try tree(.kernels), try tree(.core, split: split)] {
      #expect(!arguments(other).contains { $0.contains("LLCUDA_SPLIT") })
    }
    // Whoever names them has the last word.
    let own = try tree(.kernels, { $0.cmakeDefinitions = ["LLCUDA_SPLIT_THREADS=1"] }, split: split)
    #expect(arguments(own).last { $0.contains("SPLIT_THREADS") } == "-DLLCUDA_SPLIT_THREADS=1")
  }

  @Test("the call that configures")
  func configure() throws {
    let tree = try tree(.core)
    let call = tree.configure(
      cmake: "/bin/cmake",
      source: "/src/llama.cpp",
      folder: "/b/core",
      environment: [:]
    )
    #expect(call.arguments.prefix(7) == ["-G", "Ninja", "-S", "/src/llama.cpp", "-B", "/b/core", "-Wno-dev"])
    #expect(call.arguments.dropFirst(7).map { String($0.dropFirst(2)) } == tree.definitions)
  }
}
