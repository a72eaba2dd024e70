import Packaging

/// A wheel's file name in its parts (PEP 427), judged as packaging 26 does.
struct WheelFileName: Hashable, Sendable {
  /// The name as written.
  let name: String
  /// The version as written.
  let version: String
  let build: String?
  let pythons: [String]
  let abis: [String]
  let platforms: [String]

  /// Every tag, expanded: `py2.py3-none-any` is two.
  var tags: Set<String> {
    var tags: Set<String> = []
    for python in pythons { for abi in abis { for platform in platforms { tags.insert("\(python)-\(abi)-\(platform)") } } }
    return tags
  }

  /// - Returns: nil, and in `problem` why, when the name is no wheel's.
  static func parse(_ file: String) -> (name: WheelFileName?, problem: String?) {
    guard file.hasSuffix(".whl") else { return (nil, "it does not end in .whl") }
    let parts = file.dropLast(4).split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5 || parts.count == 6 else {
      return (nil, "\(parts.count) parts between hyphens instead of 5 or 6")
    }
    let name = parts[0]
    guard !name.contains("__"), name.wholeMatch(of: #/[\p{L}\p{N}_.]+/#) != nil else {
      return (nil, "'\(name)' is no name")
    }
    guard VersionText(parts[1]) != nil else { return (nil, "'\(parts[1])' is no version") }
    if parts.count == 6, parts[2].first.map({ $0.isASCII && $0.isNumber }) != true {
      return (nil, "the build number '\(parts[2])' does not begin with a digit")
    }
    let tags = parts.suffix(3).map {
      $0.split(separator: ".", omittingEmptySubsequences: false).map { $0.lowercased() }
    }
    guard tags.allSatisfy({ $0.allSatisfy { !$0.isEmpty } }) else { return (nil, "an empty part of a tag") }
    guard tags[0].allSatisfy({ $0.wholeMatch(of: #/[a-z_][a-z0-9_]*/#) != nil }) else {
      return (nil, "'\(parts[parts.count - 3])' is no Python tag")
    }
    return (
      WheelFileName(
        name: name,
        version: parts[1],
        build: parts.count == 6 ? parts[2] : nil,
        pythons: tags[0],
        abis: tags[1],
        platforms: tags[2]
      ), nil
    )
  }

  /// `name-version` as it stands in the file's name: what PyPI looks for the .dist-info folder by.
  var stem: String { "\(name)-\(version)" }

  /// Whether PyPI takes wheels for a platform (warehouse, `_valid_platform_tag`).
  static func isAccepted(_ platform: String) -> Bool {
    let plain: Set = [
      "any", "win32", "win_arm64", "win_amd64", "win_ia64", "manylinux1_x86_64", "manylinux1_i686",
      "manylinux2010_x86_64", "manylinux2010_i686", "manylinux2014_x86_64", "manylinux2014_i686",
      "manylinux2014_aarch64", "manylinux2014_armv7l", "manylinux2014_ppc64", "manylinux2014_ppc64le",
      "manylinux2014_s390x", "linux_armv6l", "linux_armv7l",
    ]
    if plain.contains(platform) { return true }
    let patterns: [Regex<Substring>] = [
      #/manylinux_[0-9]+_[0-9]+_(?:x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x|riscv64)/#,
      #/musllinux_[0-9]+_[0-9]+_(?:x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64)/#,
      #/macosx_10_[0-9]+_(?:i386|intel|fat|fat3|fat64|ppc|ppc64|universal|universal2|x86_64|arm64)/#,
      #/macosx_(?:1[1-5]|26)_0_(?:x86_64|arm64|universal2)/#,
      #/ios_[0-9]+_[0-9]+_(?:arm64|x86_64)_(?:iphoneos|iphonesimulator)/#,
      #/android_[0-9]+_(?:arm64_v8a|armeabi_v7a|x86_64|x86)/#,
      #/(?:pyodide|pyemscripten)_[0-9]+_[0-9]+_wasm32/#,
    ]
    return patterns.contains { platform.wholeMatch(of: $0) != nil }
  }

  /// glibc's minor version that a manylinux tag promises; nil for other platforms.
  static func glibcMinor(_ platform: String) -> Int? {
    let old = ["manylinux1_": 5, "manylinux2010_": 12, "manylinux2014_": 17]
    if let minor = old.first(where: { platform.hasPrefix($0.key) })?.value { return minor }
    guard let match = platform.firstMatch(of: #/^manylinux_2_([0-9]+)_/#) else { return nil }
    return Int(match.1)
  }

  /// Lower case, runs of `-`, `_` and `.` as one hyphen.
  static func normalized(_ name: some StringProtocol) -> String {
    name.lowercased().replacing(#/[-_.]+/#, with: "-")
  }
}
