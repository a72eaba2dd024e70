import Archives
import BinaryFormats
import Foundation
import PTXText
import SystemPackage
import TestSupport
import Testing

@testable import PackedKernels

@Suite(
  "Packed files",
  .serialized,
  .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)"),
  .withFatLibrary
)
struct PackedFileTests {
  private var library: PackedLibrary { get throws { try #require(FatLibrary.current) } }

  private func packed(
    _ library: PackedLibrary,
    in folder: FilePath,
    cores: Int = 2,
    name: String = "all.packed"
  ) async throws -> FilePath {
    let path = folder.appending(name)
    _ = try await PackedWriter(cores: cores, memory: nil).write(library, to: path)
    return path
  }

  @Test("unpacking everything gives the library back, and the proof sees a difference")
  func roundTrip() async throws {
    let library = try library
    try await withTemporaryDirectory { folder in
      let file = try PackedFile(try await packed(library, in: folder))
      let everything = try file.unpack { _ in true }
      #expect(everything == library.file.bytes.array())
      #expect(SHA256Digest.of(everything).hex == file.index.librarySHA256)
      try file.verify(against: library)

      var other = everything
      other[other.count / 2] ^= 1
      let changed = folder.appending("other.so")
      try Data(other).write(to: URL(fileURLWithPath: changed.string))
      if let wrong = try? PackedLibrary(ELFFile(changed), slice: "all") {
        #expect(throws: BinaryFormatError.self) { try file.verify(against: wrong) }
      }
    }
  }

  @Test("a part holds just its images, every container in its place with a hole behind what is kept")
  func parts() async throws {
    let library = try library
    let original = try #require(try Fatbin(in: library.file))
    try await withTemporaryDirectory { folder in
      let file = try PackedFile(try await packed(library, in: folder))
      for wanted in file.index.images {
        let path = folder.appending("part.so")
        try Data(try file.unpack { $0 == wanted }).write(to: URL(fileURLWithPath: path.string))
        let part = try ELFFile(path)
        let fatbin = try #require(try Fatbin(in: part))
        #expect(part.bytes.count == library.file.bytes.count)
        #expect(fatbin.containers.map(\.offset) == original.containers.map(\.offset))
        for (left, right) in zip(fatbin.containers, original.containers) {
          let expected = right.entries.filter { PackedIndex.Image($0) == wanted }
          #expect(left.entries.map { $0.paddedPayload.array() } == expected.map { $0.paddedPayload.array() })
        }
      }
      let nothing = try #require(
        try Fatbin(in: ELFFile(ByteSource(file.unpack { _ in false }, name: "nothing")))
      )
      #expect(nothing.entries.isEmpty && nothing.containers.count == original.containers.count)
    }
  }

  @Test("the same library gives the same bytes with one worker and with many")
  func deterministic() async throws {
    let library = try library
    try await withTemporaryDirectory { folder in
      let one = try await packed(library, in: folder, cores: 1, name: "one")
      let many = try await packed(library, in: folder, cores: 8, name: "many")
      #expect(try ByteSource(mapping: one).array() == ByteSource(mapping: many).array())
    }
  }

  @Test("blocks hold one family each, units stay together, every entry is in one block")
  func arrangement() throws {
    let library = try library
    let file = library.file
    let small = try PackedLibrary(file, slice: "all", arrangement: .init(blockSize: 8000, families: [80]))
    let places = small.blocks.flatMap { $0 }
    let entries = small.containers.reduce(0) { $0 + $1.entries.count }
    #expect(places.count == entries && Set(places.map { [$0.container, $0.number] }).count == entries)
    for block in small.blocks {
      #expect(Set(block.map { small.images[$0.image].kind }).count == 1)
      let numbers = block.map { Int(small.images[$0.image].architecture) ?? 0 }
      #expect(numbers.allSatisfy { $0 < 80 } || numbers.allSatisfy { $0 >= 80 })
    }
    #expect(small.blocks.count > 3)
  }

  @Test("PTX is filtered, cubins are not, and a filtered entry that is broken is refused")
  func filtered() async throws {
    let library = try library
    try await withTemporaryDirectory { folder in
      let index = try PackedFile(try await packed(library, in: folder)).index
      for entry in index.entries {
        #expect((entry.filteredSize != nil) == (index.images[entry.image].kind == "virtual"))
      }
      let ptx = try #require(library.blocks.joined().first { library.images[$0.image].kind == "virtual" })
      let entry = library.entry(at: ptx)
      let filtered = try #require(FilteredEntry.filter(entry))
      let plain = entry.header.array() + entry.paddedPayload.array()
      #expect(try FilteredEntry.restore(filtered[...], size: plain.count) == plain)
      #expect(filtered.count < plain.count)
      for size in [0, 80, plain.count - 1, plain.count + 1] {
        #expect(throws: RecentNames.Fault.self) { try FilteredEntry.restore(filtered[...], size: size) }
      }
      for count in [0, 7, 40] {
        #expect(throws: RecentNames.Fault.self) {
          try FilteredEntry.restore(filtered.prefix(count), size: plain.count)
        }
      }
    }
  }

