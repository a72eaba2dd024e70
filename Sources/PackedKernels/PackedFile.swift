import Archives
public import BinaryFormats
import Foundation
public import SystemPackage

/// A packed file, opened: its index was read and checked against the file.
public struct PackedFile: Sendable {
  /// What it holds.
  public let index: PackedIndex
  /// The identity of the content, 32 hexadecimal digits.
  public let identity: String
  private let bytes: ByteSource

  /// Opens a file.
  ///
  /// - Throws: `BinaryFormatError` when it is of another format or version, cut off, or contradicts itself.
  public init(_ path: FilePath) throws(BinaryFormatError) {
    try self.init(ByteSource(mapping: path))
  }

  /// Opens the file that `bytes` are.
  ///
  /// - Throws: `BinaryFormatError` when they are of another format or version, cut off, or contradict themselves.
  public init(_ bytes: ByteSource) throws(BinaryFormatError) {
    let header = try PackedHeader(bytes)
    let stored = try bytes.slice(
      header.indexOffset..<header.indexOffset + header.indexStoredSize,
      "the index"
    )
    var json: [UInt8] = []
    do {
      try stored.withUnsafeBytes { input in
        try XZ.decompress(input, limit: header.indexSize) { json.append(contentsOf: $0) }
      }
    } catch {
      throw BinaryFormatError(
        .invalid,
        in: bytes.name,
        at: header.indexOffset,
        "the index is broken: \(error)"
      )
    }
    guard SHA256Digest.of(json).bytes == header.indexSHA256 else {
      throw BinaryFormatError(
        .invalid,
        in: bytes.name,
        at: header.indexOffset,
        "the index has another digest than the header says"
      )
    }
    do {
      index = try JSONDecoder().decode(PackedIndex.self, from: Data(json))
    } catch {
      throw BinaryFormatError(
        .unsupported,
        in: bytes.name,
        at: header.indexOffset,
        "the index is not one that this version knows"
      )
    }
    identity = header.identity
    self.bytes = bytes
    if let problem = index.contradiction(end: header.indexOffset) {
      throw BinaryFormatError(
        .invalid,
        in: bytes.name,
        at: header.indexOffset,
        "the index is wrong: \(problem)"
      )
    }
  }

  /// Decompresses everything, block by block, and compares it with the library that was packed.
  ///
  /// - Throws: `BinaryFormatError` naming the first difference.
  public func verify(against library: PackedLibrary) throws {
    let original = library.file.bytes
    guard index.librarySize == original.count, index.containers.count == library.containers.count else {
      throw fault("another library was packed")
    }
    let places = index.targets(keeping: index.images.map { _ in true })
    for (offset, header) in places.headers {
      guard try original.slice(offset..<offset + header.count).array() == header else {
        throw fault("the container at byte \(offset) of the library has another header")
      }
    }
    for (number, block) in index.blocks.enumerated() {
      var runs = number == index.skeleton.block ? index.skeleton.runs : []
      for (entry, item) in index.entries.enumerated() where item.block == number {
        runs.append(PackedIndex.Run(offset: places.places[entry] ?? 0, size: item.size))
      }
      var pieces = runs[...]
      var place = 0
      let stored = try bytes.slice(block.offset..<block.offset + block.storedSize, "block \(number)")
      try stored.withUnsafeBytes { input in
        try XZ.decompress(input, limit: block.size) { piece in
          try Task.checkCancellation()
          var piece = piece[...]
          while let run = pieces.first, piece.count > 0 {
            let count = min(run.size - place, piece.count)
            let from = run.offset + place
            let expected = try original.slice(from..<from + count)
            let left = UnsafeRawBufferPointer(rebasing: piece.prefix(count))
            let isSame = expected.withUnsafeBytes { right in
              guard let left = left.baseAddress, let right = right.baseAddress else { return count == 0 }
              return memcmp(left, right, count) == 0
            }
            guard isSame else {
              throw fault("unpacking gives other bytes at byte \(from) of the library")
            }
            piece = piece.dropFirst(count)
            place += count
            if place == run.size { (pieces, place) = (pieces.dropFirst(), 0) }
          }
        }
      }
      guard pieces.allSatisfy({ $0.size == 0 }) else { throw fault("block \(number) is too short") }
    }
  }

  /// Makes the library with some of its entries: each container's own moved to its front and its payload size lowered,
  /// the rest zero bytes.
  ///
  /// - Parameter keep: Whether entries of an image are wanted.
  /// - Throws: `BinaryFormatError` when an entry has another digest than the index says, `ArchiveError` for a broken stream.
  public func unpack(keeping keep: (PackedIndex.Image) -> Bool) throws -> [UInt8] {
    var library = [UInt8](repeating: 0, count: index.librarySize)
    try decompress(
      index.skeleton.block,
      digests: [(index.skeleton.runs, index.skeleton.sha256)],
      into: &library
    )
    let targets = index.targets(keeping: index.images.map(keep))
    for (offset, header) in targets.headers {
      library.replaceSubrange(offset..<offset + header.count, with: header)
    }
    for block in index.blocks.indices where block != index.skeleton.block {
      let members = index.entries.indices.filter { index.entries[$0].block == block }
      guard members.contains(where: { targets.places[$0] != nil }) else { continue }
      let parts = members.map { number in
        let entry = index.entries[number]
        return ([PackedIndex.Run(offset: targets.places[number] ?? -1, size: entry.size)], entry.sha256)
      }
      try decompress(block, digests: parts, into: &library)
    }
    return library
  }

  /// Decompresses a block whose bytes are `digests`' runs one after the other; a negative offset skips a run.
  private func decompress(
    _ number: Int,
    digests: [(runs: [PackedIndex.Run], sha256: String)],
    into library: inout [UInt8]
  ) throws {
    let block = index.blocks[number]
    var content: [UInt8] = []
    let stored = try bytes.slice(block.offset..<block.offset + block.storedSize, "block \(number)")
    try stored.withUnsafeBytes { input in
      try XZ.decompress(input, limit: block.size) { content.append(contentsOf: $0) }
    }
    guard content.count == block.size else { throw fault("block \(number) is too short") }
    var place = 0
    for (runs, sha256) in digests {
      var hasher = SHA256Digest.Hasher()
      var isWanted = true
      for run in runs {
        if run.offset >= 0 {
          content.withUnsafeBytes {
            hasher.update(UnsafeRawBufferPointer(rebasing: $0[place..<place + run.size]))
          }
          library.replaceSubrange(
            run.offset..<run.offset + run.size,
            with: content[place..<place + run.size]
          )
        } else {
          isWanted = false
        }
        place += run.size
      }
      if isWanted, hasher.finish().hex != sha256 {
        throw fault("a part of block \(number) has another digest than the index says")
      }
    }
  }

  private func fault(_ rule: String) -> BinaryFormatError {
    BinaryFormatError(.invalid, in: bytes.name, rule)
  }
}
