import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Readers and writers of archives that are not ours.
enum Readers {
  static let python = CUDAToolkitForTests.onPath("python3")
  static let unzip = CUDAToolkitForTests.onPath("unzip")
  static let absence: Comment = "needs python3 on PATH"

  /// Runs a Python program and gives its standard output; what it writes to standard error is the error's text.
  static func python(_ program: String, _ arguments: [FilePath]) async throws -> String {
    guard let python else { throw Failure(description: "no python3") }
    let result = try await runTool(python, ["-I", "-c", program] + arguments.map(\.string))
    guard result.isSuccess else { throw Failure(description: result.stderr) }
    return result.stdout
  }

  struct Failure: Error, CustomStringConvertible { let description: String }
}

/// Bytes that don't compress, the same at every run (xorshift64*); at most 4 MiB.
func noise(_ count: Int) -> [UInt8] { repeated(noiseBytes, to: count) }

private func repeated(_ source: [UInt8], to count: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  while bytes.count < count { bytes += source.prefix(count - bytes.count) }
  return bytes
}

private let noiseBytes: [UInt8] = {
  var state: UInt64 = 88_172_645_463_325_252
  let words = [UInt64](unsafeUninitializedCapacity: 1 << 19) { words, count in
    count = words.count
    for index in 0..<count {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      words[index] = state &* 2_685_821_657_736_338_717
    }
  }
  return words.withUnsafeBytes { Array($0) }
}()

/// Bytes that compress about as machine code does: words from a small set in no order; the same again after
/// 4 MiB.
func code(_ count: Int) -> [UInt8] { repeated(codeBytes, to: count) }

private let codeBytes = [UInt8](unsafeUninitializedCapacity: 1 << 22) { bytes, count in
  noiseBytes.withUnsafeBytes { noise in
    let target = UnsafeMutableRawBufferPointer(bytes)
    for index in 0..<(1 << 18) {
      let word = Int(noise[index + 4096]) * 16
      UnsafeMutableRawBufferPointer(rebasing: target[(index * 16)..<(index * 16 + 16)]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: noise[word..<(word + 16)])
      )
    }
  }
  count = 1 << 22
}

/// The names in a folder, hidden ones too: what a failure may have left behind.
func namesIn(_ folder: FilePath) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
}

/// The bytes of a file.
func bytes(of path: FilePath) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path.string)))
}

/// Writes a file.
func write(_ bytes: [UInt8], to path: FilePath) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path.string))
}

/// The regular files below a folder with their bytes.
func contents(of folder: FilePath) throws -> [String: [UInt8]] {
  var found: [String: [UInt8]] = [:]
  for (name, path) in FileTree.files(below: folder) { found[name] = try bytes(of: path) }
  return found
}

/// One member of every kind that matters; the zip writer's pieces have 4 MiB.
func variedMembers(in folder: FilePath, chunk: Int = 4 << 20) throws -> [ZipWriter.Member] {
  let real = folder.appending("real file")
  let link = folder.appending("link")
  try write(code(chunk / 2), to: real)
  try FileManager.default.createSymbolicLink(atPath: link.string, withDestinationPath: "real file")
  let empty = folder.appending("empty file")
  try write([], to: empty)
  return [
    .init(name: "a/empty", content: .bytes([])),
    .init(name: "a/empty-file", content: .file(empty)),
    .init(name: "a/one-byte", content: .bytes([7])),
    .init(name: "a/linked.so", content: .file(link)),
    .init(name: "bin/tool", content: .file(real), isExecutable: true),
    .init(name: "chunk-1", content: .bytes(code(chunk - 1))),
    .init(name: "chunk", content: .bytes(code(chunk))),
    .init(name: "chunk+1", content: .bytes(code(chunk + 1))),
    .init(name: "chunks", content: .bytes(code(3 * chunk + 12345))),
    .init(name: "noise", content: .bytes(noise(2 * chunk + 1))),
    .init(name: "grüße/ファイル.txt", content: .bytes(Array("é".utf8))),
    .init(name: "zeros", content: .bytes([UInt8](repeating: 0, count: 2 * chunk))),
  ]
}
