/// One image inside a concat group.
public struct FatbinGroupMember: Sendable, Hashable {
  /// What it holds.
  public let kind: FatbinEntryKind
  /// The architecture that it is for.
  public let architecture: FatbinArchitecture
  /// Its bytes when the group's stream is decompressed.
  public let byteCount: Int
}

extension FatbinEntry {
  /// The images of a concat group; empty for other entries and for tables of another shape.
  ///
  /// Read off files of CUDA 13.5: behind the fixed fields stand the number of images and the length of the table, then
  /// a header of 64 bytes for each image with the fields of an entry.
  public var groupMembers: [FatbinGroupMember] {
    guard kind == .group, header.count >= Self.fixedHeaderSize + 8 else { return [] }
    let count = Int(header.load(Self.fixedHeaderSize, as: UInt32.self))
    let first = Self.fixedHeaderSize + 8
    guard count <= (header.count - first) / Self.fixedHeaderSize else { return [] }
    return (0..<count).map { index in
      let start = first + index * Self.fixedHeaderSize
      let flags = FatbinFlags(rawValue: header.load(start + Field.flags))
      return FatbinGroupMember(
        kind: FatbinEntryKind(rawValue: header.load(start + Field.kind)),
        architecture: FatbinArchitecture(
          Int(header.load(start + Field.architecture, as: UInt32.self)),
          isArchitectureSpecific: flags.contains(.architectureSpecific),
          isFamilySpecific: flags.contains(.familySpecific)
        ),
        byteCount: Int(clamping: header.load(start + Field.paddedSize, as: UInt64.self))
      )
    }
  }

  /// The name of the source that `-lineinfo` and `-G` put into the header (offset 0x20, length 0x24).
  public var identifier: String? {
    let start = Int(header.load(0x20, as: UInt32.self))
    let count = Int(header.load(0x24, as: UInt32.self))
    guard count > 0, start >= Self.fixedHeaderSize, start <= header.count, count <= header.count - start
    else { return nil }
    return header.unchecked(start..<start + count).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}
