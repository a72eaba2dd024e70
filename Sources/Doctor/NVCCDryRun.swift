/// What `nvcc --dryrun` would run, and where it would look for it.
///
/// Lines that begin with `#$ `: assignments (`#$ PATH=...`) and commands.
public struct NVCCDryRun: Hashable, Sendable {
  /// The folders of nvcc's own `PATH`, in order.
  public let searchPath: [String]
  /// The programs that it calls, each once, in order.
  public let programs: [String]

  /// Reads nvcc's output; other lines say nothing.
  public init(parsing text: String) {
    var searchPath: [String] = []
    var programs: [String] = []
    for line in text.split(separator: "\n") where line.hasPrefix("#$ ") {
      let command = line.dropFirst(3)
      if command.hasPrefix("PATH=") {
        searchPath = command.dropFirst(5).split(separator: ":").map(String.init)
        continue
      }
      guard let word = command.split(separator: " ").first.map(String.init) else { continue }
      let program = word.filter { $0 != "\"" }
      // An assignment has an equals sign in its first word; a program's path has none.
      guard !program.contains("="), program != "rm", !programs.contains(program) else { continue }
      programs.append(program)
    }
    self.searchPath = searchPath
    self.programs = programs
  }
}
