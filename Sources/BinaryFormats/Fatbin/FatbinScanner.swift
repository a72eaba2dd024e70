/// Goes through containers and entries one by one, without giving up at what is broken.
///
/// ``Fatbin`` is for files of ours, where anything odd is an error; this is for anyone's. Every byte comes in exactly one
/// item, in order. Whoever goes through a large file gives the pages back with ``ByteSource/release()``.
public struct FatbinScanner: Sendable {
  /// A part of the bytes.
  public enum Item: Sendable {
    /// The header of a container.
    case container(ByteSource)
    /// An entry of the last container.
    case entry(FatbinEntry)
    /// Zero bytes between containers.
    case padding(ByteSource)
    /// Bytes that can't be read, and why.
    case unreadable(ByteSource, BinaryFormatError)

    /// The bytes that the item takes.
    public var count: Int {
      switch self {
      case .container(let bytes), .padding(let bytes), .unreadable(let bytes, _): bytes.count
      case .entry(let entry): entry.size
      }
    }
  }

  private let bytes: ByteSource
  private var position = 0
  /// The end of the container that is being read.
  private var end = 0

  /// Starts at the first byte.
  public init(_ bytes: ByteSource) { self.bytes = bytes }

  /// The next item; `nil` at the end.
  public mutating func next() -> Item? {
    guard position < bytes.count else { return nil }
    return position < end ? entry() : outside()
  }

  private mutating func entry() -> Item {
    let rest = bytes.unchecked(position..<end)
    var reader = ByteReader(rest)
    do {
      let entry = try FatbinEntry(&reader)
      position += entry.size
      return .entry(entry)
    } catch {
      position = end
      return .unreadable(rest, error)
    }
  }

  private mutating func outside() -> Item {
    let next = bytes.endOfZeros(from: position)
    if next > position {
      defer { position = next }
      return .padding(bytes.unchecked(position..<next))
    }
    do {
      let (header, payload) = try FatbinContainer.header(of: bytes, at: position)
      position += header.count
      end = position + payload
      return .container(header)
    } catch {
      // What follows may be fine again: containers begin at multiples of 8.
      let resumed = bytes.nextContainer(behind: position) ?? bytes.count
      defer { position = resumed }
      return .unreadable(bytes.unchecked(position..<resumed), error)
    }
  }
}

extension ByteSource {
  /// The place of the next container's magic number, at a multiple of 8 from the begin.
  fileprivate func nextContainer(behind place: Int) -> Int? {
    withUnsafeBytes { bytes in
      var place = (place + 8) / 8 * 8
      while place + 8 <= bytes.count {
        let number = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        if number == FatbinContainer.magic { return place }
        place += 8
      }
      return nil
    }
  }
}
