public import Foundation
public import ReleaseModel
public import SystemPackage
public import ToolExecution

/// An installed CUDA toolkit that was tried out: its nvcc compiles, with this host compiler.
public struct CUDAToolkit: Hashable, Sendable {
  /// Its folder, which holds `bin/nvcc`.
  public let home: FilePath
  /// What its nvcc can compile for.
  public let capabilities: ToolkitCapabilities
  /// The host compiler that nvcc calls.
  public let hostCompiler: FilePath
  /// The host compiler's own version line.
  public let hostCompilerVersion: String

  /// nvcc.
  public var nvcc: FilePath { home.appending("bin/nvcc") }

  /// Finds a toolkit's folder without running anything.
  ///
  /// The order: the folder that was named, `CUDA_HOME`, `CUDA_PATH`, nvcc on `PATH`, the newest that `ci/setup` put into
  /// the cache, `/usr/local/cuda`.
  ///
  /// - Throws: ``ToolExecution/ToolError/notFound(_:hint:)`` when there is none, or none where one was named.
  public static func locate(named: String?, cache: FilePath, locator: ToolLocator) throws -> FilePath {
    let environment = ProcessInfo.processInfo.environment
    return try locate(named: named, cache: cache, locator: locator, environment: environment)
  }

  static func locate(
    named: String?,
    cache: FilePath,
    locator: ToolLocator,
    environment: [String: String]
  ) throws -> FilePath {
    func holdsNVCC(_ folder: FilePath) -> Bool { locator.find(folder.appending("bin/nvcc").string) != nil }
    for (value, origin) in [
      (named, "--cuda-home"), (environment["CUDA_HOME"], "CUDA_HOME"),
      (environment["CUDA_PATH"], "CUDA_PATH"),
    ] {
      guard let value, !value.isEmpty else { continue }
      let folder = Folders.absolute(FilePath(value))
      guard holdsNVCC(folder) else {
        throw ToolError.notFound(
          folder.appending("bin/nvcc").string,
          hint: "\(origin) must name the folder of a CUDA toolkit, the one that holds bin/nvcc"
        )
      }
      return folder
    }
    if let nvcc = locator.find("nvcc") {
      let real = URL(fileURLWithPath: nvcc.string).resolvingSymlinksInPath().path
      return FilePath(real).removingLastComponent().removingLastComponent()
    }
    let cached = (try? FileManager.default.contentsOfDirectory(atPath: cache.string)) ?? []
    let versions = cached.filter { $0.hasPrefix("cuda-") }.sorted {
      $0.compare($1, options: .numeric) == .orderedDescending
    }
    for folder in versions.map({ cache.appending($0) }) + [FilePath("/usr/local/cuda")]
    where holdsNVCC(folder) {
      return folder
    }
    throw ToolError.notFound(
      "nvcc",
      hint: "run ci/setup, which installs CUDA 12.4 into the cache folder, or name a toolkit with --cuda-home"
    )
  }

