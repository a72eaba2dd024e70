internal import CDeflate
import Foundation
import SystemPackage

/// A file's bytes as a zip archive of ours holds them, so that another archive of the same files needs no compressing.
public struct DeflatedFile: Sendable, Hashable {
  let archive: FilePath
  /// Where the deflate stream lies, ``Deflate/end`` included.
  let range: Range<Int64>
  /// The CRC-32 of the file.
  let crc: UInt32
  /// The file's bytes, unpacked.
  let byteCount: Int64

  /// Whether it is these bytes that lie deflated.
  func holds(_ data: Data) -> Bool {
    byteCount == Int64(data.count)
      && data.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) } == crc
  }

  /// The stream without its end.
  ///
  /// - Throws: ``ArchiveError`` when the archive can't be read or has shrunk.
  func piece() throws(ArchiveError) -> Deflate.Piece {
    let data = try FileContent(archive).data
    let stream = Int(range.lowerBound)..<Int(range.upperBound) - Deflate.end.count
    guard stream.upperBound <= data.count, let inputCount = Int(exactly: byteCount) else {
      throw .broken(archive, why: "it is shorter than when it was written")
    }
    return Deflate.Piece(bytes: Array(data[stream]), crc: crc, inputCount: inputCount)
  }
}
