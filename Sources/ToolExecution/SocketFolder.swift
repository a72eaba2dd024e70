import Foundation
public import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// A folder for a Unix socket, which only this user can enter and whose name nobody can guess.
///
/// It lies in the folder for temporary files and not under a build folder, since the path of a socket is limited to 107
/// bytes (unix(7)); a `TMPDIR` that is too long for that is passed over for `/tmp`.
public struct SocketFolder: Hashable, Sendable {
  /// The folder, which ``make()`` makes.
  public let path: FilePath
  /// The socket in it.
  public var socket: FilePath { path.appending("s") }

  /// The most bytes of a socket's path, less what a second socket's name adds.
  private static let longest = 107 - ".local".utf8.count

  /// Chooses a name in the folder for temporary files, and touches nothing.
  public init() { self.init(in: FilePath(NSTemporaryDirectory())) }

  /// Chooses a name in a folder for temporary files, and touches nothing.
  public init(in temporary: FilePath) {
    let name = "llcuda-\(UUID().uuidString.filter { $0 != "-" }.prefix(16).lowercased())"
    let wanted = temporary.appending(name)
    path = wanted.appending("s").string.utf8.count <= Self.longest ? wanted : FilePath("/tmp").appending(name)
  }

  /// Makes the folder.
  ///
  /// - Throws: `Errno`, also when something has its name: what somebody else made is not entered.
  public func make() throws {
    guard mkdir(path.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Removes the folder with what is in it.
  public func remove() { try? FileManager.default.removeItem(atPath: path.string) }
}
