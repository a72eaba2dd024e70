/// An `ar` archive of objects (`.a`), as GNU tools write them.
///
/// Source of the format: System V ABI, "Archive File"; GNU's long names are kept in a member called `//`.
public struct StaticArchive: Sendable {
  /// A part of the archive.
  public struct Member: Sendable {
    /// Its name; `nil` for what belongs to the archive itself: the index of symbols, long names.
    public let name: String?
    /// Its bytes.
    public let bytes: ByteSource
  }

  /// The first bytes of an archive.
  public static let magic = Array("!<arch>\n".utf8)
  private static let headerSize = 60

  /// The members in order.
  public let members: [Member]
  /// The bytes of headers and padding.
  public let headerBytes: Int
  /// Why reading ended before the end; `nil` when it didn't.
  public let problem: BinaryFormatError?
  /// The bytes behind the last member that could be read.
  public let unreadBytes: Int

  /// Reads an archive as far as it can be read.
  ///
  /// - Throws: ``BinaryFormatError`` when it is none.
  public init(_ bytes: ByteSource) throws(BinaryFormatError) {
    var reader = ByteReader(bytes)
    guard try reader.take(Self.magic.count, "the magic number").array() == Self.magic else {
      throw bytes.error(.invalid, "is no static library; the first eight bytes must be '!<arch>'")
    }
    var members: [Member] = []
    var longNames: ByteSource?
    var inside = 0
    var problem: BinaryFormatError?
    do {
      while reader.remaining > 0 {
        let (name, size) = try Self.header(&reader)
        let content = try reader.take(size, "the member '\(name)'")
        inside += size
        if name == "//" { longNames = content }
        members.append(Member(name: Self.resolve(name, longNames), bytes: content))
        if reader.position % 2 == 1, reader.remaining > 0 { _ = try reader.read(UInt8.self) }
      }
    } catch {
      problem = error
    }
    self.members = members
    self.problem = problem
    let end =
      problem == nil ? bytes.count : members.last.map { $0.bytes.offset + $0.bytes.count - bytes.offset } ?? 8
    unreadBytes = bytes.count - end
    headerBytes = end - inside
  }

  private static func header(_ reader: inout ByteReader) throws(BinaryFormatError) -> (String, Int) {
    let header = try reader.take(headerSize, "the header of a member")
    let text = header.array()
    func field(_ range: Range<Int>) -> String {
      let bytes = text[range].reversed().drop { $0 == UInt8(ascii: " ") }.reversed()
      return String(decoding: Array(bytes), as: UTF8.self)
    }
    guard text[58] == 0x60, text[59] == 0x0A, let size = Int(field(48..<58)), size >= 0 else {
      throw header.error(.invalid, "the header of a member must end in 0x60 0x0A and hold its size")
    }
    return (field(0..<16), size)
  }

  private static func resolve(_ name: String, _ longNames: ByteSource?) -> String? {
    if name == "/" || name == "//" || name == "/SYM64/" { return nil }
    guard name.hasPrefix("/"), let place = Int(name.dropFirst()) else {
      return name.hasSuffix("/") ? String(name.dropLast()) : name
    }
    guard let longNames, place >= 0, place < longNames.count else { return name }
    return longNames.withUnsafeBytes { bytes in
      let rest = bytes[place...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "/") }
      return String(decoding: rest, as: UTF8.self)
    }
  }
}
