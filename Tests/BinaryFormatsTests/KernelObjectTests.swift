import BinaryFormats
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Reads and carves objects of the real nvcc, and lets NVIDIA's tools and the linker judge.
@Suite(
  .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)"),
  .withKernelObjects,
  .timeLimit(.minutes(10))
)
struct KernelObjectTests {
  private let kernels: KernelObjects

  init() throws {
    kernels = try #require(KernelObjects.current)
  }

  private func fatbin(_ path: FilePath) throws -> Fatbin {
    try #require(try Fatbin(in: ELFFile(path)))
  }

  private func listing(_ entries: [FatbinEntry]) -> Listing {
    Listing(
      cubins: entries.filter { $0.kind == .elf }.map { "sm_\($0.architecture)" },
      ptx: entries.filter { $0.kind == .ptx }.map { "sm_\($0.architecture)" }
    )
  }

  /// Carves an object into a new file.
  private func carve(
    _ path: FilePath,
    to name: String,
    as method: FatbinCompressionMethod? = nil,
    keeping keep: (FatbinEntry) -> Bool
  ) throws -> FilePath {
    let object = try FatbinCarver(ELFFile(path)).carve(keeping: keep, recompressing: method)
    let output = kernels.folder.appending(name)
    try object.bytes.write(to: output)
    return output
  }

  private func link(_ objects: [FilePath], to name: String) async throws -> FilePath {
    let output = kernels.folder.appending(name)
    let result = try await runTool(
      kernels.compiler,
      ["-shared", "-Wl,--unresolved-symbols=ignore-all", "-o", output.string] + objects.map(\.string)
    )
    try #require(result.isSuccess, "\(result.stderr)")
    return output
  }

  @Test(arguments: ["one", "lz4"])
  func agreesWithCuobjdump(_ stem: String) async throws {
    let path = kernels.folder.appending("\(stem).o")
    let fatbin = try fatbin(path)
    #expect(try await Listing.of(path) == listing(fatbin.entries))
    #expect(
      fatbin.entries.filter { $0.kind == .elf }.map(\.architecture.description) == kernels.architectures
    )
    for entry in fatbin.entries { #expect(throws: Never.self) { try entry.validateCubin() } }
    let isSame = try #require(fatbin.containers.first).serialized().array() == fatbin.bytes.array()
    #expect(isSame)
    let inventory = try FatbinInventory(of: ELFFile(path))
    #expect(inventory.rows.reduce(inventory.overheadBytes) { $0 + $1.storedBytes } == inventory.sectionBytes)
    #expect(inventory.sectionBytes == fatbin.bytes.count)
  }

