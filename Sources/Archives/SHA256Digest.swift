internal import CCrypto
import Foundation
public import SystemPackage

/// A SHA-256 digest, computed by OpenSSL.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// The digest in lower-case hexadecimal.
  public var hex: String { Self.hex(bytes[...]) }

  /// Bytes in lower-case hexadecimal.
  public static func hex(_ bytes: ArraySlice<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  /// The digest as RECORD wants it: base64 for URLs, without padding (PEP 376, PEP 427).
  public var urlSafeBase64: String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
      "=",
      with: ""
    )
  }

  /// The hexadecimal form.
  public var description: String { hex }

  /// The digest of bytes in memory.
  public static func of(_ bytes: [UInt8]) -> SHA256Digest {
    var hasher = Hasher()
    bytes.withUnsafeBytes { hasher.update($0) }
    return hasher.finish()
  }

  /// The digest of bytes where they lie.
  public static func of(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    var hasher = Hasher()
    hasher.update(bytes)
    return hasher.finish()
  }

  /// The digest of a file, read through a mapping.
  ///
  /// - Throws: ``ArchiveError`` when the file can't be read.
  public static func ofFile(at path: FilePath) throws(ArchiveError) -> SHA256Digest {
    let content = try FileContent(path)
    var hasher = Hasher()
    content.data.withUnsafeBytes { hasher.update($0) }
    return hasher.finish()
  }

  /// The digest of every regular file below a folder: sorted relative paths, execute bits and contents.
  ///
  /// `.git` and folders named `__pycache__` are left out, because they change without a change of the source.
  ///
  /// - Throws: ``ArchiveError`` when a file can't be read.
  public static func ofTree(at folder: FilePath) throws(ArchiveError) -> SHA256Digest {
    var text = ""
    for (name, path) in FileTree.files(below: folder) {
      let executable = FileManager.default.isExecutableFile(atPath: path.string)
      text += "\(name)\0\(executable)\0\(try ofFile(at: path).hex)\n"
    }
    return of(Array(text.utf8))
  }

  /// A digest that grows piece by piece.
  public final class Stream {
    private var hasher = Hasher()
    /// Starts with no bytes.
    public init() {}
    /// Adds bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bytes) }
    /// The digest of all bytes; call it once.
    public func finish() -> SHA256Digest { hasher.finish() }
  }

  /// OpenSSL's streaming digest.
  public struct Hasher: ~Copyable {
    private let context = EVP_MD_CTX_new()

    /// Starts with no bytes.
    public init() { EVP_DigestInit_ex(context, EVP_sha256(), nil) }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
      EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// The digest of everything added.
    public mutating func finish() -> SHA256Digest {
      var bytes = [UInt8](repeating: 0, count: 32)
      EVP_DigestFinal_ex(context, &bytes, nil)
      return SHA256Digest(bytes: bytes)
    }

    deinit { EVP_MD_CTX_free(context) }
  }
}

/// The regular files of a folder.
public enum FileTree {
  /// Every regular file below a folder with its relative path, sorted by it; symbolic links are followed to files.
  public static func files(below folder: FilePath) -> [(name: String, path: FilePath)] {
    let walker = FileManager.default.enumerator(atPath: folder.string)
    var found: [(String, FilePath)] = []
    while let name = walker?.nextObject() as? String {
      let last = name.split(separator: "/").last ?? ""
      if last == ".git" || last == "__pycache__" || last == ".pytest_cache" {
        walker?.skipDescendants()
        continue
      }
      let path = folder.appending(name)
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: path.string, isDirectory: &isFolder), !isFolder.boolValue {
        found.append((name, path))
      }
    }
    return found.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
  }
}

/// A digest of bytes that come in pieces.
public struct StreamDigest: ~Copyable {
  private var hasher = SHA256Digest.Hasher()

  /// Starts with no bytes.
  public init() {}

  /// Adds a piece.
  public mutating func add(_ piece: UnsafeRawBufferPointer) { hasher.update(piece) }

  /// The digest of everything added.
  public mutating func finish() -> SHA256Digest { hasher.finish() }
}
