import Archives
import BinaryFormats

/// The 80 bytes that a packed file begins with; numbers are little-endian.
struct PackedHeader: Hashable {
  static let size = 80
  static let magic = Array("LLCUPACK".utf8)
  static let version: UInt32 = 2
  /// The most bytes of an index that is read: 300,000 entries, a hundred times what ggml has.
  static let indexLimit = 64 << 20

  var indexOffset: Int
  var indexStoredSize: Int
  var indexSize: Int
  var indexSHA256: [UInt8]
  var fileSize: Int

  /// The identity of a packed file: the first half of its index's digest, which covers every digest of its content.
  var identity: String { SHA256Digest.hex(indexSHA256.prefix(16)) }

  /// Bytes 0 to 79.
  var bytes: [UInt8] {
    var bytes = Self.magic
    func add(_ number: some FixedWidthInteger) {
      withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
    add(Self.version)
    add(UInt32(0))
    for number in [indexOffset, indexStoredSize, indexSize] { add(UInt64(number)) }
    bytes += indexSHA256
    add(UInt64(fileSize))
    return bytes
  }
}

extension PackedHeader {
  /// Reads and checks the header of a file.
  ///
  /// - Throws: `BinaryFormatError` for another kind of file, another version, or sizes that contradict the file's.
  init(_ file: ByteSource) throws(BinaryFormatError) {
    func fault(_ kind: BinaryFormatError.Kind, _ place: Int, _ rule: String) -> BinaryFormatError {
      BinaryFormatError(kind, in: file.name, at: place, rule)
    }
    var reader = ByteReader(file)
    guard try reader.take(8, "the header").array() == Self.magic else {
      throw fault(.invalid, 0, "a file of packed kernels must begin with 'LLCUPACK'")
    }
    let version = try reader.read(UInt32.self)
    guard version == Self.version else {
      throw fault(
        .unsupported,
        8,
        "the format must be of version \(Self.version); it is \(version), made by another llcuda-build"
      )
    }
    guard try reader.read(UInt32.self) == 0 else {
      throw fault(.unsupported, 12, "the flags must be 0; others are not known to this version")
    }
    var numbers: [Int] = []
    for place in [16, 24, 32] {
      let number = try reader.read(UInt64.self)
      guard let number = Int(exactly: number), number <= 1 << 48 else {
        throw fault(.invalid, place, "a size of \(number) bytes is larger than any file")
      }
      numbers.append(number)
    }
    indexSHA256 = try reader.take(32, "the digest").array()
    let fileSize = try reader.read(UInt64.self)
    guard fileSize == UInt64(file.count) else {
      throw fault(
        .truncated,
        72,
        "the file must have \(fileSize) bytes; it has \(file.count); was it cut off?"
      )
    }
    (indexOffset, indexStoredSize, indexSize) = (numbers[0], numbers[1], numbers[2])
    self.fileSize = file.count
    guard indexOffset >= Self.size, indexOffset + indexStoredSize == file.count else {
      throw fault(.invalid, 16, "the index must be the end of the file")
    }
    guard indexSize <= Self.indexLimit else {
      throw fault(
        .invalid,
        32,
        "the index of \(indexSize) bytes is larger than the limit of \(Self.indexLimit)"
      )
    }
  }
}
