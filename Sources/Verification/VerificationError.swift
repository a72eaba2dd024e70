import Foundation
public import ReleaseModel
public import SystemPackage

/// Why a verification could not be made; what it finds is no error but a ``Finding``.
public enum VerificationError: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// There is nothing to look at.
  case nothingGiven(String)
  /// A file or folder isn't there or can't be read.
  case unreadable(FilePath, why: String)
  /// Unpacked libraries can't be put aside.
  case scratch(FilePath, Errno)
  /// No rule has this id.
  case unknownRule(String)

  /// Nothing to look at is wrong usage, so that a misspelt folder in a CI job never passes.
  public var exitStatus: ExitStatus {
    switch self {
    case .nothingGiven, .unknownRule: .usage
    case .unreadable: .badInput
    case .scratch(_, let errno): errno == .noSpace || errno == .diskQuotaExceeded ? .diskFull : .unexpected
    }
  }

  /// The message.
  public var description: String {
    switch self {
    case .nothingGiven(let why):
      "there is nothing to verify: \(why); name wheels, sdists, tarballs or the folder of a release"
    case .unreadable(let path, let why): "'\(path)' cannot be verified: \(why)"
    case .scratch(let folder, let errno):
      "a library cannot be unpacked into '\(folder)': \(errno); set TMPDIR to a folder with more room"
    case .unknownRule(let id):
      "there is no rule '\(id)'; llcuda-build verify --explain all lists them"
    }
  }
}

/// Where libraries are unpacked to be looked at.
enum TemporaryFolder {
  static var path: String { FileManager.default.temporaryDirectory.path }
  static func remove(_ path: FilePath) { unlink(path.string) }
}
