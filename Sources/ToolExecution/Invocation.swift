public import SystemPackage

/// One call of an external program, as a value: it can be compared, printed and repeated by hand.
public struct Invocation: Hashable, Sendable {
  /// The program: a path, or a name that is looked up on `PATH`.
  public var executable: String
  /// Its arguments, without the program's name.
  public var arguments: [String]
  /// Variables that differ from this process's environment; `nil` removes one.
  public var environment: [String: String?]
  /// The folder it runs in; `nil` keeps this process's.
  public var workingDirectory: FilePath?

  /// Makes an invocation.
  public init(
    _ executable: String,
    _ arguments: [String],
    environment: [String: String?] = [:],
    workingDirectory: FilePath? = nil
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.workingDirectory = workingDirectory
  }

  /// The program's name, for messages.
  public var name: String { FilePath(executable).lastComponent?.string ?? executable }

  /// A line for a POSIX shell that repeats the call, folder and variables included.
  public var commandLine: String {
    let folder = workingDirectory.map { "cd \(Self.quoted($0.string)) && " } ?? ""
    let removed = environment.filter { $0.value == nil }.keys.sorted().map { "-u \($0)" }
    let set = environment.compactMap { key, value in value.map { "\(key)=\(Self.quoted($0))" } }.sorted()
    let prefix = removed.isEmpty ? set : ["env"] + removed + set
    return folder + (prefix + ([executable] + arguments).map(Self.quoted)).joined(separator: " ")
  }

  /// A word as a POSIX shell needs it: single quotes unless every character is harmless.
  public static func quoted(_ word: String) -> String {
    let harmless = word.unicodeScalars.allSatisfy {
      ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
        || "@%+=:,./_-".unicodeScalars.contains($0)
    }
    return harmless && !word.isEmpty
      ? word
      : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}
