import ArgumentParser
import Building
import Foundation
import Pipeline
import ReleaseModel
import Reporting
import SystemPackage
import ToolExecution
import Verification

/// Every rule that PyPI and a careful user would apply, all findings at once.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract:
      "Apply every rule of PyPI, and stricter ones, to wheels, sdists, tarballs or a release's folder.",
    discussion: """
      Works on anyone's files; reads them and sends nothing. All findings are told at once, each with its rule's id.
      The exit code is 4 when a rule is broken that PyPI refuses, mails about, or that would hurt users; advice alone \
      is no failure unless --strict is given.

      Example: llcuda-build verify out
               llcuda-build verify dist/*.whl dist/*.tar.gz --format markdown >> "$GITHUB_STEP_SUMMARY"
               llcuda-build verify --explain Z07
      """
  )

  @Argument(help: "Wheels, sdists, tarballs, or folders of them.")
  var files: [String] = []

  @Option(name: .long, help: "table, json or markdown.")
  var format: ReportFormat = .table

  @Option(
    name: .long,
    parsing: .upToNextOption,
    help: ArgumentHelp("Explain rules, or 'all' of them, and do nothing else.", valueName: "id")
  )
  var explain: [String] = []

  @Flag(name: .long, help: "Advice fails too.")
  var strict = false

  @OptionGroup var options: VerificationOptions

  func validate() throws {
    if explain.isEmpty, files.isEmpty {
      throw ValidationError("name wheels, sdists, tarballs or a release's folder")
    }
  }

  func run() async throws {
    try await reportingErrors {
      guard explain.isEmpty else {
        print(try render(Self.rules(explain), as: format), terminator: "")
        return
      }
      let verifier = Verifier(try options.verifierOptions())
      let report = try await verifier.verify(files.map { Folders.absolute(FilePath($0)) })
      print(try render(report, as: format), terminator: "")
      guard report.failures.isEmpty, !strict || report.advice.isEmpty else {
        throw ExitCode(ExitStatus.verificationFailed.rawValue)
      }
    }
  }

  private static func rules(_ ids: [String]) throws -> [Rule] {
    if ids.contains("all") { return Rule.all }
    return try ids.map { id in
      guard let rule = Rule.named(id) else { throw VerificationError.unknownRule(id) }
      return rule
    }
  }
}

/// What can be told to a verification on the command line.
struct VerificationOptions: ParsableArguments {
  @Option(name: .long, help: "The most bytes a file may have: 104857600, 100MiB (PyPI's limit, the default).")
  var cap: ByteCount = .pypiFileLimit

  @Option(name: .long, help: "The bytes that a project has on the index already, for its limit of 10 GiB.")
  var uploaded: ByteCount = .zero

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The architectures that libraries have to hold, such as 75,8.6+PTX.",
      valueName: "list"
    )
  )
  var archs: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A library that is found at run time, or a beginning with *; repeatable.",
      valueName: "name"
    )
  )
  var allowLibrary: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("A folder that binaries must not name; repeatable.", valueName: "folder")
  )
  var buildFolder: [String] = []

  @Option(name: .long, help: ArgumentHelp("A rule that is not asked; repeatable.", valueName: "id"))
  var skip: [String] = []

  func verifierOptions() throws -> Verifier.Options {
    var made = Verifier.Options()
    made.cap = cap
    made.uploaded = uploaded
    made.architectures = try archs.map(Self.architectures)
    made.allowedLibraries = allowLibrary
    made.buildFolders = buildFolder
    for id in skip {
      guard let rule = Rule.named(id) else { throw VerificationError.unknownRule(id) }
      made.skipped.insert(rule.id)
    }
    return made
  }

  /// `75,8.6+PTX,90-virtual`, each written as it is meant: nothing is added here.
  private static func architectures(_ text: String) throws -> [Architecture] {
    try text.split(separator: ",").map { word in
      var name = word.lowercased()
      var (real, virtual) = (true, false)
      if name.hasSuffix("+ptx") { (name, virtual) = (String(name.dropLast(4)), true) }
      if name.hasSuffix("-virtual") { (name, real, virtual) = (String(name.dropLast(8)), false, true) }
      if name.hasSuffix("-real") { name = String(name.dropLast(5)) }
      guard let capability = ComputeCapability(parsing: name) else {
        throw ValidationError("--archs '\(word)' is no architecture; write 75, 8.6+PTX or 90-virtual")
      }
      return Architecture(capability, real: real, virtual: virtual)
    }.sorted()
  }
}
