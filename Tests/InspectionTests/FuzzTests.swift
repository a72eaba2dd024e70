import Archives
import Foundation
import Inspection
import Inventory
import SystemPackage
import TestSupport
import Testing

/// Damaged files of every kind: a finding or an error, never a crash, and the sums still come out.
///
/// `LLCUDA_FUZZ_CASES` says how many cases there are (the nightly run does a million), `LLCUDA_FUZZ_SEED` repeats one.
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

  /// The places where a format keeps what others rely on: headers, tables, the ends of archives.
  private func damage(_ bytes: [UInt8], _ generator: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    let interesting: [UInt64] = [
      0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, UInt64.max, 1 << 63, 8, 64,
    ]
    for _ in 0..<Int.random(in: 1...6, using: &generator) {
      guard bytes.count > 16 else { break }
      // Half of the time near an end, where headers are.
      var place = Int.random(in: 0..<bytes.count - 8, using: &generator)
      if Bool.random(using: &generator) {
        let near = Int.random(in: 0..<min(2048, bytes.count - 8), using: &generator)
        place = Bool.random(using: &generator) ? near : bytes.count - 8 - near
      }
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2, 3:
        let value = interesting.randomElement(using: &generator) ?? 0
        let width = [1, 2, 4, 8].randomElement(using: &generator) ?? 4
        for index in 0..<width {
          bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
        }
      case 4: bytes.removeLast(Int.random(in: 1...min(bytes.count / 2, 4096), using: &generator))
      default:
        let count = Int.random(in: 1...64, using: &generator)
        let from = Int.random(in: 0..<max(1, bytes.count - count), using: &generator)
        let piece = Array(bytes[from..<min(bytes.count, from + count)])
        bytes.replaceSubrange(
          place..<min(bytes.count, place + piece.count),
          with: piece.prefix(bytes.count - place)
        )
      }
    }
    return bytes
  }

  @Test func `Damaged files never crash it, and no byte is lost`() async throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["LLCUDA_FUZZ_CASES"].flatMap { Int($0) } ?? 600
    let seed = environment["LLCUDA_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
    print("inspect fuzz: \(count) cases; repeat with LLCUDA_FUZZ_SEED=\(seed)")
    var generator = SplitMix(state: seed)
    try await withTemporaryDirectory("fuzz") { folder in
      let corpus = try await corpus(in: folder)
      let inspector = Inspector(detail: .everything, workers: 1)
      for number in 0..<count {
        let (name, bytes) = corpus[number % corpus.count]
        let damaged = damage(bytes, &generator)
        let file = folder.appending("case-\(name)")
        try Data(damaged).write(to: URL(filePath: file.string))
        do {
          let inventory = try await inspector.inspect([file])
          let wrong = inventory.discrepancies
          #expect(wrong == [], "case \(number), \(name)")
          if !wrong.isEmpty { break }
        } catch is InspectionError {}
        if number % 10_000 == 9_999 { print("inspect fuzz: \(number + 1) cases") }
      }
    }
  }
}

/// A random number generator that repeats itself when given the same seed (SplitMix64).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
