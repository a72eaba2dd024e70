import CZstd
import Synchronization

/// Memory and decoders that are used again for one image after the other.
///
/// A library has ten thousand images of a megabyte. Fresh memory for each of them cost more than decompressing: the
/// system clears every page of it.
public final class ExpansionBuffers: Sendable {
  private let idle = Mutex<[ExpansionBuffer]>([])

  /// Starts without memory; there are as many buffers as expansions at once.
  public init() {}

  /// Lends a buffer.
  ///
  /// - Parameter size: of the image; before a large one, the memory that is kept goes, so that the two don't add up.
  func borrow<Result, Failure: Error>(
    for size: Int,
    _ body: (ExpansionBuffer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if size > ExpansionBuffer.kept { idle.withLock { $0.removeAll() } }
    let buffer = idle.withLock { $0.popLast() } ?? ExpansionBuffer()
    defer { idle.withLock { $0.append(buffer) } }
    return try body(buffer)
  }
}

/// The memory for one image at a time, and zstd's decoder.
final class ExpansionBuffer: @unchecked Sendable {
  // Unchecked: whoever took it out of the pool is the only one to use it.

  /// The largest image in bytes for which memory is kept; a larger one gets its own, which goes with it.
  ///
  /// What no image touches of it is address space only.
  static let kept = 24 << 20

  private var storage: ByteStorage?
  private(set) lazy var zstd = ZSTD_createDCtx()

  deinit { ZSTD_freeDCtx(zstd) }

  /// Memory of at least `capacity` bytes; that of the last image, unless somebody still looks into it.
  func reserve(_ capacity: Int) -> ByteStorage {
    if capacity <= Self.kept, isKnownUniquelyReferenced(&storage), let storage { return storage }
    let size = max(capacity, Self.kept)
    let fresh = ByteStorage(allocation: .allocate(byteCount: size, alignment: 16))
    if capacity <= Self.kept { storage = fresh }
    return fresh
  }
}

extension FatbinEntry {
  /// Looks at the payload as the compiler made it, which ``decompressedPayload()`` describes, in memory that others
  /// had before.
  public func withDecompressedPayload<Result>(
    in buffers: ExpansionBuffers,
    _ body: (ByteSource) throws(BinaryFormatError) -> Result
  ) throws(BinaryFormatError) -> Result {
    guard compression == .lz4 || compression == .zstd else { return try body(decompressedPayload()) }
    return try buffers.borrow(for: uncompressedSize) { buffer throws(BinaryFormatError) in
      try body(decompressedPayload(in: buffer))
    }
  }
}
