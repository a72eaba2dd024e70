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
    for block in index.blocks.indices {
      var parts: [Part] = []
      if block == index.skeleton.block {
        parts = index.skeleton.runs.map { Part(target: $0, blockSize: $0.size, isFiltered: false) }
      }
      for (number, entry) in index.entries.enumerated() where entry.block == block {
        parts.append(
          Part(
            target: PackedIndex.Run(offset: places.places[number] ?? 0, size: entry.size),
            blockSize: entry.blockSize,
            isFiltered: entry.filteredSize != nil
          )
        )
      }
      try compare(block, parts, with: original)
    }
  }

  /// A part of a block, and where it goes in the library.
  private struct Part {
    /// Its place and length in the library.
    let target: PackedIndex.Run
    /// Its length in the block.
    let blockSize: Int
    /// Whether its text was filtered.
    let isFiltered: Bool
  }

  /// Decompresses a block whose content is `parts` one after the other, and compares it piece by piece.
  private func compare(_ block: Int, _ parts: [Part], with library: ByteSource) throws {
    func compare(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
      let expected = try library.slice(offset..<offset + bytes.count)
      let isSame = expected.withUnsafeBytes { right in
        guard let left = bytes.baseAddress, let right = right.baseAddress else { return bytes.isEmpty }
        return memcmp(left, right, bytes.count) == 0
      }
      guard isSame else { throw fault("unpacking gives other bytes at byte \(offset) of the library") }
    }
    var rest = parts[...]
    var place = 0
    var filtered: [UInt8] = []
    try decompress(block) { piece in
      try Task.checkCancellation()
      var piece = piece[...]
      while let part = rest.first, piece.count > 0 {
        let bytes = UnsafeRawBufferPointer(rebasing: piece.prefix(part.blockSize - place))
        if part.isFiltered {
          filtered.append(contentsOf: bytes)
        } else {
          try compare(bytes, at: part.target.offset + place)
        }
        piece = piece.dropFirst(bytes.count)
        place += bytes.count
        guard place == part.blockSize else { continue }
        if part.isFiltered {
          try restore(filtered[...], size: part.target.size, of: block).withUnsafeBytes {
            try compare($0, at: part.target.offset)
          }
          filtered.removeAll(keepingCapacity: true)
        }
        (rest, place) = (rest.dropFirst(), 0)
      }
    }
    guard rest.allSatisfy({ $0.blockSize == 0 }) else { throw fault("block \(block) is too short") }
  }

  /// Decompresses a block piece by piece.
  private func decompress(_ number: Int, _ use: (UnsafeRawBufferPointer) throws -> Void) throws {
    let block = index.blocks[number]
    let stored = try bytes.slice(block.offset..<block.offset + block.storedSize, "block \(number)")
    try stored.withUnsafeBytes { try XZ.decompress($0, limit: block.size, sink: use) }
  }

  private func restore(_ filtered: ArraySlice<UInt8>, size: Int, of block: Int) throws -> [UInt8] {
    do {
      return try FilteredEntry.restore(filtered, size: size)
    } catch {
      throw fault("an entry of block \(block) is broken: \(error)")
    }
  }

  /// Makes the library with some of its entries: each container's own moved to its front and its payload size lowered,
  /// the rest zero bytes.
  ///
  /// - Parameter keep: Whether entries of an image are wanted.
  /// - Throws: `BinaryFormatError` when an entry is broken or has another digest than the index says, `ArchiveError` for a
  ///   broken stream.
  public func unpack(keeping keep: (PackedIndex.Image) -> Bool) throws -> [UInt8] {
    var library = [UInt8](repeating: 0, count: index.librarySize)
    let skeleton = try content(of: index.skeleton.block)
    try check(skeleton[...], sha256: index.skeleton.sha256)
    var place = 0
    for run in index.skeleton.runs {
      library.replaceSubrange(run.offset..<run.offset + run.size, with: skeleton[place..<place + run.size])
      place += run.size
    }
    let targets = index.targets(keeping: index.images.map(keep))
    for (offset, header) in targets.headers {
      library.replaceSubrange(offset..<offset + header.count, with: header)
    }
    for block in index.blocks.indices where block != index.skeleton.block {
      let members = index.entries.indices.filter { index.entries[$0].block == block }
      guard members.contains(where: { targets.places[$0] != nil }) else { continue }
      var rest = try content(of: block)[...]
      for number in members {
        let entry = index.entries[number]
        var bytes = rest.prefix(entry.blockSize)
        rest = rest.dropFirst(entry.blockSize)
        guard let offset = targets.places[number] else { continue }
        if entry.filteredSize != nil { bytes = try restore(bytes, size: entry.size, of: block)[...] }
        try check(bytes, sha256: entry.sha256)
        library.replaceSubrange(offset..<offset + entry.size, with: bytes)
      }
    }
    return library
  }

  /// The whole content of a block.
  private func content(of block: Int) throws -> [UInt8] {
    var content: [UInt8] = []
    try decompress(block) { content.append(contentsOf: $0) }
    guard content.count == index.blocks[block].size else { throw fault("block \(block) is too short") }
    return content
  }

  private func check(_ bytes: ArraySlice<UInt8>, sha256: String) throws {
    guard bytes.withUnsafeBytes({ SHA256Digest.of($0) }).hex == sha256 else {
      throw fault("a part has another digest than the index says")
    }
  }

  private func fault(_ rule: String) -> BinaryFormatError {
    BinaryFormatError(.invalid, in: bytes.name, rule)
  }
}
