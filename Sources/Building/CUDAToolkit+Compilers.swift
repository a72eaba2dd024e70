public import Archives
import Foundation
public import SystemPackage
public import ToolExecution

extension CUDAToolkit {
  /// The digest of the programs that make objects: nvcc and what it calls, and the host's compilers.
  ///
  /// - Parameters:
  ///   - cCompiler: the C compiler beside the host compiler.
  ///   - sccache: what sccache says of its version; it names nvcc's steps.
  ///   - record: keeps the files' digests for the next run; the file may be missing.
  /// - Returns: `nil` when not all of them are where they are in NVIDIA's toolkits.
  /// - Throws: ``ToolExecution/ToolError`` for a compiler that doesn't run, `ArchiveError` for a file that can't be read.
  public func digestOfCompilers(
    cCompiler: FilePath,
    sccache: String,
    record: FilePath,
    locator: ToolLocator,
    runner: ToolRunner
  ) async throws -> SHA256Digest? {
    let parts = [(hostCompiler, "cc1plus"), (cCompiler, "cc1"), (cCompiler, "as")]
    guard
      let digests = try await digests(
        of: [hostCompiler, cCompiler],
        parts: parts,
        record: record,
        locator: locator,
        runner: runner
      )
    else { return nil }
    return .of(Array((digests + [hostCompilerVersion, sccache]).joined(separator: "\n").utf8))
  }

  /// A line for each program that makes objects: its name and digest.
  ///
  /// - Parameters:
  ///   - hosts: the host's compilers.
  ///   - parts: the programs that they call, by the name they ask for.
  /// - Returns: `nil` when not all of nvcc's are where they are in NVIDIA's toolkits.
  func digests(
    of hosts: [FilePath],
    parts: [(compiler: FilePath, name: String)],
    record: FilePath,
    locator: ToolLocator,
    runner: ToolRunner
  ) async throws -> [String]? {
    let needed = ["bin/nvcc", "nvvm/bin/cicc", "bin/ptxas", "bin/cudafe++", "bin/fatbinary"]
    let optional = ["bin/nvcc.profile", "nvvm/libdevice/libdevice.10.bc"]
    var files = needed.map { home.appending($0) }
    guard files.allSatisfy({ FileManager.default.isReadableFile(atPath: $0.string) }) else { return nil }
    files += optional.map { home.appending($0) }.filter { FileManager.default.fileExists(atPath: $0.string) }
    files += hosts
    for part in parts {
      // A bare name is the program on PATH, or clang's answer, which is all of its compiler itself.
      let answer = try await runner.output(
        of: Invocation(part.compiler.string, ["-print-prog-name=\(part.name)"])
      )
      if let path = locator.find(answer.trimmingCharacters(in: .whitespacesAndNewlines)) {
        files.append(path)
      }
    }
    var recorded = RecordedDigests(at: record)
    let digests = try files.map { "\($0.lastComponent?.string ?? "") \(try recorded.digest(of: $0))" }
    recorded.save()
    return digests
  }
}
