import Archives
import ArgumentParser
import Building
import Carving
import Foundation
import PTXText
import ReleaseModel
import SystemPackage
import ToolExecution

// Stages of the main job by themselves, for the scripts in ci/bench; not shown in --help.

/// Zips a folder as a wheel's files are zipped.
struct PackTreeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack-tree",
    abstract: "Zip a folder's files with the wheel writer.",
    shouldDisplay: false
  )

  @Argument var folder: String
  @Argument var output: String
  @Option(name: .long, help: "libdeflate's level, 1 to 12.") var level: Int32?

  func run() async throws {
    let members = FileTree.files(below: FilePath(folder)).map {
      ZipWriter.Member(name: $0.name, content: .file($0.path))
    }
    _ = try await ZipWriter(level: level).write(members, to: Folders.absolute(FilePath(output)))
  }
}

/// Carves and links a slice per architecture of a finished build.
struct BenchCarveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-carve",
    abstract: "Carve every architecture of a finished build, timed.",
    shouldDisplay: false
  )

  @Argument var build: String
  @Option(name: .long) var into: String

  func run() async throws {
    let trees = Folders.absolute(FilePath(build))
    let recipe = try KernelsRecipe.read(from: trees.appending("kernels"))
    let core = try CoreRecipe.read(from: trees.appending("core"))
    let target = Folders.absolute(FilePath(into))
    try FileManager.default.createDirectory(atPath: target.string, withIntermediateDirectories: true)
    let numbers = recipe.cudaArchitectures.compactMap {
      ComputeCapability(parsing: $0.split(separator: "-")[0])
    }
    let capabilities = Array(Set(numbers)).sorted()
    let carver = ObjectCarver(objects: recipe.objects.map { FilePath($0) }, workers: Machine.cores)
    let linker = SliceLinker(
      linker: recipe.linker,
      flags: recipe.linkFlags,
      libraries: try recipe.linkedLibraries(from: core) + recipe.linkItems
    )
    let start = ContinuousClock.now
    for capability in capabilities {
      let name = Slice.name(for: [capability])
      let carved = try await carver.carve(
        keeping: [Architecture(capability, real: true, virtual: false)],
        into: target.appending(name)
      )
      try await linker.link(
        carved.objects,
        toolkit: "12.4",
        to: target.appending("\(name).so"),
        runner: ToolRunner(),
        log: target.appending("\(name).log")
      )
    }
    let elapsed = start.duration(to: .now).components
    let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
    print("slices: \(capabilities.map(\.label).joined(separator: " "))")
    print("first architecture: \(capabilities.first?.label ?? "")")
    print("seconds: \((seconds * 100).rounded() / 100)")
  }
}

/// Writes PTX texts anew, as packed kernels hold them.
struct CanonicalPTXCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "canonical-ptx",
    abstract: "Write PTX files in the form in which they are packed.",
    shouldDisplay: false
  )

  @Argument(help: "Files of PTX.") var files: [String]
  @Option(name: .long, help: "The folder that receives files of the same names.") var into: String

  func run() throws {
    let folder = Folders.absolute(FilePath(into))
    for file in files {
      let path = Folders.absolute(FilePath(file))
      let text = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path.string)))
      guard let name = path.lastComponent, let canonical = CanonicalPTX.text(of: text) else {
        throw ValidationError("'\(path)' has no canonical form")
      }
      guard let packed = RecentNames.encode(canonical),
        try RecentNames.decode(packed, limit: canonical.count) == canonical
      else { throw ValidationError("'\(path)' doesn't come back from its packed form") }
      try Data(canonical).write(to: URL(fileURLWithPath: folder.appending(name).string))
      print("\(name) \(text.count) \(canonical.count) \(packed.count)")
    }
  }
}
