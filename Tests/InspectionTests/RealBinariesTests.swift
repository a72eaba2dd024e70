import Archives
import Foundation
import Inspection
import Inventory
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

/// What inspect says about real binaries, against what other tools say.
@Suite(
  "Real binaries",
  .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)"),
  .withBinaries
)
struct RealBinariesTests {
  private var binaries: Binaries { get throws { try #require(Binaries.current) } }

  private func inspect(_ path: FilePath) async throws -> Artifact {
    let inventory = try await Inspector(detail: .everything).inspect([path])
    #expect(inventory.discrepancies == [])
    return try #require(inventory.artifacts.first)
  }

  @Test func `Every byte of every kind of file is in one row`() async throws {
    let binaries = try binaries
    for path in binaries.all {
      let artifact = try await inspect(path)
      #expect(artifact.bytes.bytes == (try size(of: path)), "\(path)")
      #expect(artifact.findings.allSatisfy { $0.severity != .error }, "\(path): \(artifact.findings)")
    }
    let kinds = [FileKind.object, .object, .object, .library, .library, .staticLibrary, .fatbin, .object]
    for (path, kind) in zip(binaries.all, kinds + [.cubin, .cubin, .cubin]) {
      #expect(try await inspect(path).kind == kind, "\(path)")
    }
  }

  @Test func `Cubins in a wheel are units of their own`() async throws {
    try await withTemporaryDirectory { folder in
      let wheel = folder.appending("x.whl")
      let members = try binaries.cubins.enumerated().map { number, cubin in
        ZipWriter.Member(name: "a/\(number).cubin", content: .file(cubin))
      }
      _ = try await ZipWriter().write(members, to: wheel)
      let artifact = try await inspect(wheel)
      #expect(artifact.files.allSatisfy { $0.kind == .cubin })
      #expect(artifact.units.count == members.count)
      let sizes = try binaries.cubins.reduce(Int64(0)) { $0 + (try size(of: $1)) }
      #expect(artifact.units.reduce(Int64(0)) { $0 + $1.weight.bytes.bytes } == sizes)
    }
  }

  @Test func `Images agree with cuobjdump, entry by entry`() async throws {
    let binaries = try binaries
    for path in binaries.objects + [
      binaries.library, binaries.stripped, binaries.staticLibrary, binaries.relocatable,
    ] {
      let images = try ImageList(path).images
      let ours = [ImageKind.real, .virtual].flatMap { kind in
        images.filter { $0.kind == kind }.map { "\(kind.rawValue) \($0.architecture)" }
      }
      #expect(ours == (try await Binaries.listed(path)), "\(path)")
      #expect(ours.count >= 4, "\(path)")
    }
  }

  @Test func `Sizes agree with the cubins that cuobjdump extracts, plain and compressed`() async throws {
    let binaries = try binaries
    let sizes = try binaries.cubins.map { try size(of: $0) }
    for object in binaries.objects {
      let images = try ImageList(object).images.filter { $0.kind == .real }
      // The two objects differ by the name of a host function only.
      #expect(images.map { Int64($0.expandedBytes) } == sizes, "\(object)")
    }
    let compressed = try await inspect(binaries.objects[1])
    #expect(compressed.images.allSatisfy { $0.compression == .lz4 })
    #expect(compressed.images.allSatisfy { $0.weight.expandedBytes > $0.weight.bytes })
  }

  @Test func `Kernels have the bytes of their sections, as readelf sees them`() async throws {
    let cubin = try binaries.cubins[0]
    let artifact = try await inspect(cubin)
    let readelf = try #require(CUDAToolkitForTests.onPath("readelf"))
    let result = try await runTool(readelf, ["-SW", cubin.string])
    var sections: [(name: String, bytes: Int64)] = []
    for line in result.stdout.split(whereSeparator: \.isNewline) {
      guard
        let match = line.firstMatch(
          of: #/\] (\.\S+) +(\S+(?:\+\S+)?) +[0-9a-f]{16} [0-9a-f]{6} ([0-9a-f]+) /#
        ),
        match.2 != "NOBITS"
      else { continue }
      sections.append((String(match.1), try #require(Int64(match.3, radix: 16))))
    }
    #expect(artifact.kernels.count == 4)
    for kernel in artifact.kernels {
      let bytes = sections.filter { $0.name.hasSuffix(".\(kernel.symbol)") }.reduce(0) { $0 + $1.bytes }
      #expect(kernel.weight.bytes.bytes == bytes, "\(kernel.name)")
      #expect(bytes > 0)
    }
    #expect(Set(artifact.families.map(\.name)) == ["scale", "sum", "polynomial"])
    #expect(artifact.families.first { $0.name == "polynomial" }?.kernelCount == 2)
  }

  @Test func `Kernels of a compressed object share its stored bytes`() async throws {
    let objects = try binaries.objects
    let (plain, compressed) = (try await inspect(objects[0]), try await inspect(objects[1]))
    for kernel in plain.kernels {
      let other = try #require(compressed.kernels.first { $0.symbol == kernel.symbol })
      #expect(other.weight.expandedBytes == kernel.weight.expandedBytes)
      #expect(other.weight.bytes < kernel.weight.bytes)
      #expect(other.cells.map(\.architecture) == ["75", "80", "86"])
    }
  }

  @Test func `Units are named after objects, members and symbols`() async throws {
    let binaries = try binaries
    #expect(try await inspect(binaries.objects[0]).units.map(\.name) == ["one.cu"])
    #expect(Set(try await inspect(binaries.staticLibrary).units.map(\.name)) == ["one.cu", "two.cu"])
    let library = try await inspect(binaries.library).units
    #expect(library.map(\.evidence) == [.symbols, .symbols])
    #expect(library.map(\.name) == ["kernels.cu", "kernels.cu"])
    let stripped = try await inspect(binaries.stripped).units
    #expect(stripped.map(\.evidence) == [.family, .family])
  }

  @Test func `It tells what a library means and what would help`() async throws {
    let artifact = try await inspect(binaries.library)
    func finding(_ id: String) -> String { artifact.findings.first { $0.id == id }?.message ?? "" }
    #expect(finding("architectures") == "device code: cubin for 7.5, 8.0, 8.6; PTX for 8.6")
    #expect(finding("driver-floor").hasPrefix("lowest NVIDIA driver: "))
    #expect(finding("not-stripped").contains("symbols"))
    #expect(finding("debug").contains("debuggers"))
    #expect(artifact.files[0].binary?.soname == "libboth.so.1")
    let ways = artifact.service.reduce(into: [String: ServiceRow.Way]()) { $0["\($1.capability)"] = $1.way }
    #expect(
      ways["7.0"] == ServiceRow.Way.none && ways["7.5"] == .native && ways["8.9"] == .native
        && ways["9.0"] == .jit
    )
    #expect(artifact.remedies.map(\.id).sorted() == ["drop-cubin-86", "drop-ptx", "strip"])
    let images = artifact.images.filter { $0.kind == .virtual }.reduce(Weight.zero) { $0 + $1.weight }
    #expect(artifact.remedies.first { $0.id == "drop-ptx" }?.savedBytes == images.bytes)
    let strip = try #require(artifact.remedies.first { $0.id == "strip" })
    let real = try size(of: binaries.library) - size(of: binaries.stripped)
    // strip also moves what is left and drops the headers of what is gone.
    #expect(abs(strip.savedBytes.bytes - real) < 1024, "\(strip.savedBytes) and \(real)")
  }

  @Test func `The wheel of llcuda 1.1.0: one library behind a chain of names is stored three times`()
    async throws
  {
    try await withTemporaryDirectory { folder in
      // Made the naive way: symbolic links are followed.
      let names = ["libggml-cuda.so", "libggml-cuda.so.0", "libggml-cuda.so.0.9.4"]
      let library = try binaries.library
      let wheel = folder.appending("llcuda-1.1.0-py3-none-any.whl")
      let written = try await ZipWriter().write(
        names.map { ZipWriter.Member(name: "llcuda/lib/\($0)", content: .file(library)) } + [
          .init(name: "llcuda/__init__.py", content: .bytes(Array("name = 'llcuda'\n".utf8)))
        ],
        to: wheel
      )
      let artifact = try await inspect(wheel)
      #expect(artifact.kind == .wheel && artifact.files.count == 4)
      let two = 2 * written[0].compressedByteCount
      let finding = try #require(artifact.findings.first { $0.id == "duplicate" })
      #expect(finding.bytes == ByteCount(two))
      for name in names { #expect(finding.message.contains(name)) }
      #expect(finding.message.contains("SONAME"))
      let remedy = try #require(artifact.remedies.first)
      #expect(remedy.id == "store-once" && remedy.gain == ByteCount(two))
      #expect(remedy.savedBytes.bytes == 2 * (try size(of: library)))
      // The copies count: every byte of the wheel is somewhere.
      #expect(artifact.files.map(\.weight.shipped).max() == ByteCount(written[0].compressedByteCount))
    }
  }

  @Test func `Tarballs and folders hold the same as the files in them`() async throws {
    let binaries = try binaries
    try await withTemporaryDirectory { folder in
      let members = [ZipWriter.Member(name: "lib/a.so", content: .file(binaries.library))]
      let alone = try await inspect(binaries.library)
      for (name, compression) in [
        ("a.tar.gz", TarballWriter.Compression.gzip), ("a.tar.xz", .xz), ("a.tar.zst", .zstd),
      ] {
        let path = folder.appending(name)
        try await TarballWriter(compression: compression).write(members, to: path)
        let artifact = try await inspect(path)
        #expect(artifact.kind == .tarball && artifact.files.map(\.path) == ["lib/a.so"])
        #expect(artifact.images.map(\.weight.bytes) == alone.images.map(\.weight.bytes))
        #expect(artifact.kernelCount == alone.kernelCount)
      }
      let whole = try await Inspector().inspect([folder])
      #expect(whole.artifacts.map(\.name) == ["a.tar.gz", "a.tar.xz", "a.tar.zst"])
      #expect(whole.discrepancies == [])
    }
  }

  @Test func `An entry whose cubin is for another architecture is told`() async throws {
    try await withTemporaryDirectory { folder in
      var bytes = try [UInt8](Data(contentsOf: URL(filePath: try binaries.fatbin.string)))
      // The container's header has 16 bytes, and the architecture stands 0x1C behind the begin of the entry.
      #expect(bytes[16 + 0x1C] == 75)
      bytes[16 + 0x1C] = 89
      let file = folder.appending("x.fatbin")
      try Data(bytes).write(to: URL(filePath: file.string))
      let finding = try #require(try await inspect(file).findings.first { $0.id == "mismatch" })
      #expect(finding.message.contains("an entry for sm_89 holds a cubin for sm_75"))
    }
  }

  @Test func `A group of CUDA 13.5 is named, and the images in it count for the GPUs that they run on`()
    async throws
  {
    try await withTemporaryDirectory { folder in
      func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
      }
      func header(_ kind: UInt64, _ architecture: UInt64, second: UInt64, size: UInt64, flags: UInt64)
        -> [UInt8]
      {
        number(kind, 2) + number(0x0101, 2) + number(second, 4) + number(size, 8) + number(0, 8)
          + number(0, 4)
          + number(architecture, 4) + number(0, 8) + number(flags, 8) + number(0, 16)
      }
      let table =
        number(2, 4) + number(8 + 128, 4) + header(2, 75, second: 0, size: 100, flags: 0x11)
        + header(2, 90, second: 100, size: 200, flags: 0x100011)
      let entry =
        header(0x100, 0, second: UInt64(64 + table.count), size: 16, flags: 0x8011) + table
        + [UInt8](repeating: 7, count: 16)
      let bytes =
        number(0xBA55_ED50, 4) + number(1, 2) + number(16, 2) + number(UInt64(entry.count), 8) + entry
      let file = folder.appending("group.fatbin")
      try Data(bytes).write(to: URL(filePath: file.string))
      let artifact = try await inspect(file)
      #expect(artifact.images.map(\.kind) == [.group])
      let message = try #require(artifact.findings.first { $0.id == "concat-group" }).message
      #expect(message.contains("1 x cubin 75, 1 x cubin 90a"))
      let ways = artifact.service.reduce(into: [String: ServiceRow.Way]()) { $0["\($1.capability)"] = $1.way }
      #expect(ways["7.5"] == .native && ways["8.0"] == ServiceRow.Way.none && ways["9.0"] == .native)
    }
  }

  @Test func `What compression would save is what it saves`() async throws {
    let object = try binaries.objects[0]
    let inventory = try await Inspector(isAdvising: true).inspect([object])
    let remedies = try #require(inventory.artifacts.first).remedies
    let images = try #require(inventory.artifacts.first).images.reduce(Weight.zero) { $0 + $1.weight }
    let zstd = try #require(remedies.first { $0.id == "recompress-zstd" })
    let xz = try #require(remedies.first { $0.id == "one-xz-stream" })
    #expect(!zstd.isEstimate && !xz.isEstimate)
    // One stream over three architectures of the same kernels beats them one by one, and nothing is for free.
    #expect(xz.savedBytes > zstd.savedBytes && xz.savedBytes < images.bytes)
    #expect(zstd.savedBytes > .zero)
  }
}
