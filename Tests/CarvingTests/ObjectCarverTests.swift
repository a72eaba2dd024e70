import BinaryFormats
import Carving
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@Suite(
  "Carving objects",
  .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)"),
  .withCompileSet,
  .timeLimit(.minutes(10))
)
struct ObjectCarverTests {
  private let set: CompileSet

  init() throws { set = try #require(CompileSet.current) }

  private func images(in objects: [FilePath]) throws -> [[ObjectCarver.Image]] {
    try objects.map { object in
      guard let fatbin = try Fatbin(in: ELFFile(object)) else { return [] }
      return fatbin.entries.compactMap(ObjectCarver.image(of:)).sorted()
    }
  }

  @Test("keeps exactly what was asked for, and host-only objects")
  func keeps() async throws {
    try await withTemporaryDirectory { folder in
      let wanted = [set.turing, Architecture(set.newest.capability, real: false, virtual: true)]
      let result = try await set.carver().carve(keeping: wanted, into: folder.appending("out"))
      let expected = ObjectCarver.images(of: wanted).sorted()
      #expect(try images(in: result.objects) == [expected, expected, []])
      #expect(result.images == Dictionary(uniqueKeysWithValues: expected.map { ($0, 2) }))
      let host = [set.objects[2], result.objects[2]].map { FileManager.default.contents(atPath: $0.string) }
      #expect(host[0] == host[1])
    }
  }

  @Test("objects of one name don't overwrite each other and keep their order", arguments: [1, 4])
  func order(workers: Int) async throws {
    try await withTemporaryDirectory { folder in
      let result = try await set.carver(workers: workers).carve(keeping: nil, into: folder.appending("out"))
      #expect(
        result.objects.compactMap { $0.lastComponent?.string } == ["000-unit.o", "001-unit.o", "002-host.o"]
      )
      #expect(result.images.count == 4 && result.images.values.allSatisfy { $0 == 2 })
      for (number, object) in result.objects.prefix(2).enumerated() {
        let symbols = try await runTool("/usr/bin/nm", [object.string]).stdout
        #expect(symbols.contains(" T unit\(number)\n"))
      }
    }
  }

  @Test("each image holds the kernels that host code registers")
  func registered() async throws {
    for (number, path) in set.objects.prefix(2).enumerated() {
      let object = try ELFFile(path)
      let registered = try object.registeredKernels()
      #expect(registered.contains { $0.contains("scale") }, "\(registered)")
      let entries = try #require(try Fatbin(in: object)).entries
      #expect(entries.count == 4)
      for entry in entries {
        #expect(registered.isSubset(of: try entry.kernelNames()), "\(entry.architecture) of unit \(number)")
      }
    }
    #expect(try ELFFile(set.objects[2]).registeredKernels().isEmpty)
  }