  @Test("a damaged file is refused, whatever byte is wrong", arguments: [1, 7, 23])
  func damaged(step: Int) async throws {
    let library = try library
    try await withTemporaryDirectory { folder in
      let bytes = try ByteSource(mapping: try await packed(library, in: folder)).array()
      var survived: [Int] = []
      for place in stride(from: step, to: bytes.count, by: max(1, bytes.count / 60)) {
        var wrong = bytes
        wrong[place] ^= UInt8(1 << (step % 8))
        do {
          let file = try PackedFile(ByteSource(wrong, name: "wrong"))
          if try file.unpack(keeping: { _ in true }) != library.file.bytes.array() { survived.append(place) }
        } catch {}
        #expect(throws: (any Error).self) { try PackedFile(ByteSource(Array(bytes[..<place]), name: "cut")) }
      }
      #expect(survived.isEmpty)
    }
  }

  @Test("another version and another kind of file are named")
  func foreign() async throws {
    let library = try library
    try await withTemporaryDirectory { folder in
      var bytes = try ByteSource(mapping: try await packed(library, in: folder)).array()
      bytes[8] = 3
      let error = #expect(throws: BinaryFormatError.self) { try PackedFile(ByteSource(bytes, name: "new")) }
      #expect(
        error?.kind == .unsupported && error?.description.contains("must be of version 2; it is 3") == true
      )
      let text = #expect(throws: BinaryFormatError.self) {
        try PackedFile(ByteSource(Array("hello, world".utf8), name: "t"))
      }
      #expect(text?.description.contains("must begin with 'LLCUPACK'") == true)
    }
  }

  @Test("an index that contradicts itself is refused")
  func contradictions() async throws {
    let library = try library
    try await withTemporaryDirectory { folder in
      let index = try PackedFile(try await packed(library, in: folder)).index
      let end = index.blocks.reduce(PackedHeader.size) { $0 + $1.storedSize }
      #expect(index.contradiction(end: end) == nil)
      func expectFault(_ change: (inout PackedIndex) -> Void) {
        var wrong = index
        change(&wrong)
        #expect(wrong.contradiction(end: end) != nil)
      }
      expectFault { $0.format = 3 }
      expectFault { $0.librarySize += 1 }
      expectFault { $0.librarySize = .max }
      expectFault { $0.blocks[1].offset -= 1 }
      expectFault { $0.blocks[0].storedSize = .max }
      expectFault { $0.blocks[1].size = -1 }
      expectFault { $0.skeleton.runs[0].size -= 1 }
      expectFault { $0.skeleton.block = 99 }
      expectFault { $0.containers[0].offset += 8 }
      expectFault { $0.containers[0].header = "00" }
      expectFault { $0.entries[0].container = -1 }
      expectFault { $0.entries[0].image = 99 }
      expectFault { $0.entries[0].block = 0 }
      expectFault { $0.entries[0].size += 8 }
      expectFault { $0.entries[0].filteredSize = -1 }
      expectFault { $0.entries[0].filteredSize = 8 }
      expectFault { $0.entries[1] = $0.entries[0] }
      expectFault { $0.entries.removeLast() }
    }
  }
}

/// A linked library with kernels for two architectures and PTX, in two units, compiled once for all tests of a suite.
enum FatLibrary {
  @TaskLocal static var current: PackedLibrary?
}

struct WithFatLibrary: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing function: @Sendable () async throws -> Void
  ) async throws {
    try await withTemporaryDirectory("packed") { folder in
      let nvcc = try #require(CUDAToolkitForTests.nvcc)
      let compiler = try #require(CUDAToolkitForTests.hostCompiler).string
      let source = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .appending("Fixtures/kernels/kernels.cu")
      var objects: [String] = []
      for unit in ["one", "two"] {
        let object = folder.appending("\(unit).o").string
        let result = try await runTool(
          nvcc,
          [
            "-ccbin", compiler, "-Xcompiler", "-fPIC", "-DUNIT_NAME=\(unit)", "--no-compress", "-gencode",
            "arch=compute_75,code=sm_75", "-gencode", "arch=compute_86,code=[compute_86,sm_86]", "-c",
            source.string,
            "-o", object,
          ]
        )
        try #require(result.isSuccess, "\(result.stderr)")
        objects.append(object)
      }
      let library = folder.appending("all.so")
      let flags = ["-shared", "-Wl,--unresolved-symbols=ignore-all", "-Wl,-s", "-o", library.string]
      let linked = try await runTool(FilePath(compiler), flags + objects)
      try #require(linked.isSuccess, "\(linked.stderr)")
      let parts = try PackedLibrary(ELFFile(library), slice: "all")
      try await FatLibrary.$current.withValue(parts) { try await function() }
    }
  }
}

extension Trait where Self == WithFatLibrary {
  static var withFatLibrary: Self { Self() }
}
