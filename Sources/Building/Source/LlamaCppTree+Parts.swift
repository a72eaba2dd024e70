import Foundation
import SystemPackage

extension LlamaCppTree {
  /// Somebody else's code that llama.cpp carries and compiles into its programs.
  public struct Part: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its version as its own header says; `unknown` when that has changed its form.
    public let version: String
    /// Its license, an SPDX expression.
    public let license: String
  }

  /// A part that is known, and where its version stands.
  private struct Known {
    let name: String
    let license: String
    let header: String
    let version: [String]
  }

  private static let known = [
    Known(
      name: "cpp-httplib",
      license: "MIT",
      header: "vendor/cpp-httplib/httplib.h",
      version: [#"CPPHTTPLIB_VERSION\s+"([0-9.]+)""#]
    ),
    Known(
      name: "miniaudio",
      license: "Unlicense OR MIT-0",
      header: "vendor/miniaudio/miniaudio.h",
      version: ["MAJOR", "MINOR", "REVISION"].map { "define\\s+MA_VERSION_\($0)\\s+([0-9]+)" }
    ),
    Known(
      name: "nlohmann-json",
      license: "MIT",
      header: "vendor/nlohmann/json.hpp",
      version: ["MAJOR", "MINOR", "PATCH"].map { "define\\s+NLOHMANN_JSON_VERSION_\($0)\\s+([0-9]+)" }
    ),
    Known(
      name: "stb_image",
      license: "MIT OR Unlicense",
      header: "vendor/stb/stb_image.h",
      version: [#"stb_image - v([0-9.]+)"#]
    ),
    Known(
      name: "minja",
      license: "MIT",
      header: "vendor/minja/minja.hpp",
      version: []
    ),
    Known(
      name: "subprocess.h",
      license: "Unlicense",
      header: "vendor/sheredom/subprocess.h",
      version: []
    ),
  ]

  /// The parts that are in this tree, by name; read from llama.cpp's `vendor/`.
  public var parts: [Part] {
    Self.known.compactMap { known in
      // The first 512 KiB: versions stand near the top of headers that have megabytes.
      guard let file = FileHandle(forReadingAtPath: path.appending(known.header).string),
        let data = try? file.read(upToCount: 512 << 10)
      else { return nil }
      let text = String(decoding: data, as: UTF8.self)
      let numbers = known.version.compactMap { pattern in
        (try? Regex(pattern)).flatMap { text.firstMatch(of: $0)?.output[1].substring.map(String.init) }
      }
      let isComplete = !numbers.isEmpty && numbers.count == known.version.count
      return Part(
        name: known.name,
        version: isComplete ? numbers.joined(separator: ".") : "unknown",
        license: known.license
      )
    }
  }
}
