public import Archives
import BinaryFormats
import Foundation
public import SystemPackage

/// Compresses a library that was taken apart, and writes it down.
public struct PackedWriter: Sendable {
  /// How blocks of cubins are compressed.
  public var cubins: XZ.Settings = XZ.Settings(
    preset: 6,
    dictionary: 128 << 20,
    literalContext: 0,
    literalPosition: 4,
    position: 4
  )
  /// How blocks of PTX are: filtered text, in which the byte before says much and the position nothing.
  ///
  /// Restoring an entry takes memory of its own, so the dictionary is smaller.
  public var text: XZ.Settings = XZ.Settings(
    preset: 6,
    dictionary: 64 << 20,
    literalContext: 4,
    literalPosition: 0,
    position: 0
  )
  /// How host code and the index are.
  public var others: XZ.Settings = XZ.Settings(preset: 9, dictionary: 32 << 20)
  /// Blocks that are compressed at once.
  public var workers: Int

  /// Makes a writer with the settled settings.
  ///
  /// - Parameters:
  ///   - cores: the most blocks at once.
  ///   - memory: the bytes that compressing may take; `nil` when nobody knows.
  public init(cores: Int, memory: Int?) {
    let encoder = cubins.memory
    workers = max(1, min(cores, memory.map { $0 / encoder } ?? cores))
  }

  /// What was written.
  public struct Written: Hashable, Sendable, Codable {
    /// The identity of the content, 32 hexadecimal digits.
    public var identity: String
    /// The size of the file in bytes.
    public var size: Int
    /// The digest of the file.
    public var sha256: String
    /// The size of the library with every entry.
    public var librarySize: Int
  }

  private struct Finished: Sendable {
    let bytes: [UInt8]
    let size: Int
    let dictionary: Int
    /// Its entries in their order; of the skeleton, one for all runs.
    let parts: [Part]
  }

  private struct Part: Sendable {
    let sha256: String
    /// The length of a filtered entry.
    var filteredSize: Int?
  }

  /// Writes a packed file; it appears under its name only when it is complete.
  ///
  /// The same library gives the same bytes on any number of cores.
  ///
  /// - Parameter progress: gets the share that is done, from 0 to 1, now and then.
  /// - Throws: `ArchiveError` of the compressor, `BinaryFormatError` of the disk, `CancellationError`.
  public func write(
    _ library: PackedLibrary,
    to path: FilePath,
    progress: (@Sendable (Double) -> Void)? = nil
  ) async throws -> Written {
    let count = library.blocks.count
    // The skeleton is the first block.
    var finished = [Finished?](repeating: nil, count: count + 1)
    let total = Double(library.file.bytes.count)
    async let libraryDigest = Self.digest(of: library.file.bytes)
    try await withThrowingTaskGroup(of: (Int, Finished).self) { group in
      var next = 0
      var done = 0
      func addOne() {
        guard next <= count else { return }
        let number = next
        next += 1
        group.addTask { (number, try compress(number, of: library)) }
      }
      for _ in 0..<workers { addOne() }
      while let (number, block) = try await group.next() {
        try Task.checkCancellation()
        finished[number] = block
        done += block.size
        progress?(Double(done) / total)
        addOne()
      }
    }
    let index = index(of: library, finished.compactMap { $0 }, digest: await libraryDigest)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = Array(try encoder.encode(index))
    let storedIndex = try XZ.compress(others) { feed in try json.withUnsafeBytes { try feed($0) } }

    let blockBytes = index.blocks.reduce(0) { $0 + $1.storedSize }
    let header = PackedHeader(
      indexOffset: PackedHeader.size + blockBytes,
      indexStoredSize: storedIndex.count,
      indexSize: json.count,
      indexSHA256: SHA256Digest.of(json).bytes,
      fileSize: PackedHeader.size + blockBytes + storedIndex.count
    )
    var rope = ByteRope()
    rope.append(header.bytes)
    for block in finished.compactMap({ $0 }) { rope.append(block.bytes) }
    rope.append(storedIndex)
    try rope.write(to: path)
    return Written(
      identity: header.identity,
      size: rope.count,
      sha256: try SHA256Digest.ofFile(at: path).hex,
      librarySize: library.file.bytes.count
    )
  }

  private static func digest(of bytes: ByteSource) async -> String {
    bytes.withUnsafeBytes { SHA256Digest.of($0).hex }
  }

  private func compress(_ number: Int, of library: PackedLibrary) throws -> Finished {
    try Task.checkCancellation()
    var size = 0
    if number == 0 {
      let runs = library.skeleton.map { library.file.bytes.part($0) }
      var hasher = SHA256Digest.Hasher()
      let bytes = try XZ.compress(others) { feed in
        for run in runs {
          size += run.count
          try run.withUnsafeBytes {
            hasher.update($0)
            try feed($0)
          }
        }
      }
      let whole = Part(sha256: hasher.finish().hex)
      return Finished(bytes: bytes, size: size, dictionary: Int(others.dictionary), parts: [whole])
    }
    let places = library.blocks[number - 1]
    let isPTX = places.first.map { library.images[$0.image].kind == "virtual" } ?? false
    let settings = isPTX ? text : cubins
    var parts: [Part] = []
    let bytes = try XZ.compress(settings) { feed in
      for place in places {
        try Task.checkCancellation()
        let entry = library.entry(at: place)
        let filtered = FilteredEntry.filter(entry)
        var hasher = SHA256Digest.Hasher()
        for part in [entry.header, entry.paddedPayload] {
          try part.withUnsafeBytes {
            hasher.update($0)
            if filtered == nil { try feed($0) }
          }
        }
        if let filtered { try filtered.withUnsafeBytes { try feed($0) } }
        parts.append(Part(sha256: hasher.finish().hex, filteredSize: filtered?.count))
        size += filtered?.count ?? entry.size
      }
    }
    return Finished(bytes: bytes, size: size, dictionary: Int(settings.dictionary), parts: parts)
  }

  private func index(of library: PackedLibrary, _ finished: [Finished], digest: String) -> PackedIndex {
    var offset = PackedHeader.size
    let blocks = finished.map { block in
      defer { offset += block.bytes.count }
      return PackedIndex.Block(
        offset: offset,
        storedSize: block.bytes.count,
        size: block.size,
        dictionary: block.dictionary
      )
    }
    var entries: [PackedIndex.Entry] = []
    for (number, places) in library.blocks.enumerated() {
      for (place, part) in zip(places, finished[number + 1].parts) {
        entries.append(
          PackedIndex.Entry(
            container: place.container,
            number: place.number,
            image: place.image,
            block: number + 1,
            size: library.entry(at: place).size,
            filteredSize: part.filteredSize,
            sha256: part.sha256
          )
        )
      }
    }
    return PackedIndex(
      slice: library.slice,
      librarySize: library.file.bytes.count,
      librarySHA256: digest,
      skeleton: PackedIndex.Skeleton(
        block: 0,
        runs: library.skeleton.map { PackedIndex.Run(offset: $0.lowerBound, size: $0.count) },
        sha256: finished[0].parts[0].sha256
      ),
      images: library.images,
      blocks: blocks,
      containers: library.containers.map {
        PackedIndex.Container(
          offset: library.sectionOffset + $0.offset,
          size: $0.size,
          header: SHA256Digest.hex($0.header.array()[...])
        )
      },
      entries: entries
    )
  }
}

extension ByteSource {
  /// A part that is known to lie inside.
  func part(_ range: Range<Int>) -> ByteSource {
    // The ranges come from this very file's checked tables.
    (try? slice(range)) ?? ByteSource([], name: name)
  }
}
