import Carving
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@Suite("The index beside a slice") struct SliceIndexTests {
  private func architecture(_ label: String, real: Bool = true, virtual: Bool = false) throws -> Architecture
  {
    Architecture(try #require(ComputeCapability(parsing: label)), real: real, virtual: virtual)
  }

  private func index(
    _ architectures: [Architecture],
    of set: [String],
    toolkit: ToolkitVersion = "12.4",
    compression: KernelCompression = .none
  ) throws -> SliceIndex {
    SliceIndex(
      slice: "sm75",
      toolkit: toolkit,
      floor: DriverFloor(
        toolkit: toolkit,
        compression: compression,
        hasPTX: architectures.contains(where: \.virtual)
      ),
      compileSet: try set.map { try #require(ComputeCapability(parsing: $0)) },
      architectures: architectures
    )
  }

  @Test("holds everything that the selector asks for")
  func text() throws {
    let toolkit = ToolkitVersion(major: 12, minor: 4, patch: 131)
    let text = try index([architecture("75")], of: ["86", "75", "80"], toolkit: toolkit).text
    #expect(
      text == """
        # Written by llcuda-build; read by libggml-cuda.so, which picks a slice for the GPUs of this machine.
        format 1
        slice sm75
        toolkit 12.4
        cuda-driver 12000
        driver-floor 525.60.13
        compile-set 75 80 86
        real 75

        """
    )
  }

  @Test("PTX beside cubins does not raise the floor of those who run the cubins")
  func cubinsAndPTX() throws {
    let text = try index([architecture("80"), architecture("86", virtual: true)], of: ["80", "86"]).text
    #expect(text.contains("\ncuda-driver 12000\n"))
    #expect(text.hasSuffix("\nreal 80 86\nvirtual 86\n"))
  }

  @Test("PTX alone needs the toolkit's own driver")
  func onlyPTX() throws {
    let text = try index([architecture("86", real: false, virtual: true)], of: ["86"]).text
    #expect(text.contains("\ncuda-driver 12040\ndriver-floor 550.54.14\n"))
    #expect(text.hasSuffix("\ncompile-set 86\nvirtual 86\n"))
  }

  @Test("zstd raises the floor to the first driver that reads it")
  func zstd() throws {
    let text = try index([architecture("75")], of: ["75"], toolkit: "12.0", compression: .zstd).text
    #expect(text.contains("\ncuda-driver 12040\ndriver-floor 550.54.14\n"))
  }

  @Test("the compile set has numbers, each once; letters stay with what is inside")
  func letters() throws {
    let text = try index(
      [architecture("90a"), architecture("120a")],
      of: ["90", "90a", "120a"],
      toolkit: "12.8"
    ).text
    #expect(text.contains("\ncompile-set 90 120\nreal 90a 120a\n"))
  }

  @Test("the Python package reads the same from it")
  func python() async throws {
    try await withTemporaryDirectory { folder in
      let architectures = [try architecture("80"), try architecture("86", virtual: true)]
      let index = try index(architectures, of: ["75", "80", "86"])
      try Data(index.text.utf8).write(to: URL(fileURLWithPath: folder.appending("sm75.index").string))
      try Data().write(to: URL(fileURLWithPath: folder.appending("sm75.so").string))
      let package = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent().appending("dist/python")
      let program = """
        import sys; sys.dont_write_bytecode = True
        from pathlib import Path
        from llcuda import slices
        found, broken = slices.read_folder(Path(sys.argv[1]))
        print(broken, [(s.name, [str(a) for a in s.real], [str(a) for a in s.virtual],
          [str(a) for a in s.compile_set], s.toolkit, s.cuda_driver, s.driver_floor) for s in found])
        """
      let python = try #require(CUDAToolkitForTests.onPath("python3"))
      let read = try await runTool(
        python,
        ["-c", program, folder.string],
        environment: ["PYTHONPATH": package.string]
      )
      #expect(
        read.stdout
          == "{} [('sm75', ['8.0', '8.6'], ['8.6'], ['7.5', '8.0', '8.6'], 12040, 12000, '525.60.13')]\n",
        "\(read.stderr)"
      )
    }
  }
}
