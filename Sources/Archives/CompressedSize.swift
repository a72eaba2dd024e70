public import Foundation
public import SystemPackage

/// Sizes after compression, without writing anything.
public enum CompressedSize {
  /// The bytes a file takes in a wheel, headers left out.
  ///
  /// - Throws: ``ArchiveError`` when the file can't be read.
  public static func deflated(_ path: FilePath) async throws -> Int64 {
    try await deflated(FileContent(path).data)
  }

  /// The bytes that data takes in a wheel, headers left out.
  ///
  /// - Throws: ``ArchiveError/library(_:)``.
  public static func deflated(_ data: Data) async throws -> Int64 {
    let chunks = Deflate.chunks(of: data.count)
    var total = Int64(Deflate.end.count)
    try await OrderedWork().run(chunks.count) { number in
      Int64(try Deflate.compress(data, chunks[number], level: Deflate.level).bytes.count)
    } take: { _, size in
      total += size
    }
    return min(total, Int64(data.count))
  }
}
