import ArgumentParser
import Building
import Pipeline
import ReleaseModel
import Reporting
import Sharding
import SystemPackage

/// The parts of several machines, put together into one release.
struct MergeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Build a release from the parts that several machines made with --shard.",
    discussion: """
      Checks that the parts belong together and are complete, and goes on as if this machine had compiled them. What \
      was compiled (architectures, llama.cpp, CMake entries) is taken from the parts; how it is laid out (layout, \
      slices, groups, cap, project) from here. CUDA, in the same version, and llama.cpp are needed here as well. \
      Without a part 'core' the core is compiled here.
      """
  )

  @Argument(help: "Parts, or folders that hold parts.")
  var parts: [String]

  @OptionGroup var options: ReleaseOptions

  @Option(name: .long, help: "The report on standard output: table, json or markdown.")
  var format: ReportFormat = .table

  mutating func validate() throws {
    guard !parts.isEmpty else { throw ValidationError("merge needs at least one part") }
  }

  func run() async throws {
    let console = Console.standard()
    let manifest = try await attended {
      let folders = try PartFolder.find(in: parts.map { Folders.absolute(FilePath($0)) })
      let set = try PartSet(folders.map { PartSet.Part(folder: $0, manifest: try $0.manifest()) })
      let spec = try options.resolved(below: set.request.applied(to:))
      return try await ReleasePipeline(spec: spec, folders: .ofThisInstallation(), listener: console).merge(
        set
      )
    }
    try ReleaseCommand.tell(manifest, as: format)
  }
}
