public import ArgumentParser
import ReleaseModel

/// The program's top: the main job is the default command.
public struct LlcudaBuildCommand: AsyncParsableCommand {
  /// Name, abstract and what `--help` says at the end.
  public static let configuration = CommandConfiguration(
    commandName: "llcuda-build",
    abstract:
      "Compile llama.cpp's CUDA backend for chosen GPUs into wheels and tarballs that fit PyPI's limit.",
    discussion: """
      Example: llcuda-build --archs 75,80,86
      All options of the main job, and the exit codes: llcuda-build release --help

      The first run compiles for a long time (about 15 minutes per architecture on 2 cores); a second run with the \
      same inputs does nothing, and a stopped run goes on where it was.
      """,
    version: LlcudaBuild.version,
    subcommands: [
      ReleaseCommand.self, PlanCommand.self, LimitRequestCommand.self, MergeCommand.self, InspectCommand.self,
      CompareCommand.self, VerifyCommand.self, PublishCommand.self, RebuildCommand.self, DoctorCommand.self,
      ListImagesCommand.self, MeasureImagesCommand.self, PackTreeCommand.self, BenchCarveCommand.self,
      CanonicalPTXCommand.self,
      BenchPackCommand.self,
    ],
    defaultSubcommand: ReleaseCommand.self
  )

  /// Makes the command.
  public init() {}

  /// Arguments in the form that the parser understands.
  ///
  /// ArgumentParser 1.8 drops the value of `--upx=all`, because `--upx` may also stand alone.
  public static func normalized(_ arguments: some Sequence<String>) -> [String] {
    arguments.flatMap { argument -> [String] in
      guard argument.hasPrefix("--upx=") else { return [argument] }
      return ["--upx", String(argument.dropFirst("--upx=".count))]
    }
  }

  /// The exit codes as a table for `--help`.
  static var exitCodes: String {
    ExitStatus.allCases.map { status in
      let code = "\(status.rawValue)"
      return "  \(code)\(String(repeating: " ", count: 4 - code.count))\(status.meaning)"
    }.joined(separator: "\n")
  }
}
