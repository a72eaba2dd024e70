public import SystemPackage

/// A read-only run of bytes in a mapped file or in memory, and a name for it in messages.
///
/// Slices share the memory and keep it alive; nothing is copied. They remember where they lie in the whole, so that
/// errors can name the byte of the file.
public struct ByteSource: Sendable {
  /// The path of the file, or a label for bytes that come from no file.
  public let name: String
  /// The place of the first byte, in bytes from the begin of the file.
  public let offset: Int
  /// The length in bytes.
  public let count: Int
  let storage: ByteStorage
  private let start: Int

  init(name: String, storage: ByteStorage, start: Int, count: Int, offset: Int) {
    self.name = name
    self.storage = storage
    self.start = start
    self.count = count
    self.offset = offset
  }

  /// Copies `bytes` into memory of its own.
  ///
  /// - Parameters:
  ///   - bytes: The bytes.
  ///   - name: The label for messages.
  ///   - offset: The place of the first byte in the whole that `name` stands for.
  public init(_ bytes: [UInt8], name: String, offset: Int = 0) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    memory.copyBytes(from: bytes)
    self.init(
      name: name,
      storage: ByteStorage(allocation: memory),
      start: 0,
      count: bytes.count,
      offset: offset
    )
  }

  /// Reserves `capacity` bytes, lets `fill` write into them, and keeps those that were written.
  ///
  /// - Parameters:
  ///   - capacity: The bytes to reserve; check untrusted sizes before.
  ///   - name: The label for messages.
  ///   - offset: The place of the first byte in the whole that `name` stands for.
  ///   - buffer: Memory to use again, instead of fresh one.
  ///   - fill: Writes the bytes and returns how many it wrote, at most `capacity`.
  init<Failure: Error>(
    capacity: Int,
    name: String,
    offset: Int = 0,
    in buffer: ExpansionBuffer? = nil,
    fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    let storage =
      buffer?.reserve(capacity)
      ?? ByteStorage(allocation: .allocate(byteCount: capacity, alignment: 16))
    let memory = UnsafeMutableRawBufferPointer(mutating: storage.memory)
    let count = try fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<capacity]))
    self.init(name: name, storage: storage, start: 0, count: min(max(count, 0), capacity), offset: offset)
  }

  /// Maps the file at `path`; ``MappedFile`` says which errors are thrown.
  public init(mapping path: FilePath) throws(BinaryFormatError) {
    self = try MappedFile(path).bytes
  }

  /// Looks at the bytes in place; the pointer is valid only inside `body`.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(rebasing: storage.memory[start..<start + count]))
  }

  /// Gives the memory of a mapped file's pages back to the system; the bytes stay readable.
  ///
  /// Going through a file of a gigabyte without this makes the process look as large as the file.
  public func release() { storage.release(start..<start + count) }

  /// The bytes, copied into an array.
  public func array() -> [UInt8] {
    withUnsafeBytes { Array($0) }
  }

  /// A part of the bytes, without copying.
  ///
  /// - Parameters:
  ///   - range: The part, counted from the first byte of this source.
  ///   - what: What the part is, for the message.
  /// - Throws: ``BinaryFormatError`` of kind `truncated` when the range does not lie inside.
  public func slice(_ range: Range<Int>, _ what: String = "the part") throws(BinaryFormatError) -> ByteSource
  {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw error(
        .truncated,
        at: range.lowerBound,
        "\(what) ends at byte \(position(range.upperBound)), past the end of the bytes (\(position(count)))"
      )
    }
    return unchecked(range)
  }

  /// A part of the bytes given by untrusted numbers, without copying.
  ///
  /// - Throws: ``BinaryFormatError`` of kind `truncated` when the part does not lie inside.
  func slice(from begin: UInt64, count length: UInt64, _ what: String) throws(BinaryFormatError) -> ByteSource
  {
    let (end, overflow) = begin.addingReportingOverflow(length)
    guard !overflow, end <= UInt64(count) else {
      throw error(
        .truncated,
        at: begin <= UInt64(count) ? Int(begin) : count,
        "\(what) begins at byte \(hexadecimal(begin)) and is \(hexadecimal(length)) bytes long, "
          + "past the end of the bytes (\(hexadecimal(count))); was the file cut off by a failed copy?"
      )
    }
    return unchecked(Int(begin)..<Int(end))
  }

  /// A part that is known to lie inside.
  func unchecked(_ range: Range<Int>) -> ByteSource {
    ByteSource(
      name: name,
      storage: storage,
      start: start + range.lowerBound,
      count: range.count,
      offset: offset &+ range.lowerBound
    )
  }

  /// A little-endian number at a place that is known to lie inside.
  func load<Number: FixedWidthInteger>(_ place: Int, as type: Number.Type = Number.self) -> Number {
    withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: type)) }
  }

  /// An error at a place of this source.
  func error(_ kind: BinaryFormatError.Kind, at place: Int = 0, _ rule: String) -> BinaryFormatError {
    BinaryFormatError(kind, in: name, at: offset &+ place, rule)
  }

  private func position(_ place: Int) -> String {
    hexadecimal(offset &+ place)
  }
}
