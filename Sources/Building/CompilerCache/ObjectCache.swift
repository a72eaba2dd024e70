public import Archives
public import Foundation
public import SystemPackage
public import ToolExecution

/// Whole objects of earlier builds: ccache, which stands before sccache.
///
/// sccache has nvcc list a unit's steps, and preprocesses for each, before it knows that it has them all. ccache runs
/// nothing: it compares the unit's source and the headers that its last compilation read, which nvcc names for all its
/// passes (`ci/bench/reuse`, warm, shows the difference). What it hasn't it hands to sccache, so its objects are sccache's,
/// and another architecture list still finds what it shares with this one.
public struct ObjectCache: Hashable, Sendable {
  /// ccache.
  public let ccache: FilePath
  /// Where objects are kept.
  public let folder: FilePath
  /// What it noted about each compilation of this build.
  public let statistics: FilePath
  /// Variables of every process that compiles.
  public let environment: [String: String?]

  /// The first version that was tried; older ones are left alone.
  private static let oldest = (4, 7)
  /// Variables by which a person's own settings would change what is taken for the same, or who compiles.
  private static let foreign = [
    "COMPILER", "COMPILERTYPE", "DISABLE", "EXTRAFILES", "HARDLINK", "IGNOREHEADERS", "NODEPEND", "NODIRECT",
    "NOHASHDIR", "PREFIX_CPP", "SLOPPINESS",
  ]

  /// Finds ccache.
  ///
  /// - Parameters:
  ///   - sccache: what compiles.
  ///   - build: the build folder; what lies below it is the same in another one.
  ///   - compilers: the digest of everything that has a part in an object besides the sources.
  ///   - cache: the user's cache folder.
  ///   - statistics: where this build's compilations are noted.
  /// - Returns: `nil` where there is none, or one that is too old.
  public init?(
    before sccache: FilePath,
    build: FilePath,
    compilers: SHA256Digest,
    cache: FilePath,
    statistics: FilePath,
    locator: ToolLocator,
    runner: ToolRunner,
    inherited: [String: String] = ProcessInfo.processInfo.environment
  ) async throws {
    guard let found = locator.find("ccache"),
      let version = try? await runner.output(of: Invocation(found.string, ["--version"])),
      Self.isKnown(version)
    else { return nil }
    ccache = found
    folder = inherited["CCACHE_DIR"].map { FilePath($0) } ?? cache.appending("ccache")
    self.statistics = statistics
    var environment: [String: String?] = [
      "CCACHE_DIR": folder.string, "CCACHE_PREFIX": sccache.string,
      // Without it, ccache takes nvcc's preprocessed text for one architecture for that of all.
      "CCACHE_DEPEND": "1",
      // It would look at nvcc's own time of change; cicc, ptxas and the host compiler have a say, too.
      "CCACHE_COMPILERCHECK": "string:\(compilers.hex)",
      // Some units find generated headers by its name.
      "CCACHE_BASEDIR": build.string,
      "CCACHE_STATSLOG": statistics.string,
      // On how many cores a unit's architectures are compiled says nothing about them.
      "CCACHE_IGNOREOPTIONS": "-t=*",
      // A person's configuration file is not for these objects.
      "CCACHE_CONFIGPATH": "/dev/null",
    ]
    if inherited["CCACHE_MAXSIZE"] == nil { environment["CCACHE_MAXSIZE"] = "10G" }
    for name in Self.foreign { environment.updateValue(nil, forKey: "CCACHE_\(name)") }
    self.environment = environment
  }

  /// Whether what ccache says of its version, such as `ccache version 4.7.5`, is that of a usable one.
  public static func isKnown(_ text: String) -> Bool {
    guard let match = text.firstMatch(of: #/ccache version ([0-9]+)\.([0-9]+)/#),
      let major = Int(match.1), let minor = Int(match.2)
    else { return false }
    return (major, minor) >= oldest
  }

  /// Throws away what an earlier build noted.
  public func forget() { try? FileManager.default.removeItem(atPath: statistics.string) }

  /// How many compilations found their object, and how many didn't; `nil` when nothing was noted.
  public var rate: CacheReport.Rate? {
    let data = FileManager.default.contents(atPath: statistics.string)
    return data.map { Self.rate(in: String(decoding: $0, as: UTF8.self)) }
  }

  /// Reads ccache's notes: a line with the source's path after a `#`, then a line for each counter that goes up.
  static func rate(in notes: String) -> CacheReport.Rate {
    var rate = CacheReport.Rate()
    for line in notes.split(whereSeparator: \.isNewline) {
      switch line {
      case "direct_cache_hit", "preprocessed_cache_hit": rate.hits += 1
      case "cache_miss": rate.misses += 1
      default: break
      }
    }
    return rate
  }

  /// The report in a line for people; `nil` when nothing was compiled.
  public var line: String? {
    guard let rate, rate.hits + rate.misses > 0 else { return nil }
    return "whole objects (ccache, folder \(folder)): \(rate) were there"
  }
}