  @Test(arguments: ["one", "lz4"])
  func extractsTheSameBytesAsCuobjdump(_ stem: String) async throws {
    let path = kernels.folder.appending("\(stem).o")
    let cuobjdump = try #require(CUDAToolkitForTests.cuobjdump)
    let folder = kernels.folder.appending("extracted-\(stem)")
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
    let result = try await runTool(cuobjdump, ["-xelf", "all", "-xptx", "all", path.string], in: folder)
    #expect(result.isSuccess, "\(result.stderr)")
    var counts: [FatbinEntryKind: Int] = [:]
    for entry in try fatbin(path).entries {
      counts[entry.kind, default: 0] += 1
      let suffix = entry.kind == .ptx ? "ptx" : "cubin"
      let file = folder.appending("\(stem).\(counts[entry.kind] ?? 0).sm_\(entry.architecture).\(suffix)")
      var ours = try entry.decompressedPayload().array()
      if entry.kind == .ptx { #expect(ours.popLast() == 0) }
      let isSame = try ByteSource(mapping: file).array() == ours
      #expect(isSame, "\(file.lastComponent?.string ?? "")")
    }
  }

  @Test func carvedObjectsLinkAndHoldExactlyWhatWasKept() async throws {
    let files = [("one", kernels.one), ("two", kernels.two)]
    for name in kernels.architectures {
      let carved = try files.map { stem, path in
        try carve(path, to: "\(stem)-\(name).o") { $0.kind == .elf && $0.architecture.description == name }
      }
      #expect(try await Listing.of(carved[0]) == Listing(cubins: ["sm_\(name)"]))
      let library = try await link(carved + [kernels.host], to: "only-\(name).so")
      #expect(try await Listing.of(library) == Listing(cubins: ["sm_\(name)", "sm_\(name)"]))
      let read = try ELFFile(library)
      #expect(try Fatbin(in: read)?.containers.count == 2)
      #expect(read.isSharedObject && !read.isExecutable)
    }
    let both = try carve(kernels.one, to: "one-with-ptx.o") { $0.architecture.number == 86 }
    let expected = Listing(cubins: ["sm_86"], ptx: ["sm_86"])
    #expect(try await Listing.of(link([both], to: "with-ptx.so")) == expected)
    let none = try carve(kernels.one, to: "one-none.o") { _ in false }
    #expect(try await Listing.of(link([none], to: "none.so")) == Listing())
  }

  @Test(
    .enabled(if: CUDAToolkitForTests.nvprune != nil, "needs nvprune"),
    arguments: [nil, FatbinCompressionMethod.lz4, .zstd(level: 19)]
  )
  func nvpruneAcceptsCarvedObjectsAndCutsLikeUs(_ method: FatbinCompressionMethod?) async throws {
    let nvprune = try #require(CUDAToolkitForTests.nvprune)
    let name = "pruned-\(method.map { "\($0)" } ?? "asis")".filter { $0.isLetter || $0.isNumber || $0 == "-" }
    let object = try carve(kernels.one, to: "\(name)-in.o", as: method) { $0.architecture.number >= 80 }
    let pruned = kernels.folder.appending("\(name).o")
    let result = try await runTool(nvprune, ["-arch", "sm_86", object.string, "-o", pruned.string])
    #expect(result.isSuccess, "\(result.stderr)")
    #expect(result.stderr.isEmpty)
    let keep: (FatbinEntry) -> Bool = { $0.kind == .elf && $0.architecture.number == 86 }
    let ours = try #require(try fatbin(object).containers.first).filtered(keeping: keep).serialized().array()
    let isSame = try fatbin(pruned).bytes.array() == ours
    #expect(isSame)
  }

  @Test func objectsJoinedByTheLinkerKeepTheirReferences() async throws {
    let joined = kernels.folder.appending("joined.o")
    let result = try await runTool(
      kernels.compiler,
      ["-r", "-o", joined.string, kernels.one.string, kernels.two.string, kernels.lz4.string]
    )
    try #require(result.isSuccess, "\(result.stderr)")
    #expect(try fatbin(joined).containers.count == 3)
    let carved = try carve(joined, to: "joined-86.o") { $0.kind == .elf && $0.architecture.number == 86 }
    let places = try fatbin(carved).containers.map(\.offset)
    #expect(places.count == 3 && Set(places).count == 3)

    let readelf = try #require(CUDAToolkitForTests.onPath("readelf"))
    let relocations = try await runTool(readelf, ["-rW", carved.string], environment: ["LC_ALL": "C"])
    for place in places {
      #expect(relocations.stdout.contains(".nv_fatbin + \(String(place, radix: 16))\n"))
    }
    let expected = Listing(cubins: ["sm_86", "sm_86", "sm_86"])
    #expect(try await Listing.of(link([carved], to: "joined.so")) == expected)
  }

  @Test(arguments: [FatbinCompressionMethod.lz4, .zstd(level: 19)])
  func recompressionRoundTripsOnRealCubins(_ method: FatbinCompressionMethod) throws {
    for entry in try fatbin(kernels.one).entries {
      let content = try entry.decompressedPayload().array()
      let packed = try entry.recompressed(as: method)
      #expect(packed.size < entry.size || entry.kind == .ptx)
      try packed.validateCubin()
      let isSame = try packed.decompressedPayload().array() == content
      #expect(isSame)
      let unpacked = try packed.recompressed(as: .none)
      let isSameEntry =
        entry.compression != .none
        || (unpacked.header.array() + unpacked.paddedPayload.array()
          == entry.header.array() + entry.paddedPayload.array())
      #expect(isSameEntry)
    }
  }

  /// Our header after decompression is nvcc's own uncompressed one, and the other way round but for the stream.
  @Test func undoingTheCompressionOfNvccGivesItsUncompressedEntries() throws {
    let plain = try fatbin(kernels.one).entries
    let packed = try fatbin(kernels.lz4).entries
    try #require(plain.count == packed.count)
    for (plain, packed) in zip(plain, packed) where plain.kind == .elf {
      #expect(packed.compression == .lz4)
      let unpacked = try packed.recompressed(as: .none)
      #expect(unpacked.header.array() == plain.header.array())
      #expect(unpacked.paddedPayload.count == plain.paddedPayload.count)
    }
  }
}
