public import ArgumentParser
import Building
import Foundation
import Pipeline
public import Publishing
import ReleaseModel
import Reporting
import SystemPackage
import ToolExecution

/// From a release's folder to a package index, a folder, or a GitHub release.
struct PublishCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Verify a release and send it to a package index, a folder or a GitHub release.",
    discussion: """
      Uploads by 'uv publish' (or twine) and gh; names, passwords and tokens come from where these take them and are \
      never arguments. Before anything is sent, every file is verified and every place is asked: a file that is there \
      with the same contents is skipped, one with other contents refuses the whole. Kernels go first, the project that \
      people install last. After a failure, run the same command again.

      Example: llcuda-build publish out --index testing --dry-run
      """
  )

  @Argument(help: "The release's folder.")
  var release = "out"

  @Option(
    name: .long,
    help: ArgumentHelp("An index of uv's configuration, with publish-url.", valueName: "name")
  )
  var index: String?

  @Option(name: .long, help: ArgumentHelp("The address that uploads go to.", valueName: "url"))
  var publishUrl: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The index's simple page, which tells what is there.", valueName: "url")
  )
  var checkUrl: String?

  @Option(name: .long, help: "uv or twine.")
  var uploader: PublishRequest.Uploader = .uv

  @Option(name: .long, help: ArgumentHelp("A folder for all artifacts.", valueName: "folder"))
  var assets: String?

  @Option(name: .long, help: ArgumentHelp("The tag of a GitHub release for all artifacts.", valueName: "tag"))
  var github: String?

  @Option(
    name: .long,
    help: ArgumentHelp("A folder for index pages that link the artifacts.", valueName: "folder")
  )
  var indexPage: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Where the artifacts can be fetched, for index pages.", valueName: "url")
  )
  var baseUrl: String?

  @Option(name: .long, help: "The most bytes a file may have: 104857600, 100MiB (PyPI's limit, the default).")
  var cap: ByteCount = .pypiFileLimit

  @Flag(name: .long, help: "Verify, ask, report, and send nothing.")
  var dryRun = false

  @Option(name: .long, help: "The report on standard output: table, json or markdown.")
  var format: ReportFormat = .table

  func run() async throws {
    let console = Console.standard()
    var request = PublishRequest(release: Folders.absolute(FilePath(release)))
    if index != nil || publishUrl != nil || checkUrl != nil {
      var target = PublishRequest.Index()
      (target.name, target.publishURL, target.checkURL, target.uploader) = (
        index, publishUrl, checkUrl, uploader
      )
      request.index = target
    }
    request.assetsFolder = assets.map { Folders.absolute(FilePath($0)) }
    request.githubTag = github
    request.pageFolder = indexPage.map { Folders.absolute(FilePath($0)) }
    request.baseURL = baseUrl
    request.cap = cap
    request.isDryRun = dryRun
    try await attended { [request] in
      let folders = try Folders.ofThisInstallation()
      let locator = ToolLocator(adding: folders.cache.appending("venv/bin"))
      return try await Publisher(request, locator: locator, listener: console).run()
    } finish: { report in
      print(try render(report, as: format), terminator: "")
    }
  }
}

extension PublishRequest.Uploader: ExpressibleByArgument {}