  /// What `__CUDA_ARCH_LIST__` in a kernel's name does when a device pass is told another one than the host's.
  @Test("host code that launches what an image lacks is found", arguments: [true, false])
  func missing(listPerPass: Bool) async throws {
    try await withTemporaryDirectory { folder in
      let source = folder.appending("named.cu")
      let text = """
        template <int... architectures> __global__ void named(int * out) { *out = sizeof...(architectures); }
        void launch(int * out) { named<__CUDA_ARCH_LIST__><<<1, 1>>>(out); }
        """
      try Data(text.utf8).write(to: URL(fileURLWithPath: source.string))
      let header = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("cmake/llcuda-unit.h")
      let object = folder.appending("named.o")
      let targets = ["75", "86"].flatMap { ["-gencode", "arch=compute_\($0),code=[compute_\($0),sm_\($0)]"] }
      let options =
        [
          "-ccbin", set.compiler.string, "-Xcompiler", "-fPIC", "-include", header.string,
          "-DLLCUDA_UNIT=unit",
        ]
        + (listPerPass ? ["-DLLCUDA_LIST_PER_PASS"] : [])
      let nvcc = try #require(CUDAToolkitForTests.nvcc)
      let result = try await runTool(nvcc, options + targets + ["-c", source.string, "-o", object.string])
      try #require(result.isSuccess, "\(result.stderr)")

      let carver = ObjectCarver(objects: [object], workers: 1)
      let out = folder.appending("out")
      guard listPerPass else {
        #expect(try await carver.carve(keeping: nil, into: out).images.count == 4)
        return
      }
      let error = try await #require(throws: MissingKernels.self) {
        try await carver.carve(keeping: nil, into: out)
      }
      #expect(error.names == ["_Z5namedIJLi860EEEvPi"])
      #expect(
        error.description == """
          '\(object)': its host code launches kernel _Z5namedIJLi860EEEvPi, which the code for \(error.image) does \
          not hold; compile with -D LLCUDA_LIST_PER_PASS=OFF, and please report the file
          """
      )
    }
  }

  @Test("what an earlier run left in the folder is gone")
  func emptiesTheFolder() async throws {
    try await withTemporaryDirectory { folder in
      _ = FileManager.default.createFile(atPath: folder.appending("old.o").string, contents: Data())
      _ = try await set.carver().carve(keeping: [set.turing], into: folder)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string).count == 3)
    }
  }

  @Test("nothing wanted leaves objects without images, which still link")
  func nothing() async throws {
    try await withTemporaryDirectory { folder in
      let result = try await set.carver().carve(keeping: [], into: folder)
      #expect(result.images.isEmpty)
      #expect(try images(in: result.objects) == [[], [], []])
    }
  }

  @Test("recompressed images are the same images", arguments: [KernelCompression.lz4, .zstd])
  func recompresses(compression: KernelCompression) async throws {
    try await withTemporaryDirectory { folder in
      let plain = try await set.carver().carve(keeping: nil, into: folder.appending("plain"))
      let packed = try await set.carver().carve(
        keeping: nil,
        recompressing: compression.method,
        into: folder.appending("packed")
      )
      #expect(packed.images == plain.images)
      for (left, right) in zip(plain.objects, packed.objects).prefix(2) {
        let old = try #require(try Fatbin(in: ELFFile(left))).entries
        let new = try #require(try Fatbin(in: ELFFile(right))).entries
        #expect(
          try old.map { try $0.decompressedPayload().array() }
            == new.map { try $0.decompressedPayload().array() }
        )
        #expect(new.reduce(0) { $0 + $1.storedSize } < old.reduce(0) { $0 + $1.storedSize })
      }
    }
  }

  @Test("canonical PTX is shorter, and ptxas makes the same cubin of it")
  func canonicalPTX() async throws {
    let ptxas = try #require(CUDAToolkitForTests.nvcc).removingLastComponent().appending("ptxas")
    try await withTemporaryDirectory { folder in
      let result = try await set.carver().carve(
        keeping: nil,
        ptx: .canonical,
        into: folder.appending("out")
      )
      for (old, new) in zip(set.objects, result.objects).prefix(2) {
        let pairs = zip(
          try #require(try Fatbin(in: ELFFile(old))).entries,
          try #require(try Fatbin(in: ELFFile(new))).entries
        )
        var texts = 0
        for (left, right) in pairs {
          let (before, after) = (
            try left.decompressedPayload().array(), try right.decompressedPayload().array()
          )
          guard left.kind == .ptx else {
            #expect(before == after)
            continue
          }
          texts += 1
          #expect(after.count < before.count && after.last == 0 && right.compression == .none)
          #expect(try left.kernelNames() == right.kernelNames())
          var cubins: [Data?] = []
          for text in [before, after] {
            let (source, cubin) = (folder.appending("k.ptx"), folder.appending("k.cubin"))
            try Data(text.dropLast()).write(to: URL(fileURLWithPath: source.string))
            let compiled = try await runTool(
              ptxas,
              ["-arch=sm_\(left.architecture)", source.string, "-o", cubin.string]
            )
            try #require(compiled.isSuccess, "\(compiled.stderr)")
            cubins.append(FileManager.default.contents(atPath: cubin.string))
          }
          #expect(cubins[0] != nil && cubins[0] == cubins[1])
        }
        #expect(texts == 1)
      }
    }
  }

  @Test("a truncated object is refused and named")
  func truncated() async throws {
    try await withTemporaryDirectory { folder in
      let whole = try #require(FileManager.default.contents(atPath: set.objects[0].string))
      for length in [0, 40, 2000, whole.count / 2, whole.count - 1] {
        let broken = folder.appending("broken.o")
        try whole.prefix(length).write(to: URL(fileURLWithPath: broken.string))
        let carver = ObjectCarver(objects: [set.objects[1], broken], workers: 2)
        let error = await #expect(throws: BinaryFormatError.self) {
          _ = try await carver.carve(keeping: [set.turing], into: folder.appending("out"))
        }
        #expect(error?.name == broken.string)
      }
    }
  }

  @Test("a missing object is an error of the system, not a crash")
  func missing() async throws {
    try await withTemporaryDirectory { folder in
      let carver = ObjectCarver(objects: [folder.appending("no.o")], workers: 1)
      await #expect(throws: BinaryFormatError.self) { _ = try await carver.carve(keeping: nil, into: folder) }
    }
  }

  @Test("a cancelled task carves no more")
  func cancelled() async throws {
    try await withTemporaryDirectory { folder in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await set.carver(workers: 1).carve(keeping: nil, into: folder)
      }
      await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
  }

  @Test("images of architectures: cubins, PTX, or both")
  func promises() {
    let images = ObjectCarver.images(of: set.architectures)
    #expect(images.count == 4)
    #expect(images.sorted().map(\.description).suffix(2) == ["8.6 real", "8.6 virtual"])
  }
}
