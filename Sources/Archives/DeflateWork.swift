import Foundation
import SystemPackage

/// A piece of work of an archive that is written: a chunk to compress, or a file that lies deflated already.
struct DeflateWork: Sendable {
  /// The member's bytes.
  private let data: Data
  /// Those of them that it stands for.
  let range: Range<Int>
  /// Where they lie deflated; `nil` when they have to be compressed.
  private var ready: DeflatedFile?

  /// The work for a member, in order.
  ///
  /// - Parameter deflated: files that an archive of ours already holds, by path; one that is not that file any more is not
  ///   taken.
  static func all(
    for content: ZipWriter.Member.Content,
    _ data: Data,
    reusing deflated: [FilePath: DeflatedFile]
  ) -> [DeflateWork] {
    if case .file(let path) = content, let ready = deflated[path], ready.holds(data) {
      return [DeflateWork(data: data, range: 0..<data.count, ready: ready)]
    }
    return all(for: data)
  }

  /// The work for bytes that lie nowhere deflated.
  static func all(for data: Data) -> [DeflateWork] {
    Deflate.chunks(of: data.count).map { DeflateWork(data: data, range: $0) }
  }

  /// Does it.
  func piece(level: Int32) throws(ArchiveError) -> Deflate.Piece {
    if let ready { return try ready.piece() }
    return try Deflate.compress(data, range, level: level)
  }
}
