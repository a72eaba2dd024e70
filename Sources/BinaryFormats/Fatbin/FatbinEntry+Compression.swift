/// How to store the payload of a fat binary entry.
public enum FatbinCompressionMethod: Sendable, Hashable {
  /// As it is.
  case none
  /// One raw LZ4 block.
  case lz4
  /// One zstd frame of this level, 1 to 22; needs driver 550.54.14 or later.
  case zstd(level: Int)
}

extension FatbinEntry {
  /// The largest payload in bytes that is decompressed; a header that promises more is refused.
  public static let decompressionLimit = 1 << 30

  /// The payload as the compiler made it: a cubin, or PTX text with one NUL behind it.
  ///
  /// An uncompressed payload is a slice, not a copy. An uncompressed cubin keeps its padding, of which nvcc's have
  /// none.
  ///
  /// - Throws: ``BinaryFormatError`` when the compression is unknown, the stream is broken, or gives another number of
  ///   bytes than the header promises.
  public func decompressedPayload() throws(BinaryFormatError) -> ByteSource {
    try decompressedPayload(in: nil)
  }

  /// The same in memory that is used again.
  func decompressedPayload(in buffer: ExpansionBuffer?) throws(BinaryFormatError) -> ByteSource {
    switch compression {
    case .none: return kind == .ptx ? try textWithoutPadding() : paddedPayload
    case .lz4:
      // An LZ4 block gives at most 255 bytes for one of its own.
      try checkUncompressedSize(limit: min(Self.decompressionLimit, storedSize * 255))
      return try FatbinCodec.decompressLZ4(storedPayload, size: uncompressedSize, in: buffer)
    case .zstd:
      try checkUncompressedSize(limit: Self.decompressionLimit)
      return try FatbinCodec.decompressZstd(storedPayload, size: uncompressedSize, in: buffer)
    case .unknown: throw unknownCompression()
    }
  }

  /// The first bytes of the decompressed payload, without decompressing more than these.
  func decompressedPrefix(_ count: Int) throws(BinaryFormatError) -> ByteSource {
    guard uncompressedSize >= count else {
      throw header.error(
        .truncated,
        at: Field.uncompressedSize,
        "the payload must be at least \(count) bytes long"
      )
    }
    switch compression {
    case .none: return try paddedPayload.slice(0..<count)
    case .lz4: return try FatbinCodec.prefixOfLZ4(storedPayload, count: count)
    case .zstd: return try FatbinCodec.prefixOfZstd(storedPayload, count: count)
    case .unknown: throw unknownCompression()
    }
  }

  /// The same entry with its payload stored in another way.
  ///
  /// The header fields that say how it is stored are written anew, everything else is kept. The entry is left
  /// uncompressed if compression does not make it smaller, and unchanged if it is stored as wanted already (zstd is
  /// always done again, because the level of what is there is unknown).
  ///
  /// - Throws: ``BinaryFormatError`` when the entry cannot be decompressed, or is of a kind that is not understood.
  public func recompressed(as method: FatbinCompressionMethod) throws(BinaryFormatError) -> FatbinEntry {
    switch (method, compression) {
    case (.none, .none), (.lz4, .lz4): return self
    default: break
    }
    guard isUnderstood else {
      throw header.error(
        .unsupported,
        "an entry of \(kind) with flags \(hexadecimal(flags.rawValue)) cannot be recompressed"
      )
    }
    let content = try decompressedPayload()
    let stored: ByteSource? =
      switch method {
      case .none: nil
      case .lz4: try FatbinCodec.compressLZ4(content)
      case .zstd(let level): try FatbinCodec.compressZstd(content, level: level)
      }
    if let stored, roundUp(stored.count, to: 8) < roundUp(content.count, to: 8) {
      return try storing(stored, uncompressedSize: content.count, flag: method == .lz4 ? .lz4 : .zstd)
    }
    return try storing(content, uncompressedSize: nil, flag: [])
  }

  /// The same entry of PTX with another text, uncompressed; a NUL byte is put behind it.
  ///
  /// - Throws: ``BinaryFormatError`` for an entry that is no PTX or isn't understood.
  public func replacing(text: [UInt8]) throws(BinaryFormatError) -> FatbinEntry {
    guard kind == .ptx, isUnderstood else {
      throw header.error(.unsupported, "only the text of PTX that is understood can be replaced")
    }
    let content = ByteSource(text + [0], name: paddedPayload.name, offset: paddedPayload.offset)
    return try storing(content, uncompressedSize: nil, flag: [])
  }

  /// The entry with another payload and the four header fields that go with it.
  private func storing(
    _ payload: ByteSource,
    uncompressedSize: Int?,
    flag: FatbinFlags
  ) throws(BinaryFormatError) -> FatbinEntry {
    guard let compressedSize = UInt32(exactly: uncompressedSize == nil ? 0 : payload.count) else {
      throw header.error(.unsupported, "a compressed payload cannot be larger than 4 GiB")
    }
    let paddedSize = roundUp(payload.count, to: 8)
    var fields = header.array()
    fields.store(UInt64(paddedSize), at: Field.paddedSize)
    fields.store(compressedSize, at: Field.compressedSize)
    fields.store(flags.subtracting(.compression).union(flag).rawValue, at: Field.flags)
    fields.store(UInt64(uncompressedSize ?? 0), at: Field.uncompressedSize)

    let padded =
      paddedSize == payload.count
      ? payload
      : ByteSource(capacity: paddedSize, name: payload.name, offset: payload.offset) { memory in
        payload.withUnsafeBytes { memory.copyMemory(from: $0) }
        for place in payload.count..<paddedSize { memory[place] = 0 }
        return paddedSize
      }
    return try FatbinEntry(
      header: ByteSource(fields, name: header.name, offset: header.offset),
      paddedPayload: padded
    )
  }

  private func textWithoutPadding() throws(BinaryFormatError) -> ByteSource {
    let end = paddedPayload.withUnsafeBytes { bytes in
      bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    }
    guard end < paddedPayload.count else {
      throw paddedPayload.error(.invalid, at: end, "PTX text must end in a NUL byte")
    }
    return paddedPayload.unchecked(0..<end + 1)
  }

  private func checkUncompressedSize(limit: Int) throws(BinaryFormatError) {
    guard uncompressedSize > 0, uncompressedSize <= limit else {
      throw header.error(
        .invalid,
        at: Field.uncompressedSize,
        "the uncompressed size must be from 1 to \(limit) bytes for this payload; it says \(uncompressedSize)"
      )
    }
  }

  private func unknownCompression() -> BinaryFormatError {
    header.error(
      .unsupported,
      at: Field.flags,
      "the payload must be stored plain, as LZ4 or as zstd; flags \(hexadecimal(flags.rawValue)) say something else"
    )
  }
}
