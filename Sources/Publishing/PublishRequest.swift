public import ReleaseModel
public import SystemPackage

/// Where a release goes, as the user said it.
public struct PublishRequest: Sendable {
  /// The program that uploads to a package index.
  public enum Uploader: String, Sendable, CaseIterable {
    /// uv publish.
    case uv
    /// twine upload.
    case twine
  }

  /// A package index; credentials come from where uv and twine take them.
  public struct Index: Sendable {
    /// An index of uv's configuration, which has both addresses.
    public var name: String?
    /// The address that uploads go to.
    public var publishURL: String?
    /// The address of the simple index that tells what is there.
    public var checkURL: String?
    /// The program that uploads.
    public var uploader = Uploader.uv

    /// Makes an index that nothing is known about yet.
    public init() {}
  }

  /// The folder that llcuda-build wrote.
  public var release: FilePath
  /// The package index for wheels; nil for none.
  public var index: Index?
  /// A folder for all artifacts, such as a web server's.
  public var assetsFolder: FilePath?
  /// The tag of a GitHub release for all artifacts, through gh.
  public var githubTag: String?
  /// A folder for index pages that link the artifacts.
  public var pageFolder: FilePath?
  /// The address below which the artifacts can be fetched, for index pages.
  public var baseURL: String?
  /// The most bytes of a file.
  public var cap = ByteCount.pypiFileLimit
  /// Whether nothing is sent.
  public var isDryRun = false

  /// Makes a request that sends nothing anywhere yet.
  public init(release: FilePath) { self.release = release }

  /// Checks that the request says enough and gives no secrets away.
  ///
  /// - Parameter environment: uv takes addresses from it.
  /// - Throws: ``PublishError``.
  public func check(environment: [String: String]) throws(PublishError) {
    guard index != nil || assetsFolder != nil || githubTag != nil || pageFolder != nil else {
      throw .usage(
        "nothing says where to: --index NAME or --publish-url and --check-url, --assets FOLDER, --github TAG, --index-page FOLDER"
      )
    }
    if (pageFolder == nil) != (baseURL == nil) {
      throw .usage("--index-page and --base-url go together: the page links what lies below that address")
    }
    for address in [index?.publishURL, index?.checkURL, baseURL].compactMap(\.self) {
      guard address.wholeMatch(of: #/https?:\/\/[^\s\/@]+(?:\/\S*)?/#.ignoresCase()) != nil else {
        throw .usage(
          address.contains("@")
            ? "an address holds a name or password; give those by UV_PUBLISH_USERNAME, UV_PUBLISH_PASSWORD or a keyring"
            : "'\(address)' is no http or https address"
        )
      }
    }
    guard let index else { return }
    if index.name != nil, index.publishURL != nil || index.checkURL != nil {
      throw .usage("--index names both addresses; leave --publish-url and --check-url out")
    }
    if index.uploader == .twine, index.name == nil, index.checkURL == nil {
      throw .usage("twine can't tell what is on an index; give its simple index with --check-url")
    }
    let known = environment["UV_PUBLISH_INDEX"] ?? environment["UV_PUBLISH_CHECK_URL"]
    guard index.name != nil || index.checkURL != nil || known != nil else {
      throw .usage(
        "--publish-url needs --check-url, the index's simple page: without it nobody can tell what is there already"
      )
    }
  }
}

/// Why a release wasn't published.
public enum PublishError: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// The request is incomplete.
  case usage(String)
  /// The folder holds no release.
  case noRelease(FilePath)
  /// Names are taken by other contents; nothing was sent.
  case conflicts(place: String, [String])
  /// An upload failed; what was sent before stays.
  case interrupted(file: String, done: Int, of: Int, why: String)
  /// Afterwards, something is missing at the place.
  case incomplete(place: String, [String])

  /// The exit code.
  public var exitStatus: ExitStatus {
    switch self {
    case .usage: .usage
    case .noRelease: .badInput
    case .conflicts: .verificationFailed
    case .interrupted, .incomplete: .buildFailed
    }
  }

  /// The message.
  public var description: String {
    switch self {
    case .usage(let why): why
    case .noRelease(let folder):
      "'\(folder)' holds no release: there is no manifest.json of llcuda-build's; name the folder that --out named"
    case .conflicts(let place, let lines):
      "nothing was sent: \(place) has other contents under these names, or can't be asked\n"
        + lines.map { "  \($0)" }.joined(separator: "\n") + "\na name can't be used twice; make the release with another version"
    case .interrupted(let file, let done, let total, let why):
      "'\(file)' was not uploaded (\(done) of \(total) files are there): \(why)\nrun the same command again; what is there is skipped"
    case .incomplete(let place, let files):
      "after the upload, \(place) lacks \(files.joined(separator: ", ")); run the same command again"
    }
  }
}
