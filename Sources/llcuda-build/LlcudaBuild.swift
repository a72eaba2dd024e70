import ArgumentParser
import Commands

/// The program: everything it does is in the library `Commands`.
@main
struct LlcudaBuild {
  static func main() async {
    await LlcudaBuildCommand.main(LlcudaBuildCommand.normalized(CommandLine.arguments.dropFirst()))
  }
}
