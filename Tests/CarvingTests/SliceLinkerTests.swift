import BinaryFormats
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@testable import Carving

@Suite("Where slices look for libraries") struct RunPathTests {
  @Test(
    "beside themselves, beside the tools, in NVIDIA's wheels",
    arguments: [
      (
        "12.4",
        "$ORIGIN:$ORIGIN/..:$ORIGIN/../../../nvidia/cuda_runtime/lib:$ORIGIN/../../../nvidia/cublas/lib"
      ),
      ("13.0", "$ORIGIN:$ORIGIN/..:$ORIGIN/../../../nvidia/cu13/lib"),
    ]
  )
  func runPath(toolkit: String, expected: String) throws {
    #expect(SliceLinker.runPath(toolkit: try #require(ToolkitVersion(parsing: toolkit))) == expected)
  }

  @Test("the link line has the build's own flags and libraries around ours")
  func invocation() {
    let linker = SliceLinker(
      linker: "/usr/bin/g++-12",
      flags: ["-fPIC", "-shared"],
      libraries: ["/b/libggml-base.so"]
    )
    let call = linker.invocation(objects: "/b/o.objects", toolkit: "12.4", to: "/b/sm75.so")
    #expect(call.executable == "/usr/bin/g++-12")
    #expect(call.arguments.prefix(3) == ["-fPIC", "-shared", "-Wl,-soname,sm75.so"])
    #expect(call.arguments.suffix(4) == ["-o", "/b/sm75.so", "@/b/o.objects", "/b/libggml-base.so"])
    #expect(call.arguments.contains("-Wl,--as-needed") && call.arguments.contains("-Wl,-s"))
    #expect(call.arguments.contains("-Wl,--enable-new-dtags"))
  }
}

@Suite(
  "Linking and reading slices",
  .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)"),
  .withCompileSet,
  .timeLimit(.minutes(10))
)
struct SliceLinkerTests {
  private let set: CompileSet

  init() throws { set = try #require(CompileSet.current) }

  @Test("a linked slice is stripped, has its name and run path, and holds what was carved")
  func links() async throws {
    try await withTemporaryDirectory { folder in
      let made = try await set.slice("sm75", [set.turing], in: folder)
      let file = try ELFFile(made.library)
      #expect(file.isSharedObject && file.isStripped && file.buildID != nil)
      #expect(file.dynamic?.soname == "sm75.so")
      #expect(
        file.dynamic?.runpath == SliceLinker.runPath(toolkit: set.toolkit) && file.dynamic?.rpath == nil
      )
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted()
      #expect(names == ["carved", "link.log", "sm75.so"])

      let contents = try SliceContents(of: made.library)
      #expect(contents.architectures == [set.turing])
      #expect(contents.images == [.init(set.turing.capability, isReal: true): 2])
      #expect(contents.kernels.map(\.kind) == ["real"] && contents.kernels.map(\.images) == [2])
      #expect(contents.bytes.bytes == Int64(file.bytes.count))
      #expect(contents.neededLibraries == file.dynamic?.neededLibraries)
      try contents.verify(made.slice, carved: made.images, library: made.library)
    }
  }

  @Test("cuobjdump sees the same")
  func cuobjdump() async throws {
    try await withTemporaryDirectory { folder in
      let made = try await set.slice("two", [set.turing, set.newest], in: folder)
      let cuobjdump = try #require(CUDAToolkitForTests.cuobjdump)
      let listed = try await runTool(cuobjdump, ["-lelf", "-lptx", made.library.string]).stdout.split(
        separator: "\n"
      )
      func count(_ kind: String, _ label: String) -> Int {
        listed.count { $0.hasPrefix("\(kind) file") && $0.contains(".sm_\(label).") }
      }
      #expect(count("ELF", "75") == 2 && count("ELF", "86") == 2 && count("PTX", "86") == 2)
      #expect(listed.count { $0.hasPrefix("ELF file") || $0.hasPrefix("PTX file") } == 6)
    }
  }

  @Test("every difference from the promise is found and named")
  func mismatches() async throws {
    try await withTemporaryDirectory { folder in
      let made = try await set.slice("sm75", [set.turing], in: folder)
      let contents = try SliceContents(of: made.library)
      func findings(_ architectures: [Architecture], _ carved: [ObjectCarver.Image: Int]) -> [String] {
        let slice = Slice(name: "sm75", architectures: architectures)
        let error = #expect(throws: SliceMismatch.self) {
          try contents.verify(slice, carved: carved, library: made.library)
        }
        #expect(error?.exitStatus == .verificationFailed)
        #expect(
          error?.description.contains("slice sm75 ('\(made.library)') does not hold what it promises") == true
        )
        return error?.findings ?? []
      }
      #expect(
        findings([set.turing, set.newest], made.images) == ["8.6 real is missing", "8.6 virtual is missing"]
      )
      #expect(findings([], made.images) == ["7.5 real is inside (2 images) and was not promised"])
      let both = Architecture(set.turing.capability, real: true, virtual: true)
      #expect(findings([both], made.images) == ["7.5 virtual is missing"])
      let more = made.images.mapValues { $0 + 1 }
      #expect(findings([set.turing], more) == ["7.5 real has 2 images, its objects have 3"])
    }
  }

  @Test("a link that fails leaves no library, and what was there before stays")
  func failure() async throws {
    try await withTemporaryDirectory { folder in
      let library = folder.appending("sm75.so")
      try Data("old".utf8).write(to: URL(fileURLWithPath: library.string))
      let error = await #expect(throws: ToolError.self) {
        try await set.linker().link(
          [folder.appending("missing.o")],
          toolkit: set.toolkit,
          to: library,
          runner: ToolRunner(),
          log: folder.appending("link.log")
        )
      }
      #expect(error?.exitStatus == .buildFailed)
      #expect(
        error?.description.contains("missing.o") == true && error?.description.contains("link.log") == true
      )
      #expect(FileManager.default.contents(atPath: library.string) == Data("old".utf8))
    }
  }

  @Test("a library that is none is refused")
  func noLibrary() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("x.so")
      try Data("hello".utf8).write(to: URL(fileURLWithPath: path.string))
      #expect(throws: BinaryFormatError.self) { _ = try SliceContents(of: path) }
    }
  }
}
