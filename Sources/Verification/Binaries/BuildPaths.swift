import BinaryFormats
import Glibc

/// Looks for folders of a building machine among the strings of a binary.
struct BuildPaths: Sendable {
  /// A string that was found.
  struct Hit: Sendable, Hashable {
    /// Its place in bytes from the begin of the file.
    let offset: Int
    /// The string, cut after 120 characters.
    let text: String
  }

  /// Where people and build services keep their work; a string counts only if it ends like a source or object file,
  /// because programs have good reasons to know `/tmp/` and `/home/`.
  private static let usual = [
    "/home/", "/root/", "/Users/", "/tmp/", "/builds/", "/__w/", "/github/workspace/", "/build/", "/workspace/",
  ]
  private static let extensions: Set<String> = [
    "c", "cc", "cpp", "cxx", "h", "hh", "hpp", "cu", "cuh", "inl", "o", "obj", "rs", "go", "f90", "ii", "gpu",
    "ptx", "cubin", "fatbin", "swift",
  ]
  /// Enough to see what happened; a library may hold thousands.
  private static let most = 3

  /// Folders that count wherever they occur.
  let folders: [String]

  func hits(in bytes: ByteSource) -> [Hit] {
    let own = folders.filter { $0.utf8.count > 4 && $0.hasPrefix("/") }.map { Array($0.utf8) }
    let usual = Self.usual.map { Array($0.utf8) }
    return bytes.withUnsafeBytes { all in
      guard let base = all.baseAddress else { return [] }
      var hits: [Hit] = []
      var position = 0
      // A slash is one byte in a few hundred of a binary, so looking at each is cheap.
      while hits.count < Self.most, let found = memchr(base + position, 0x2F, all.count - position) {
        let start = UnsafeRawPointer(found) - base
        position = start + 1
        let rest = all[start...]
        let isOwn = own.contains { rest.starts(with: $0) }
        guard isOwn || usual.contains(where: { rest.starts(with: $0) }) else { continue }
        let length = rest.prefix(120).prefix { (0x21..<0x7F).contains($0) }.count
        position = start + length
        let text = String(decoding: rest.prefix(length), as: UTF8.self)
        if isOwn || Self.isSourcePath(text) { hits.append(Hit(offset: start, text: text)) }
      }
      return hits
    }
  }

  private static func isSourcePath(_ text: String) -> Bool {
    let last = text.split(separator: "/").last ?? ""
    let parts = last.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 1 && extensions.contains(String(parts[parts.count - 1]))
  }
}
