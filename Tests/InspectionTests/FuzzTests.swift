import Archives
import FileDamage
import Foundation
import Inspection
import Inventory
import SystemPackage
import TestSupport
import Testing

/// Damaged files of every kind: a finding or an error, never a crash, and the sums still come out.
///
/// `LLCUDA_FUZZ_CASES` says how many cases there are, `LLCUDA_FUZZ_SEED` repeats one. A million of them, at night, is
/// `ci/fuzz`, which is optimised code.
@Suite(
  "Fuzz",
  .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)"),
  .withBinaries
)
struct FuzzTests {
  /// The files that are damaged, by name.
  private func corpus(in folder: FilePath) async throws -> [(name: String, bytes: [UInt8])] {
    let binaries = try #require(Binaries.current)
    var files = [
      binaries.objects[1], binaries.stripped, binaries.staticLibrary, binaries.fatbin, binaries.cubins[0],
    ]
    let members = [
      ZipWriter.Member(name: "a/lib.so", content: .file(binaries.stripped)),
      ZipWriter.Member(name: "b.txt", content: .bytes(Array("text".utf8))),
    ]
    let wheel = folder.appending("x.whl")
    _ = try await ZipWriter().write(members, to: wheel)
    let tarball = folder.appending("x.tar.gz")
    try await TarballWriter(compression: .gzip).write(members, to: tarball)
    files += [wheel, tarball]
    return try files.map {
      ($0.lastComponent?.string ?? "", try [UInt8](Data(contentsOf: URL(filePath: $0.string))))
    }
  }

  @Test func `Damaged files never crash it, and no byte is lost`() async throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["LLCUDA_FUZZ_CASES"].flatMap { Int($0) } ?? 600
    let seed = environment["LLCUDA_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
    print("inspect fuzz: \(count) cases; repeat with LLCUDA_FUZZ_SEED=\(seed)")
    var generator = SplitMix(seed: seed)
    try await withTemporaryDirectory("fuzz") { folder in
      let corpus = try await corpus(in: folder)
      let inspector = Inspector(detail: .everything, workers: 1)
      for number in 0..<count {
        let (name, bytes) = corpus[number % corpus.count]
        let damaged = FileDamage.damage(bytes, &generator)
        let file = folder.appending("case-\(name)")
        try Data(damaged).write(to: URL(filePath: file.string))
        do {
          let inventory = try await inspector.inspect([file])
          let wrong = inventory.discrepancies
          #expect(wrong == [], "case \(number), \(name)")
          if !wrong.isEmpty { break }
        } catch is InspectionError {}
      }
    }
  }
}
