import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Building

@Suite("Finding a CUDA toolkit") struct ToolkitLocationTests {
  /// A folder with toolkits that are empty but for an executable nvcc.
  private func withToolkits(
    _ names: [String],
    _ body: (FilePath) throws -> Void
  ) async throws {
    try await withTemporaryDirectory { folder in
      for name in names {
        let bin = folder.appending("\(name)/bin")
        try FileManager.default.createDirectory(atPath: bin.string, withIntermediateDirectories: true)
        let nvcc = bin.appending("nvcc").string
        _ = FileManager.default.createFile(
          atPath: nvcc,
          contents: Data("#!/bin/sh\n".utf8),
          attributes: [.posixPermissions: 0o755]
        )
      }
      try body(FilePath(URL(fileURLWithPath: folder.string).resolvingSymlinksInPath().path))
    }
  }

  @Test("the folder that was named, CUDA_HOME, CUDA_PATH, PATH, the cache's newest: in this order")
  func order() async throws {
    let names = [
      "named", "home", "path", "onpath", "cache/cuda-12.4.1", "cache/cuda-12.10", "cache/cuda-9.2",
    ]
    try await withToolkits(names) { folder in
      var named: String? = folder.appending("named").string
      var environment = [
        "CUDA_HOME": folder.appending("home").string, "CUDA_PATH": folder.appending("path").string,
      ]
      var search = folder.appending("onpath/bin").string
      func expectFound(_ name: String) throws {
        let home = try CUDAToolkit.locate(
          named: named,
          cache: folder.appending("cache"),
          locator: ToolLocator(path: search),
          environment: environment
        )
        #expect(home == folder.appending(name))
      }
      try expectFound("named")
      named = nil
      try expectFound("home")
      environment["CUDA_HOME"] = ""
      try expectFound("path")
      environment = [:]
      try expectFound("onpath")
      search = ""
      try expectFound("cache/cuda-12.10")
    }
  }

  @Test("an nvcc on PATH that is a link stands for the toolkit it links to")
  func link() async throws {
    try await withToolkits(["cuda-12.4"]) { folder in
      let bin = folder.appending("usr")
      try FileManager.default.createDirectory(atPath: bin.string, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: bin.appending("nvcc").string,
        withDestinationPath: folder.appending("cuda-12.4/bin/nvcc").string
      )
      let home = try CUDAToolkit.locate(
        named: nil,
        cache: folder,
        locator: ToolLocator(path: bin.string),
        environment: [:]
      )
      #expect(home == folder.appending("cuda-12.4"))
    }
  }

  @Test("a folder that was named and holds no toolkit is an error, even when another is at hand")
  func wrongFolder() async throws {
    try await withToolkits(["good"]) { folder in
      let locator = ToolLocator(path: folder.appending("good/bin").string)
      for (named, environment, word) in [
        (folder.string, [:], "--cuda-home"), (nil, ["CUDA_HOME": folder.string], "CUDA_HOME"),
        (nil, ["CUDA_PATH": "/nowhere"], "CUDA_PATH"),
      ] as [(String?, [String: String], String)] {
        let error = #expect(throws: ToolError.self) {
          try CUDAToolkit.locate(named: named, cache: folder, locator: locator, environment: environment)
        }
        #expect(error?.exitStatus == .toolMissing && error?.description.contains(word) == true)
      }
    }
  }

  @Test("the host compiler: named, by CUDAHOSTCXX, by NVCC_CCBIN, else the newest accepted")
  func hostCompiler() async throws {
    try await withTemporaryDirectory { folder in
      for name in ["g++-15", "g++-13", "g++-12", "g++", "mine"] {
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o755]
        let path = folder.appending(name).string
        _ = FileManager.default.createFile(atPath: path, contents: Data(), attributes: attributes)
      }
      func found(_ named: String?, _ toolkit: ToolkitVersion, _ environment: [String: String]) throws
        -> String?
      {
        let locator = ToolLocator(path: folder.string)
        return try HostCompiler.locate(named: named, for: toolkit, locator: locator, environment: environment)
          .lastComponent?.string
      }
      let cases: [(String?, ToolkitVersion, [String: String], String)] = [
        ("mine", "12.4", ["CUDAHOSTCXX": "g++"], "mine"),
        (nil, "12.4", ["CUDAHOSTCXX": "mine", "NVCC_CCBIN": "g++"], "mine"),
        (nil, "12.4", ["NVCC_CCBIN": "mine"], "mine"), (nil, "12.4", [:], "g++-13"),
        (nil, "12.0", [:], "g++-12"), (nil, "13.0", [:], "g++-15"), (nil, "11.8", [:], "g++"),
      ]
      for (named, toolkit, environment, expected) in cases {
        let name = try found(named, toolkit, environment)
        #expect(name == expected)
      }
      #expect(throws: ToolError.self) { _ = try found("absent", "12.4", [:]) }
    }
  }
}

@Suite("What nvcc says when it fails") struct ToolkitExplanationTests {
  private func explain(_ lines: String...) -> String? {
    CUDAToolkit.explain(lines, nvcc: "/cuda/bin/nvcc", host: "/usr/bin/g++-99")?.description
  }

