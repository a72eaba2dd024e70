import Foundation
import SystemPackage
import TestSupport
import Testing

/// Small shared libraries, compiled when a test needs them.
enum Libraries {
  static let compiler = CUDAToolkitForTests.onPath("gcc-12") ?? CUDAToolkitForTests.onPath("gcc")
  static let absence: Comment = "needs gcc; run ci/setup"

  /// Compiles a library of one function, without leftovers of this machine.
  static func make(
    _ code: String = "#include <stdlib.h>\nint sample(void) { return abs(-1); }",
    _ options: [String] = ["-Wl,--strip-all"],
    named name: String = "libsample.so",
    in folder: FilePath
  ) async throws -> [UInt8] {
    let source = folder.appending("source.c")
    let target = folder.appending(name)
    try Data(code.utf8).write(to: URL(fileURLWithPath: source.string))
    let compiler = try #require(compiler)
    let common = ["-shared", "-fPIC", "-O1", "source.c", "-o", name, "-Wl,-soname,\(name)"]
    let result = try await runTool(compiler, common + options, in: folder)
    try #require(result.isSuccess, "\(result.stderr)")
    defer { try? FileManager.default.removeItem(atPath: source.string) }
    return Array(try Data(contentsOf: URL(fileURLWithPath: target.string)))
  }

  /// Compiles a program that does nothing.
  static func makeProgram(in folder: FilePath) async throws -> [UInt8] {
    try Data("int main(void) { return 0; }".utf8).write(to: URL(fileURLWithPath: "\(folder)/program.c"))
    let result = try await runTool(
      #require(compiler),
      ["-pie", "-fPIE", "-Wl,--strip-all", "program.c", "-o", "program"],
      in: folder
    )
    try #require(result.isSuccess, "\(result.stderr)")
    return Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/program")))
  }

  /// C code for a fat binary of one container with cubins and PTX of these numbers; the payloads are zeros.
  static func fatbin(real: [Int], virtual: [Int]) -> String {
    var entries: [UInt8] = []
    for (kind, numbers) in [(UInt16(2), real), (1, virtual)] {
      for number in numbers {
        var entry = [UInt8](repeating: 0, count: 0x40 + 16)
        func store(_ value: some FixedWidthInteger, at place: Int) {
          withUnsafeBytes(of: value.littleEndian) { entry.replaceSubrange(place..<place + $0.count, with: $0) }
        }
        store(kind, at: 0)
        store(UInt16(0x101), at: 2)
        store(UInt32(0x40), at: 4)
        store(UInt64(16), at: 8)
        store(UInt16(7), at: 0x1A)
        store(UInt32(number), at: 0x1C)
        store(UInt64(0x11), at: 0x28)
        entries += entry
      }
    }
    var bytes: [UInt8] = []
    bytes.little(UInt32(0xBA55_ED50))
    bytes.little(UInt16(1))
    bytes.little(UInt16(16))
    bytes.little(UInt64(entries.count))
    bytes += entries
    let list = bytes.map(String.init).joined(separator: ",")
    return """
      __attribute__((section(".nv_fatbin"), aligned(8), used))
      const unsigned char fat[] = {\(list)};
      int sample(void) { return fat[0]; }
      """
  }
}
