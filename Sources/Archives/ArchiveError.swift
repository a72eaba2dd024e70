public import SystemPackage

/// What can go wrong with an archive.
public enum ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The disk is full.
  case noSpace(FilePath)
  /// The operating system refused something else.
  case system(FilePath, action: String, Errno)
  /// An archive that is read is broken, truncated or of no known kind.
  case broken(FilePath, why: String)
  /// A name in an archive, or for one, that must not be there.
  case badName(String, why: String)
  /// More than a plain zip archive can hold.
  case tooLarge(FilePath)
  /// A library refused to work, for a reason of its own.
  case library(String)

  /// The message: what is wrong and the way out.
  public var description: String {
    switch self {
    case .noSpace(let path):
      "the disk of '\(path)' is full; free some space and run again, finished work is kept"
    case .system(let path, let action, let errno): "'\(path)' cannot be \(action): \(errno)"
    case .broken(let path, let why):
      "'\(path)' is no archive that can be read: \(why); was it copied completely?"
    case .badName(let name, let why): "'\(name)' cannot be a name in an archive: \(why)"
    case .tooLarge(let path): "'\(path)' would be larger than 4 GiB, which no index takes; split the release"
    case .library(let why): "the compression library failed: \(why)"
    }
  }

  /// Tells a full disk from other refusals.
  static func from(_ errno: Errno, _ path: FilePath, _ action: String) -> ArchiveError {
    errno == .noSpace || errno == .diskQuotaExceeded ? .noSpace(path) : .system(path, action: action, errno)
  }
}

/// Checks a relative path that goes into or comes out of an archive.
enum ArchiveName {
  /// - Throws: ``ArchiveError/badName(_:why:)`` for absolute paths, `..`, empty parts, backslashes, control characters.
  static func check(_ name: String) throws(ArchiveError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    if name.hasPrefix("/") { throw .badName(name, why: "it is absolute") }
    if parts.contains("..") { throw .badName(name, why: "it leaves the folder with '..'") }
    if parts.contains("") || parts.contains(".") { throw .badName(name, why: "it has an empty part") }
    if name.contains("\\") { throw .badName(name, why: "a backslash separates folders on other systems") }
    let isControl: (Unicode.Scalar) -> Bool = {
      [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
    }
    if name.unicodeScalars.contains(where: isControl) {
      throw .badName(name, why: "it has control characters")
    }
  }
}

/// The file type bits of stat(2), which every archive format uses; two C modules define them as macros.
enum FileKind {
  static let regular: UInt32 = 0o100_000
  static let folder: UInt32 = 0o040_000
  static let link: UInt32 = 0o120_000
}