  @Test("a tool of the toolkit that is missing is named, however the shell says it")
  func missingTool() throws {
    let dash = try #require(explain("sh: 1: cicc: not found"))
    #expect(dash.hasPrefix("'/cuda/bin/nvcc' cannot be used: it cannot find its cicc; "))
    #expect(dash.contains("nvvm/bin/cicc") && dash.contains("ci/setup"))
    #expect(explain("sh: line 1: ptxas: command not found")?.contains("its ptxas") == true)
    #expect(
      explain("nvcc fatal: '/cuda/bin/cudafe++': No such file or directory")?.contains("its cudafe++") == true
    )
  }

  @Test("a compiler that is too new is the one that is blamed")
  func hostCompiler() throws {
    let gnu = try #require(
      explain("host_config.h:143:2: error: #error -- unsupported GNU version! gcc versions later")
    )
    #expect(gnu.hasPrefix("'/usr/bin/g++-99' cannot be used") && gnu.contains("--host-compiler"))
    #expect(explain("#error -- unsupported clang version! clang version must be less than 18") != nil)
  }

  @Test("cuBLAS's headers")
  func headers() {
    let text = explain("probe.cu:1:10: fatal error: cublas_v2.h: No such file or directory")
    #expect(text?.contains("cuBLAS") == true)
  }

  @Test("a full disk and anything unknown are left to others")
  func unknown() {
    #expect(explain("cicc: No space left on device", "sh: 1: cicc: not found") == nil)
    #expect(explain("nvcc fatal: something new") == nil)
    #expect(CUDAToolkit.explain([], nvcc: "nvcc", host: "g++") == nil)
  }
}

@Suite("The real toolkit", .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)"))
struct RealToolkitTests {
  private var home: FilePath {
    get throws { try #require(CUDAToolkitForTests.nvcc).removingLastComponent().removingLastComponent() }
  }

  @Test("says which architectures it has")
  func capabilities() async throws {
    let capabilities = try await CUDAToolkit.capabilities(of: home, runner: ToolRunner())
    #expect(capabilities.version.major >= 11 && capabilities.version.patch > 0)
    for label in ["75", "80", "86", "90a"] {
      #expect(capabilities.real.contains(try #require(ComputeCapability(parsing: label))))
    }
    #expect(capabilities.real == capabilities.real.sorted())
    #expect(capabilities.real.contains { $0.number == 50 } == (capabilities.version.major < 13))
    #expect(!capabilities.real.contains { $0.number == 76 })
  }

  @Test("is tried out with a kernel before it is used")
  func probe() async throws {
    try await withTemporaryDirectory { folder in
      let runner = ToolRunner()
      let capabilities = try await CUDAToolkit.capabilities(of: home, runner: runner)
      let toolkit = try await CUDAToolkit(
        home: home,
        capabilities: capabilities,
        hostCompiler: CUDAToolkitForTests.hostCompiler?.string,
        scratch: folder.appending("probe"),
        runner: runner,
        locator: ToolLocator()
      )
      #expect(toolkit.hostCompilerVersion.contains("g++"))
      #expect(FileManager.default.fileExists(atPath: folder.appending("probe/probe.o").string))
    }
  }

  @Test("is not tried out again while the compilers are the same and cuBLAS's header is there")
  func probeOnce() async throws {
    try await withTemporaryDirectory { folder in
      let runner = ToolRunner()
      let capabilities = try await CUDAToolkit.capabilities(of: home, runner: runner)
      func wasTried(_ name: String, host: FilePath? = CUDAToolkitForTests.hostCompiler) async throws -> Bool {
        let scratch = folder.appending(name)
        _ = try await CUDAToolkit(
          home: home,
          capabilities: capabilities,
          hostCompiler: host?.string,
          scratch: scratch,
          cache: folder.appending("cache"),
          runner: runner,
          locator: ToolLocator()
        )
        return FileManager.default.fileExists(atPath: scratch.appending("probe.o").string)
      }
      #expect(try await wasTried("first"))
      #expect(try await !wasTried("second"))
      // The same program at another place is another compiler: what lies beside it may differ.
      let elsewhere = folder.appending("g++-elsewhere")
      try FileManager.default.createSymbolicLink(
        atPath: elsewhere.string,
        withDestinationPath: try #require(CUDAToolkitForTests.hostCompiler).string
      )
      #expect(try await wasTried("third", host: elsewhere))
      let trials = folder.appending("cache/trials")
      for name in try FileManager.default.contentsOfDirectory(atPath: trials.string) {
        let path = trials.appending(name).string
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("/cublas_v2.h\n"))
        let gone = text.replacing("/cublas_v2.h", with: "/gone.h")
        try gone.write(toFile: path, atomically: true, encoding: .utf8)
      }
      #expect(try await wasTried("fourth"))
    }
  }

  @Test("another program of the name nvcc is told apart")
  func noNVCC() async throws {
    try await withTemporaryDirectory { folder in
      let bin = folder.appending("bin")
      try FileManager.default.createDirectory(atPath: bin.string, withIntermediateDirectories: true)
      let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o755]
      let nvcc = bin.appending("nvcc").string
      _ = FileManager.default.createFile(
        atPath: nvcc,
        contents: Data("#!/bin/sh\necho hello\n".utf8),
        attributes: attributes
      )
      let error = await #expect(throws: ToolError.self) {
        try await CUDAToolkit.capabilities(of: folder, runner: ToolRunner())
      }
      #expect(error?.exitStatus == .toolMissing && error?.description.contains("names no release") == true)
    }
  }
}
