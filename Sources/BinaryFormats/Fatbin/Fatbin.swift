/// The content of a `.nv_fatbin` section: one container after the other.
public struct Fatbin: Sendable {
  /// The section that nvcc puts containers into.
  public static let sectionName = ".nv_fatbin"
  /// The section for containers that are linked on the device first (`-rdc=true`).
  public static let relocatableSectionName = "__nv_relfatbin"

  /// All bytes of the section.
  public let bytes: ByteSource
  /// The containers in their order.
  public let containers: [FatbinContainer]
  /// The zero bytes between and behind containers.
  public let paddingSize: Int

  /// All entries of all containers in their order.
  public var entries: [FatbinEntry] { containers.flatMap(\.entries) }

  /// Reads all containers of a section.
  ///
  /// Zero bytes between containers are allowed: tools that rewrite a linked library leave them.
  ///
  /// - Throws: ``BinaryFormatError`` when something else than containers and zero bytes stands there, or does not fit.
  public init(parsing bytes: ByteSource) throws(BinaryFormatError) {
    var reader = ByteReader(bytes)
    var containers: [FatbinContainer] = []
    var padding = 0
    while true {
      let next = bytes.endOfZeros(from: reader.position)
      padding += next - reader.position
      try reader.seek(to: next)
      if reader.remaining == 0 { break }
      containers.append(try FatbinContainer(&reader))
    }
    self.bytes = bytes
    self.containers = containers
    paddingSize = padding
  }

  /// Reads the `.nv_fatbin` section of a file; nil if it has none.
  ///
  /// - Throws: ``BinaryFormatError`` when the section holds something else than containers.
  public init?(in file: ELFFile) throws(BinaryFormatError) {
    guard let section = file.section(named: Self.sectionName) else { return nil }
    try self.init(section, of: file)
  }

  /// Reads a section of a file.
  init(_ section: ELFSection, of file: ELFFile) throws(BinaryFormatError) {
    guard section.flags & ELFSection.compressedFlag == 0 else {
      throw file.bytes.error(
        .unsupported,
        at: Int(clamping: section.offset),
        "section '\(section.name)' cannot be read; it is compressed as a whole"
      )
    }
    try self.init(parsing: file.bytes(of: section))
  }
}

extension ByteSource {
  /// The place of the next 8 bytes from `place` on that are not all zero, or the end.
  func endOfZeros(from place: Int) -> Int {
    withUnsafeBytes { bytes in
      var place = place
      while place + 8 <= bytes.count, bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) == 0 {
        place += 8
      }
      if bytes.count - place < 8, bytes[place...].allSatisfy({ $0 == 0 }) { return bytes.count }
      return place
    }
  }
}