  /// Asks a toolkit what it can do.
  ///
  /// - Throws: ``ToolExecution/ToolError`` when nvcc doesn't run or answers something else than expected.
  public static func capabilities(of home: FilePath, runner: ToolRunner) async throws -> ToolkitCapabilities {
    let nvcc = home.appending("bin/nvcc").string
    func ask(_ option: String) async throws -> String {
      try await runner.output(of: Invocation(nvcc, [option]))
    }
    let text = try await ask("--version")
    guard let match = text.firstMatch(of: #/release [0-9.]+, V([0-9]+\.[0-9]+\.[0-9]+)/#),
      let version = ToolkitVersion(parsing: match.1)
    else {
      throw ToolError.unusable(nvcc, why: "its --version names no release", hint: "is it NVIDIA's nvcc?")
    }
    // CUDA 11's runtime has another way of naming its libraries, and NVIDIA's wheels of it are no longer made.
    guard version.release >= "12.0" else {
      throw ToolError.unusable(
        nvcc,
        why: "CUDA \(version.release) is too old",
        hint: "CUDA 12.0 or newer is needed; name one with --cuda-home, or run ci/setup"
      )
    }
    let code = try await ask("--list-gpu-code")
    let architectures = try await ask("--list-gpu-arch")
    let real = code.split(whereSeparator: \.isWhitespace).compactMap { ComputeCapability(parsing: $0) }
    let virtual = architectures.split(whereSeparator: \.isWhitespace).compactMap {
      ComputeCapability(parsing: $0)
    }
    guard !real.isEmpty, !virtual.isEmpty else {
      throw ToolError.unusable(nvcc, why: "it lists no architectures", hint: "is the toolkit complete?")
    }
    // The lists leave out what has a letter behind it (sm_90a, sm_120f); the values that --help allows don't.
    let help = try await ask("--help")
    let lettered = help.matches(of: #/'(sm|compute)_([0-9]+[af])'/#).compactMap { match in
      ComputeCapability(parsing: match.2).map { (isReal: match.1 == "sm", capability: $0) }
    }
    return ToolkitCapabilities(
      version: version,
      real: Array(Set(real + lettered.filter(\.isReal).map(\.capability))),
      virtual: Array(Set(virtual + lettered.filter { !$0.isReal }.map(\.capability)))
    )
  }

  /// Makes the value from known parts, for tests.
  init(home: FilePath, capabilities: ToolkitCapabilities, hostCompiler: FilePath, hostCompilerVersion: String)
  {
    self.home = home
    self.capabilities = capabilities
    self.hostCompiler = hostCompiler
    self.hostCompilerVersion = hostCompilerVersion
  }

  /// Takes a toolkit into use: finds a host compiler, and compiles a small kernel with both.
  ///
  /// CMake would find out as well, but only after the other checks, and in words about CMake. Compilers that did it before
  /// need not do it again, as long as they are the same and cuBLAS's header is where it was.
  ///
  /// - Parameter cache: the user's cache folder, which keeps what was tried; `nil` tries in any case.
  /// - Throws: ``ToolExecution/ToolError`` naming what is missing: cicc, a host compiler nvcc accepts, cuBLAS's headers.
  public init(
    home: FilePath,
    capabilities: ToolkitCapabilities,
    hostCompiler named: String?,
    scratch: FilePath,
    cache: FilePath? = nil,
    runner: ToolRunner,
    locator: ToolLocator
  ) async throws {
    let host = try HostCompiler.locate(named: named, for: capabilities.version, locator: locator)
    self.home = home
    self.capabilities = capabilities
    self.hostCompiler = host
    let version = try await runner.output(of: Invocation(host.string, ["--version"]))
    self.hostCompilerVersion = version.split(separator: "\n").first.map(String.init) ?? host.string

    try FileManager.default.createDirectory(atPath: scratch.string, withIntermediateDirectories: true)
    let source = scratch.appending("probe.cu")
    let text = "#include <cublas_v2.h>\n__global__ void probe(float *x) { *x = 1; }\n"
    try Data(text.utf8).write(to: URL(fileURLWithPath: source.string))
    guard let cache else {
      try await compileTrial(in: scratch, runner: runner)
      return
    }
    let record = TrialRecord(cache: cache)
    let pair = try await pair(cache: cache, locator: locator, runner: runner)
    if let pair, record.holds(pair) { return }
    try await compileTrial(in: scratch, runner: runner)
    if let pair, let header = Self.cublas(in: scratch.appending(Self.headers)) {
      record.note(pair, needing: [header])
    }
  }

  /// Where a trial's headers are listed.
  private static let headers = "probe.d"

  /// This toolkit and host compiler, and the digests of their programs; `nil` when these are not where they are in NVIDIA's
  /// toolkits.
  private func pair(cache: FilePath, locator: ToolLocator, runner: ToolRunner) async throws -> String? {
    let digests = try await digests(
      of: [hostCompiler],
      parts: [(hostCompiler, "cc1plus")],
      record: cache.appending("compilers.json"),
      locator: locator,
      runner: runner
    )
    return digests.map { (["nvcc \(nvcc) with \(hostCompiler)"] + $0).joined(separator: ", ") }
  }

  /// cuBLAS's header among those that nvcc lists, one on a line, blanks with a backslash before them.
  private static func cublas(in list: FilePath) -> FilePath? {
    let data = FileManager.default.contents(atPath: list.string) ?? Data()
    let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " \\")) }
      .first { $0.hasSuffix("/cublas_v2.h") }
      .map { FilePath($0.replacing("\\ ", with: " ")) }
  }

  private func compileTrial(in scratch: FilePath, runner: ToolRunner) async throws {
    var probe = trial(in: scratch, output: "probe.o")
    probe.arguments += ["-MD", "-MF", scratch.appending(Self.headers).string]
    do {
      try await runner.run(probe, log: scratch.appending("probe.log"))
    } catch ToolError.failed(_, _, _, let lines) {
      throw Self.explain(lines, nvcc: nvcc, host: hostCompiler)
        ?? ToolError.failed(
          probe,
          outcome: "could not compile a trivial kernel",
          log: scratch.appending("probe.log"),
          lastLines: lines
        )
    }
  }

  /// The compilation of a small kernel, whose source lies in a folder since the toolkit was taken into use.
  func trial(in scratch: FilePath, output: String) -> Invocation {
    let lowest = capabilities.real.first { $0.variant == .base }
    let target = lowest.map { ["-gencode", "arch=compute_\($0.label),code=sm_\($0.label)"] } ?? []
    return Invocation(
      nvcc.string,
      ["-ccbin", hostCompiler.string] + target + [
        "-c", scratch.appending("probe.cu").string, "-o", scratch.appending(output).string,
      ]
    )
  }

  /// The known ways in which a first compilation fails, told by what nvcc says.
  static func explain(_ lines: [String], nvcc: FilePath, host: FilePath) -> ToolError? {
    func says(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
    if lines.contains(where: FullDisk.isTold) { return nil }
    for tool in ["cicc", "ptxas", "cudafe++", "fatbinary"]
    where says("\(tool): not found") || says("\(tool): command not found")
      || says("\(tool)'") && says("No such file")
    {
      return .unusable(
        nvcc.string,
        why: "it cannot find its \(tool)",
        hint:
          "the toolkit is incomplete (nvvm/bin/cicc and bin/ptxas must lie beside bin/nvcc); install it anew or run ci/setup"
      )
    }
    if says("unsupported GNU version") || says("unsupported clang version") {
      return .unusable(
        host.string,
        why: "this toolkit's nvcc refuses it as a host compiler",
        hint: "name an older one with --host-compiler, such as g++-12"
      )
    }
    if says("cublas_v2.h") {
      return .unusable(
        nvcc.string,
        why: "the toolkit has no cuBLAS headers (cublas_v2.h)",
        hint: "install cuBLAS's development files"
      )
    }
    return nil
  }
}

