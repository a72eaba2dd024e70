import Foundation
public import SystemPackage

/// A llama.cpp source tree on disk, with where it came from.
public struct LlamaCppTree: Hashable, Sendable, Codable {
  /// The folder with llama.cpp's top-level CMakeLists.txt.
  public let folder: String
  /// The origin in words: `llama-cpp-python 0.3.36 (sdist)`.
  public let origin: String
  /// What identifies the bytes: an archive's SHA-256, a commit, or a digest of the folder's files.
  public let digest: String

  /// The folder.
  public var path: FilePath { FilePath(folder) }

  /// Checks that a folder is a llama.cpp that has a CUDA backend.
  ///
  /// - Throws: ``BuildError/notLlamaCpp(_:missing:)``.
  init(folder: FilePath, origin: String, digest: String) throws {
    for file in [
      "CMakeLists.txt", "ggml/src/ggml-cuda/CMakeLists.txt", "ggml/src/ggml-backend-reg.cpp",
      "tools/server/CMakeLists.txt",
    ] {
      guard FileManager.default.fileExists(atPath: folder.appending(file).string) else {
        throw BuildError.notLlamaCpp(folder, missing: file)
      }
    }
    self.folder = folder.string
    self.origin = origin
    self.digest = digest
  }

  /// llama.cpp's version as its CMakeLists.txt says, such as `0.5.0`; `unknown` for trees that don't say.
  public var version: String {
    guard let text = try? String(contentsOfFile: path.appending("CMakeLists.txt").string, encoding: .utf8)
    else {
      return "unknown"
    }
    let parts = ["MAJOR", "MINOR", "PATCH"].compactMap { part -> Substring? in
      guard let regex = try? Regex("LLAMA_VERSION_\(part)\\s+([0-9]+)"),
        let match = text.firstMatch(of: regex)
      else {
        return nil
      }
      return match.output[1].substring
    }
    return parts.count == 3 ? parts.joined(separator: ".") : "unknown"
  }

  /// llama.cpp's license texts: name in a wheel's `licenses/` folder, file.
  public var licenses: [(name: String, file: FilePath)] {
    var found: [(String, FilePath)] = []
    let folder = path.appending("licenses")
    let more = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    if FileManager.default.fileExists(atPath: path.appending("LICENSE").string) {
      found.append(("llama.cpp/LICENSE", path.appending("LICENSE")))
    }
    for name in more.sorted() where name.hasPrefix("LICENSE") {
      found.append(("llama.cpp/licenses/\(name)", folder.appending(name)))
    }
    return found
  }
}
