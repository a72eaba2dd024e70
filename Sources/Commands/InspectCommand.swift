import ArgumentParser
import Foundation
import Inspection
import Inventory
import Pipeline
import ReleaseModel
import Reporting
import SystemPackage

/// Tells where every byte of some files is.
struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Tell where every byte of libraries, objects, wheels and tarballs is: anyone's, not only ours.",
    discussion: """
      Reads shared libraries, objects, static libraries, cubins, fat binaries, wheels, zip archives, tarballs and folders \
      of these. Nothing is written but the report, and no NVIDIA tool is needed.

      Example: llcuda-build inspect torch-*.whl --format html > torch.html
      """
  )

  @Argument(
    help: ArgumentHelp(
      "Files and folders; a release's output folder stands for its artifacts.",
      valueName: "file"
    )
  )
  var files: [String]

  @Option(name: .long, help: "The report on standard output: table, json, markdown or html.")
  var format: InventoryFormat = .table

  @Option(name: .long, help: "How many kernels, families, units and files a table lists.")
  var top = 12

  @Flag(name: .long, help: "List every kernel in JSON, not only those of a five-thousandth and more.")
  var all = false

  @Flag(
    name: .long,
    help:
      "Try out how small the kernels could be stored: LZ4, zstd, one xz stream. Takes minutes and up to 1 GB of memory."
  )
  var advise = false

  @Flag(
    name: .customLong("no-kernels"),
    help: "Leave out the sums by kernel, for which every image is decompressed."
  )
  var noKernels = false

  mutating func validate() throws {
    if files.isEmpty { throw ValidationError("name at least one file") }
    if top < 0 { throw ValidationError("--top must be 0 or more") }
  }

  func run() async throws {
    try await attended {
      let inspector = Inspector(
        detail: all ? .everything : .report,
        isAdvising: advise,
        readsKernels: !noKernels
      )
      return try await inspector.inspect(files.map { FilePath($0) })
    } finish: { inventory in
      print(try render(inventory, as: format, limit: top), terminator: "")
    }
  }
}

/// Lists the images of a binary one by one, for scripts that compare them with what cuobjdump lists.
struct ListImagesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list-images",
    abstract: "List every image of a binary: kind, architecture, compression, stored and expanded bytes.",
    shouldDisplay: false
  )

  @Argument var file: String

  func run() async throws {
    let lines = try ImageList(FilePath(file)).images.map {
      "\($0.kind.rawValue) \($0.architecture) \($0.compression.rawValue) \($0.storedBytes) \($0.expandedBytes)\n"
    }
    print(lines.joined(), terminator: "")
  }
}
