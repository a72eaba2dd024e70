/// What sccache's environment variables say about where results are kept and who compiles.
public struct CacheStorage: Hashable, Sendable, CustomStringConvertible {
  /// Where results are kept, in words, the first tried first.
  public let places: [String]
  /// The scheduler that distributes compilations, which only sccache's configuration file can name; `nil` for none.
  public let scheduler: String?
  /// Variables that are set half: one is there without the other that it needs.
  public let gaps: [String]

  /// The variables that choose a storage other than a folder; without them sccache keeps results on its own disk.
  static let remoteVariables = [
    "SCCACHE_BUCKET", "SCCACHE_REDIS_ENDPOINT", "SCCACHE_REDIS_CLUSTER_ENDPOINTS", "SCCACHE_REDIS",
    "SCCACHE_MEMCACHED_ENDPOINT", "SCCACHE_MEMCACHED", "SCCACHE_GCS_BUCKET", "SCCACHE_GHA_ENABLED",
    "SCCACHE_GHA_CACHE_URL", "SCCACHE_AZURE_BLOB_CONTAINER", "SCCACHE_WEBDAV_ENDPOINT", "SCCACHE_OSS_BUCKET",
    "SCCACHE_COS_BUCKET", "SCCACHE_MULTILEVEL_CHAIN",
  ]

  /// Reads the variables that sccache 0.16 knows (its docs/Configuration.md).
  ///
  /// - Parameters:
  ///   - folder: where results are kept when nothing else is said.
  ///   - configuration: the text of sccache's configuration file, of which only `scheduler_url` of `[dist]` is read.
  public init(environment: [String: String], folder: String, configuration: String? = nil) {
    func value(_ names: String...) -> String? {
      names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    var places: [String] = []
    var gaps: [String] = []
    if let bucket = value("SCCACHE_BUCKET") {
      places.append("S3 bucket \(bucket)" + (value("SCCACHE_ENDPOINT").map { " at \($0)" } ?? ""))
      if value("SCCACHE_REGION", "AWS_REGION", "AWS_DEFAULT_REGION") == nil {
        gaps.append("SCCACHE_BUCKET without SCCACHE_REGION")
      }
    }
    if let redis = value("SCCACHE_REDIS_ENDPOINT", "SCCACHE_REDIS_CLUSTER_ENDPOINTS", "SCCACHE_REDIS") {
      places.append("Redis at \(Self.withoutSecrets(redis))")
    }
    if let server = value("SCCACHE_MEMCACHED_ENDPOINT", "SCCACHE_MEMCACHED") {
      places.append("memcached at \(Self.withoutSecrets(server))")
    }
    if let bucket = value("SCCACHE_GCS_BUCKET") { places.append("Google bucket \(bucket)") }
    if value("SCCACHE_GHA_ENABLED", "SCCACHE_GHA_CACHE_URL") != nil {
      places.append("GitHub's cache")
      if value("ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL", "SCCACHE_GHA_CACHE_URL") == nil {
        gaps.append("SCCACHE_GHA_ENABLED without ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN")
      }
    }
    if let container = value("SCCACHE_AZURE_BLOB_CONTAINER") { places.append("Azure container \(container)") }
    if let server = value("SCCACHE_WEBDAV_ENDPOINT") {
      places.append("WebDAV at \(Self.withoutSecrets(server))")
    }
    if let bucket = value("SCCACHE_OSS_BUCKET") { places.append("OSS bucket \(bucket)") }
    if let bucket = value("SCCACHE_COS_BUCKET") { places.append("COS bucket \(bucket)") }
    if let chain = value("SCCACHE_MULTILEVEL_CHAIN") { places = ["levels \(chain)"] }
    isRemote = !places.isEmpty
    self.places = places.isEmpty ? ["folder \(folder)"] : places
    self.scheduler = configuration?.firstMatch(of: #/(?m)^\s*scheduler_url\s*=\s*"([^"]+)"/#)
      .map { Self.withoutSecrets(String($0.1)) }
    self.gaps = gaps
  }

  /// The configuration file that sccache reads on Linux: `SCCACHE_CONF`, else `sccache/config` of the user.
  public static func configurationFile(environment: [String: String]) -> String? {
    if let named = environment["SCCACHE_CONF"], !named.isEmpty { return named }
    if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
      return "\(folder)/sccache/config"
    }
    return environment["HOME"].map { "\($0)/.config/sccache/config" }
  }

  /// Whether results go to another machine.
  public let isRemote: Bool

  /// The places in words.
  public var description: String { places.joined(separator: ", ") }

  /// A password in an address is nobody's business.
  static func withoutSecrets(_ address: String) -> String {
    address.replacing(#/:\/\/[^@\/]*@/#) { _ in "://" }
  }
}
