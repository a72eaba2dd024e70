/// A relocatable object with some of the entries of another one.
public struct CarvedObject: Sendable {
  /// All bytes of the new object, as slices of the old one and new headers; write them with ``ByteRope/write(to:permissions:)``.
  public let bytes: ByteRope
  /// The content of the new `.nv_fatbin` section; nil for an object without device code.
  public let section: ByteRope?
  /// The containers of the new section.
  public let containers: [FatbinContainer]
  /// What was kept, by architecture and form.
  public let inventory: FatbinInventory

  /// Whether the object had no device code and was left as it is.
  public var isHostOnly: Bool { section == nil }

  init(bytes: ByteRope, section: ByteRope, containers: [FatbinContainer], inventory: FatbinInventory) {
    self.bytes = bytes
    self.section = section
    self.containers = containers
    self.inventory = inventory
  }

  init(unchanged object: ELFFile) throws(BinaryFormatError) {
    bytes = ByteRope(object.bytes)
    section = nil
    containers = []
    inventory = try FatbinInventory(containers: [], sectionBytes: 0, name: object.bytes.name)
  }
}
