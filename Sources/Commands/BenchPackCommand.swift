import Archives
import ArgumentParser
import BinaryFormats
import Building
import Foundation
import PackedKernels
import SystemPackage
import ToolExecution

/// Packs a library of uncompressed kernels, for `ci/bench/packed`; not shown in --help.
struct BenchPackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-pack",
    abstract: "Pack a fat library, timed.",
    shouldDisplay: false
  )

  @Argument var library: String
  @Argument var output: String
  @Option(name: .long, help: "The most bytes of a block.") var blockSize = PackedLibrary.Arrangement.standard
    .blockSize
  @Option(name: .long, help: "Lowest architectures of families, such as 70,80; 0 for none.") var families:
    String?
  @Option(name: .long, help: "Bytes of the dictionary.") var dictionary: UInt32?
  @Option(name: .long) var preset: UInt32?
  @Option(name: .long) var cores = Machine.cores

  func run() async throws {
    var arrangement = PackedLibrary.Arrangement.standard
    arrangement.blockSize = blockSize
    if let families {
      arrangement.families = families.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
    }
    let parts = try PackedLibrary(
      ELFFile(Folders.absolute(FilePath(library))),
      slice: "all",
      arrangement: arrangement
    )
    var writer = PackedWriter(cores: cores, memory: Machine.availableMemory.map { Int($0) })
    if let dictionary { writer.cubins.dictionary = dictionary }
    if let preset { writer.cubins.preset = preset }
    let start = ContinuousClock.now
    let path = Folders.absolute(FilePath(output))
    let written = try await writer.write(parts, to: path)
    let packed = start.duration(to: .now)
    let file = try PackedFile(path)
    try file.verify(against: parts)
    print("bytes: \(written.size)")
    print("seconds: \(packed.components.seconds)")
    print("seconds to prove: \(start.duration(to: .now).components.seconds - packed.components.seconds)")
    for (number, block) in file.index.blocks.enumerated() {
      let images = Set(file.index.entries.filter { $0.block == number }.map { file.index.images[$0.image] })
      let names = images.sorted().map { $0.architecture + ($0.kind == "virtual" ? "ptx" : "") }
      print("block \(number): \(block.size) to \(block.storedSize) \(names.joined(separator: " "))")
    }
  }
}
