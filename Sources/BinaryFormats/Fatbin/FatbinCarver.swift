/// Takes some entries of the fat binaries in a relocatable object and makes a new object of them.
///
/// Pure: bytes in, bytes out. Payloads are never copied, and only looked at when they are recompressed.
public struct FatbinCarver: Sendable {
  /// The object to carve.
  public let object: ELFFile
  /// What is in its `.nv_fatbin` section; nil for an object without device code.
  public let fatbin: Fatbin?
  private let section: ELFSection?

  /// Reads the object and checks that everything in it is understood.
  ///
  /// - Throws: ``BinaryFormatError`` when the file is no relocatable object, is broken, or holds device code of which
  ///   nobody can say what dropping a part of it would do: concat groups, link-time code, unknown kinds or flags,
  ///   code compiled with `-rdc=true`, or a cubin for another architecture than its entry says.
  public init(_ object: ELFFile) throws(BinaryFormatError) {
    guard object.isRelocatable else {
      throw object.bytes.error(
        .unsupported,
        at: 16,
        "only an object for the linker (.o) can be carved; carve the objects and link them again"
      )
    }
    if object.section(named: Fatbin.relocatableSectionName) != nil {
      throw object.bytes.error(
        .unsupported,
        "section '\(Fatbin.relocatableSectionName)' cannot be carved; compile without -rdc=true (separable compilation)"
      )
    }
    let sections = object.sections.filter { $0.name == Fatbin.sectionName }
    guard sections.count <= 1 else {
      throw object.bytes.error(.unsupported, "there must be only one section '\(Fatbin.sectionName)'")
    }
    self.object = object
    section = sections.first
    if let section = sections.first {
      let fatbin = try Fatbin(section, of: object)
      for container in fatbin.containers { try Self.check(container) }
      self.fatbin = fatbin
    } else {
      fatbin = nil
    }
  }

  /// Makes an object that holds only the entries for which `keep` is true.
  ///
  /// A container that keeps nothing stays as an empty one, because host code registers it. An object without device
  /// code comes back as it is.
  ///
  /// - Parameters:
  ///   - keep: Whether to keep an entry; called once for each.
  ///   - rewrite: Makes another entry of each that is kept, before it is stored.
  ///   - method: How to store the kept payloads; nil leaves them as they are.
  /// - Throws: ``BinaryFormatError`` when an entry cannot be recompressed, or the object cannot be rewritten.
  public func carve(
    keeping keep: (FatbinEntry) -> Bool,
    rewriting rewrite: ((FatbinEntry) throws(BinaryFormatError) -> FatbinEntry)? = nil,
    recompressing method: FatbinCompressionMethod? = nil
  ) throws(BinaryFormatError) -> CarvedObject {
    guard let section, let fatbin else { return try CarvedObject(unchanged: object) }
    var containers: [FatbinContainer] = []
    var content = ByteRope()
    var newPlaces: [UInt64: UInt64] = [:]
    for container in fatbin.containers {
      var entries: [FatbinEntry] = []
      for entry in container.entries where keep(entry) {
        var entry = entry
        if let rewrite { entry = try rewrite(entry) }
        if let method { entry = try entry.recompressed(as: method) }
        entries.append(entry)
      }
      let carved = container.replacing(entries: entries)
      newPlaces[UInt64(container.offset)] = UInt64(content.count)
      content.append(carved.serialized())
      containers.append(carved)
    }
    let edits = try ELFReferences(into: section, of: object).edits(newPlaces: newPlaces)
    return CarvedObject(
      bytes: try object.replacing(section, with: content, otherEdits: edits),
      section: content,
      containers: containers,
      inventory: try FatbinInventory(
        containers: containers,
        sectionBytes: content.count,
        name: object.bytes.name
      )
    )
  }

  private static func check(_ container: FatbinContainer) throws(BinaryFormatError) {
    guard container.version == 1, container.header.count == FatbinContainer.fixedHeaderSize else {
      throw container.header.error(
        .unsupported,
        at: 4,
        "a fatbin container must be of version 1 with a header of 16 bytes to be carved"
      )
    }
    for entry in container.entries {
      switch entry.kind {
      case .ptx, .elf: break
      case .group:
        throw entry.header.error(
          .unsupported,
          "a group of images cannot be carved; compile without --concat"
        )
      case .intermediate:
        throw entry.header.error(
          .unsupported,
          "code for link-time optimisation cannot be carved; compile without -dlto and lto_ targets"
        )
      case .unknown:
        throw entry.header.error(
          .unsupported,
          "an entry of \(entry.kind) cannot be carved; its meaning is not known to this version"
        )
      }
      let unknown = entry.flags.subtracting(.known)
      guard unknown.isEmpty else {
        throw entry.header.error(
          .unsupported,
          at: FatbinEntry.Field.flags,
          "an entry with the flags \(hexadecimal(unknown.rawValue)) cannot be carved; "
            + "their meaning is not known to this version"
        )
      }
      try entry.validateCubin()
    }
  }
}
