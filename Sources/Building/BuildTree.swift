import Foundation
public import ReleaseModel
public import SystemPackage
import ToolExecution

/// One of the two CMake trees of a release, as a value: what CMake is told and what is built.
public struct BuildTree: Hashable, Sendable, Codable {
  /// Which tree.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// ggml's CUDA backend for the whole compile set.
    case kernels
    /// Everything that holds no kernels.
    case core
  }

  /// Which tree.
  public let kind: Kind
  /// The target that is built.
  public let target: String
  /// CMake's cache entries, `NAME=VALUE`, sorted.
  public let definitions: [String]
  /// Entries that say what is compiled at once on this machine; what comes out is the same.
  private(set) var scheduling: [String]

  /// Plans a tree.
  ///
  /// - Parameters:
  ///   - architectures: `CMAKE_CUDA_ARCHITECTURES` of the kernels' tree.
  ///   - units: the file that lists which units are compiled as one.
  ///   - split: the units that nvcc compiles for several architectures at once, and for how many.
  ///   - launcher: what stands before each compiler: the compiler cache's program; `nil` for none.
  public init(
    _ kind: Kind,
    spec: ReleaseSpec,
    source: FilePath,
    toolkit: CUDAToolkit,
    cCompiler: FilePath,
    architectures: String,
    units: FilePath,
    split: (units: [String], threads: Int),
    inject: FilePath,
    launcher: FilePath?,
    ninja: FilePath
  ) throws {
    // __FILE__ in ggml's assertions would carry this machine's paths into the release. Flags are a piece of a shell's
    // command line, so a folder with a blank in its name has to be quoted, and not at the ends, where CMake takes
    // quotes for its own.
    let prefixMap = "-ffile-prefix-map=\(Invocation.quoted(source.string))=llama.cpp"
    var entries: [String: String] = [
      "CMAKE_BUILD_TYPE": "Release", "CMAKE_MAKE_PROGRAM": ninja.string,
      "CMAKE_C_COMPILER": cCompiler.string, "CMAKE_CXX_COMPILER": toolkit.hostCompiler.string,
      "CMAKE_C_FLAGS": prefixMap, "CMAKE_CXX_FLAGS": prefixMap,
      "CMAKE_PROJECT_TOP_LEVEL_INCLUDES": inject.string, "LLCUDA_TREE": kind.rawValue,
      "LLCUDA_UNITS": units.string,
      "BUILD_SHARED_LIBS": "ON", "GGML_BACKEND_DL": "ON", "GGML_NATIVE": "OFF", "GGML_CCACHE": "OFF",
      // libgomp is in no manylinux policy; ggml's own threads need no library.
      "GGML_OPENMP": "OFF", "LLAMA_OPENSSL": "OFF",
      // On by default for most of 2025; libcurl is in no manylinux policy either.
      "LLAMA_CURL": "OFF",
      // Both of these would go to the network in the middle of the build.
      "LLAMA_BUILD_UI": "OFF", "LLAMA_USE_PREBUILT_UI": "OFF",
      "LLAMA_BUILD_TESTS": "OFF", "LLAMA_BUILD_EXAMPLES": "OFF", "LLAMA_BUILD_APP": "OFF",
    ]
    switch kind {
    case .kernels:
      target = "llcuda_kernels"
      entries["CMAKE_CUDA_COMPILER"] = toolkit.nvcc.string
      entries["CMAKE_CUDA_HOST_COMPILER"] = toolkit.hostCompiler.string
      // nvcc gives it to a second shell. Its intermediate files' names stand in the objects; beside the object they are
      // not random. sccache runs nvcc's steps under names of its own, which aren't either, and can't take the option.
      entries["CMAKE_CUDA_FLAGS"] =
        "-Xcompiler=\(Invocation.quoted(prefixMap))" + (launcher == nil ? " \(Self.fixedNames)" : "")
      // For the host's code, like CMake's -O3, but where a later option can overrule it: nvcc puts its own -O behind all
      // that it hands to the host compiler.
      entries["CMAKE_CUDA_FLAGS_RELEASE"] = "-Xcompiler=-O3 -DNDEBUG"
      entries["CMAKE_CUDA_ARCHITECTURES"] = architectures
      entries["CUDAToolkit_ROOT"] = toolkit.home.string
      entries["GGML_CUDA"] = "ON"
      entries["GGML_CUDA_NCCL"] = "OFF"
      // How kernels are stored is decided when they are carved.
      entries["GGML_CUDA_COMPRESSION_MODE"] = "none"
      entries["GGML_CUDA_FA"] = spec.flashAttention ? "ON" : "OFF"
      entries["GGML_CPU"] = "OFF"
      entries["LLAMA_BUILD_TOOLS"] = "OFF"
      entries["LLAMA_BUILD_SERVER"] = "OFF"
    case .core:
      target = "llcuda_core"
      entries["GGML_CUDA"] = "OFF"
      entries["GGML_CPU_ALL_VARIANTS"] = "ON"
      entries["LLAMA_BUILD_TOOLS"] = "ON"
      entries["LLAMA_BUILD_SERVER"] = "ON"
      entries["CMAKE_BUILD_WITH_INSTALL_RPATH"] = "ON"
      entries["CMAKE_INSTALL_RPATH"] = "$ORIGIN"
    }
    if let launcher {
      for language in ["C", "CXX"] + (kind == .kernels ? ["CUDA"] : []) {
        entries["CMAKE_\(language)_COMPILER_LAUNCHER"] = launcher.string
      }
    }
    for (name, value) in try Self.entries(spec.cmakeDefinitions) { entries[name] = value }
    self.kind = kind
    scheduling =
      kind == .core || split.units.isEmpty
      ? []
      : [
        "LLCUDA_SPLIT_UNITS=\(split.units.joined(separator: ";"))",
        "LLCUDA_SPLIT_THREADS=\(split.threads)",
      ]
    definitions = entries.map { "\($0)=\($1)" }.sorted()
  }

  /// nvcc's option that makes its objects the same every time (measured with 12.4; cmake/llcuda-unit.h does the rest).
  private static let fixedNames = "--objdir-as-tempdir"

  /// The entries that say where programs, files and folders lie on this machine.
  private static let machineEntries: Set<String> = [
    "CMAKE_MAKE_PROGRAM", "CMAKE_C_COMPILER", "CMAKE_CXX_COMPILER", "CMAKE_CUDA_COMPILER",
    "CMAKE_CUDA_HOST_COMPILER", "CUDAToolkit_ROOT", "CMAKE_PROJECT_TOP_LEVEL_INCLUDES",
    "LLCUDA_UNITS",
    "CMAKE_C_COMPILER_LAUNCHER", "CMAKE_CXX_COMPILER_LAUNCHER", "CMAKE_CUDA_COMPILER_LAUNCHER",
  ]

  /// The definitions that decide what comes out, the same on every machine when the source's folder is.
  public var portableDefinitions: [String] {
    definitions.filter { entry in
      // OFF changes what comes out; otherwise it is the path of a list that follows from the source.
      entry == "LLCUDA_UNITS=OFF" || !Self.machineEntries.contains(String(entry.prefix { $0 != "=" }))
    }.map { $0.replacing(" \(Self.fixedNames)", with: "") }
  }

  /// Splits entries written as `NAME=VALUE` or `NAME:TYPE=VALUE`.
  ///
  /// - Throws: ``CMakeDefinitionError`` for one that has another form.
  public static func entries(_ definitions: [String]) throws -> [(name: String, value: String)] {
    try definitions.map { definition in
      let parts = definition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)[0]
      guard parts.count == 2, !name.isEmpty else { throw CMakeDefinitionError(definition: definition) }
      return (String(name), String(parts[1]))
    }
  }

  /// The same tree, whatever is compiled at once.
  var unscheduled: BuildTree {
    var tree = self
    tree.scheduling = []
    return tree
  }

  /// The call of CMake that configures the tree.
  func configure(cmake: FilePath, source: FilePath, folder: FilePath, environment: [String: String?])
    -> Invocation
  {
    Invocation(
      cmake.string,
      ["-G", "Ninja", "-S", source.string, "-B", folder.string, "-Wno-dev"]
        + (scheduling + definitions).map { "-D\($0)" },
      environment: environment
    )
  }
}

/// A `-D` that CMake couldn't take.
public struct CMakeDefinitionError: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// What was written.
  public let definition: String
  /// Wrong usage.
  public var exitStatus: ExitStatus { .usage }
  /// The message.
  public var description: String {
    "'\(definition)' is no CMake cache entry; write NAME=VALUE, such as GGML_CUDA_FORCE_MMQ=ON"
  }
}
