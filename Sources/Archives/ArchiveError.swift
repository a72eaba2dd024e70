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
