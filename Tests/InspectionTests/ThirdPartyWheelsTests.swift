import Foundation
import Inspection
import Inventory
import SystemPackage
import TestSupport
import Testing

/// Other people's wheels, as pinned in ci/wheels.txt and fetched by ci/test.
enum TestWheels {
  static let wheels: [FilePath] = {
    guard let folder = ProcessInfo.processInfo.environment["LLCUDA_TEST_WHEELS"] else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".whl") }.sorted().map { FilePath(folder).appending($0) }
  }()
  static let cuobjdump = wheels.first { $0.string.contains("cuobjdump") }
  static let isReady = cuobjdump != nil && CUDAToolkitForTests.onPath("python3") != nil

  /// Unpacks a wheel and gives its files.
  static func unpack(_ wheel: FilePath, to folder: FilePath) async throws -> [FilePath] {
    let python = try #require(CUDAToolkitForTests.onPath("python3"))
    let result = try await runTool(python, ["-m", "zipfile", "-e", wheel.string, folder.string])
    try #require(result.isSuccess, "\(result.stderr)")
    let names = FileManager.default.enumerator(atPath: folder.string)?.compactMap { $0 as? String } ?? []
    return names.sorted().map { folder.appending($0) }
  }
}

/// The wheels of others against cuobjdump of CUDA 13.
@Suite(
  "Other people's wheels",
  .enabled(if: TestWheels.isReady, "needs the wheels of ci/wheels.txt; run ci/test")
)
struct ThirdPartyWheelsTests {
  @Test func `Images agree with cuobjdump of CUDA 13, entry by entry, and every byte is in one row`()
    async throws
  {
    try await withTemporaryDirectory { folder in
      let tools = try await TestWheels.unpack(
        try #require(TestWheels.cuobjdump),
        to: folder.appending("tool")
      )
      let cuobjdump = try #require(tools.first { $0.lastComponent?.string == "cuobjdump" })
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cuobjdump.string)
      var libraries = 0
      for wheel in TestWheels.wheels where wheel != TestWheels.cuobjdump {
        let inventory = try await Inspector(detail: .everything).inspect([wheel])
        #expect(inventory.discrepancies == [])
        #expect(inventory.artifacts[0].findings.allSatisfy { $0.severity != .error })
        #expect(inventory.artifacts[0].kernelCount > 0)
        let content = folder.appending("content-\(wheel.lastComponent?.stem ?? "")")
        for file in try await TestWheels.unpack(wheel, to: content) where file.string.contains(".so") {
          let images = try ImageList(file).images
          guard !images.isEmpty else { continue }
          libraries += 1
          let ours = [ImageKind.real, .virtual].flatMap { kind in
            images.filter { $0.kind == kind }.map { "\(kind.rawValue) \($0.architecture)" }
          }
          // cuobjdump prints sm_100f as sm_100.
          let plain = ours.map { $0.hasSuffix("f") ? String($0.dropLast()) : $0 }
          #expect(plain == (try await Binaries.listed(file, with: cuobjdump)), "\(file)")
        }
      }
      #expect(libraries >= 4)
    }
  }
}