/// Finds the C++ compiler that nvcc calls for host code.
public enum HostCompiler {
  /// The newest major version of g++ that a toolkit accepts (CUDA installation guide for Linux, "Host Compiler Support Policy").
  public static func newestGCC(for toolkit: ToolkitVersion) -> Int {
    switch toolkit.release {
    case ..<"12.0": 11
    case ..<"12.4": 12
    case ..<"12.8": 13
    case ..<"13.0": 14
    default: 15
    }
  }

  /// The compiler that was named, by `--host-compiler`, `CUDAHOSTCXX` or `NVCC_CCBIN`, or the newest accepted g++ at hand.
  ///
  /// - Throws: ``ToolExecution/ToolError/notFound(_:hint:)``.
  public static func locate(
    named: String?,
    for toolkit: ToolkitVersion,
    locator: ToolLocator,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> FilePath {
    for value in [named, environment["CUDAHOSTCXX"], environment["NVCC_CCBIN"]] {
      if let value, !value.isEmpty {
        return try locator.require(value, hint: "name an installed C++ compiler with --host-compiler")
      }
    }
    let newest = newestGCC(for: toolkit)
    let versioned = stride(from: newest, through: 9, by: -1).map { "g++-\($0)" }
    for name in versioned + ["g++"] {
      if let found = locator.find(name) { return found }
    }
    throw ToolError.notFound(
      "g++",
      hint: "CUDA \(toolkit.release) needs g++ \(newest) or older: apt install g++-\(min(newest, 12))"
    )
  }
}
