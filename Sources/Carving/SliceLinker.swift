import Foundation
public import ReleaseModel
public import SystemPackage
public import ToolExecution

/// Links carved objects into a backend library, as the build linked the fat one.
public struct SliceLinker: Sendable {
  /// The program that links.
  public let linker: String
  /// Flags of the build's own link line.
  public let flags: [String]
  /// Libraries of the build's own link line.
  public let libraries: [String]

  /// Makes a linker.
  public init(linker: String, flags: [String], libraries: [String]) {
    self.linker = linker
    self.flags = flags
    self.libraries = libraries
  }

  /// Where a slice looks for libraries: beside itself, beside the tools, and in NVIDIA's wheels of the same
  /// environment (a slice lies in `site-packages/llcuda/bin/cuda`).
  ///
  /// - Parameter depth: how many folders deeper than `cuda` the library lies.
  public static func runPath(toolkit: ToolkitVersion, depth: Int = 0) -> String {
    let wheels = toolkit.major >= 13 ? ["cu\(toolkit.major)/lib"] : ["cuda_runtime/lib", "cublas/lib"]
    let up = String(repeating: "/..", count: depth)
    return (["$ORIGIN", "$ORIGIN\(up)/.."] + wheels.map { "$ORIGIN\(up)/../../../nvidia/\($0)" }).joined(
      separator: ":"
    )
  }

  /// The call that links; stripped from the start, because a later `strip` must never follow an edit of the ELF file.
  func invocation(
    objects responseFile: FilePath,
    toolkit: ToolkitVersion,
    runPath: String? = nil,
    to library: FilePath
  ) -> Invocation {
    Invocation(
      linker,
      flags + [
        "-Wl,-soname,\(library.lastComponent?.string ?? "")", "-Wl,--as-needed", "-Wl,--build-id=sha1",
        "-Wl,-s",
        "-Wl,--enable-new-dtags", "-Wl,-rpath,\(runPath ?? Self.runPath(toolkit: toolkit))", "-o",
        library.string,
        "@\(responseFile)",
      ] + libraries
    )
  }

  /// Links.
  ///
  /// - Parameter runPath: where the library looks for others; `nil` for one that lies in `cuda`.
  /// - Throws: ``ToolExecution/ToolError`` with the log and the command.
  public func link(
    _ objects: [FilePath],
    toolkit: ToolkitVersion,
    runPath: String? = nil,
    to library: FilePath,
    runner: ToolRunner,
    log: FilePath
  ) async throws {
    let responseFile = FilePath(library.string + ".objects")
    // GNU response files: blanks and quotes are escaped by a backslash.
    let names = objects.map { $0.string.replacing(#/[\s"'\\]/#) { "\\\($0.output)" } }
    try names.joined(separator: "\n").write(toFile: responseFile.string, atomically: true, encoding: .utf8)
    let partial = FilePath(library.string + ".partial")
    var call = invocation(objects: responseFile, toolkit: toolkit, runPath: runPath, to: library)
    if let place = call.arguments.firstIndex(of: library.string) { call.arguments[place] = partial.string }
    try await runner.run(call, log: log)
    // Only a library that was written to its end gets the name.
    guard rename(partial.string, library.string) == 0 else { throw Errno(rawValue: errno) }
    try? FileManager.default.removeItem(atPath: responseFile.string)
  }
}
