public import BinaryFormats
import Foundation

/// A fat library taken apart: its skeleton, and its entries in the order in which they compress best.
///
/// A value: nothing is compressed or written yet.
public struct PackedLibrary: Sendable {
  /// The library.
  public let file: ELFFile
  /// The slice's name.
  public let slice: String
  /// The bytes outside of containers, ascending.
  let skeleton: [Range<Int>]
  /// The containers in the order of the library.
  let containers: [FatbinContainer]
  /// Where the first byte of the fat binary's section lies in the library.
  let sectionOffset: Int
  /// The kinds of entries, ascending.
  let images: [PackedIndex.Image]
  /// The blocks with their entries.
  let blocks: [[Place]]

  /// Where an entry stands.
  struct Place: Hashable, Sendable {
    let container: Int
    let number: Int
    let image: Int
  }

  /// How entries are put into blocks.
  public struct Arrangement: Hashable, Sendable {
    /// The most bytes of a block before it is compressed; a single entry may be larger.
    public var blockSize: Int
    /// Lowest numbers of architectures that begin a new family; families never share a block.
    public var families: [Int]

    /// Makes an arrangement.
    public init(blockSize: Int, families: [Int]) {
      self.blockSize = blockSize
      self.families = families
    }

    /// The settled one; the measurements stand in `dist/packed-format.md`.
    public static let standard = Arrangement(blockSize: 1 << 30, families: [70, 80])

    func family(of image: PackedIndex.Image) -> Int {
      // PTX is text, and one machine in a hundred needs it.
      if image.kind == "virtual" { return -1 }
      let number = Int(image.architecture.filter(\.isNumber)) ?? 0
      return families.count { $0 <= number }
    }
  }

  /// Takes a library apart.
  ///
  /// - Throws: `BinaryFormatError` when it has no fat binary, or one that can't be filtered without guessing.
  public init(
    _ file: ELFFile,
    slice: String,
    arrangement: Arrangement = .standard
  ) throws(BinaryFormatError) {
    guard let section = file.section(named: Fatbin.sectionName), let fatbin = try Fatbin(in: file) else {
      throw BinaryFormatError(.invalid, in: file.bytes.name, "there are no kernels to pack")
    }
    let start = Int(section.offset)
    var images: Set<PackedIndex.Image> = []
    for entry in fatbin.entries {
      guard entry.isUnderstood, let image = PackedIndex.Image(entry) else {
        throw BinaryFormatError(
          .unsupported,
          in: file.bytes.name,
          at: entry.header.offset,
          "an entry of \(entry.kind) can't be packed, because nobody could say who needs it"
        )
      }
      images.insert(image)
    }
    let sorted = images.sorted()
    let numbers = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })

    // Unit by unit with the architectures of a unit side by side: that is where the likeness is.
    var families: [Int: [(place: Place, size: Int)]] = [:]
    for (index, container) in fatbin.containers.enumerated() {
      var unit: [(place: Place, size: Int)] = []
      for (number, entry) in container.entries.enumerated() {
        guard let image = PackedIndex.Image(entry), let image = numbers[image] else { continue }
        unit.append((Place(container: index, number: number, image: image), entry.size))
      }
      for item in unit.sorted(by: { ($0.place.image, $0.place.number) < ($1.place.image, $1.place.number) }) {
        families[arrangement.family(of: sorted[item.place.image]), default: []].append(item)
      }
    }
    var blocks: [[Place]] = []
    for (_, entries) in families.sorted(by: { $0.key < $1.key }) {
      // Blocks of equal size, so that no small rest compresses badly.
      let total = entries.reduce(0) { $0 + $1.size }
      let share = total / max(1, (total + arrangement.blockSize - 1) / arrangement.blockSize)
      var block: [Place] = []
      var size = 0
      for (index, entry) in entries.enumerated() {
        block.append(entry.place)
        size += entry.size
        // A unit stays together.
        let isLast = index + 1 == entries.count
        if isLast || size >= share && entries[index + 1].place.container != entry.place.container {
          blocks.append(block)
          (block, size) = ([], 0)
        }
      }
    }

    self.file = file
    self.slice = slice
    self.containers = fatbin.containers
    self.sectionOffset = start
    self.images = sorted
    self.blocks = blocks
    var skeleton: [Range<Int>] = []
    var place = 0
    for container in fatbin.containers {
      let begin = start + container.offset
      if begin > place { skeleton.append(place..<begin) }
      place = begin + container.size
    }
    if place < file.bytes.count { skeleton.append(place..<file.bytes.count) }
    self.skeleton = skeleton
  }

  /// An entry.
  func entry(at place: Place) -> FatbinEntry { containers[place.container].entries[place.number] }
}

extension PackedIndex.Image: Comparable {
  /// What an entry is; `nil` for kinds that are neither a cubin nor PTX.
  init?(_ entry: FatbinEntry) {
    switch entry.kind {
    case .elf: self.init(architecture: "\(entry.architecture)", kind: "real")
    case .ptx: self.init(architecture: "\(entry.architecture)", kind: "virtual")
    default: return nil
    }
  }

  /// Orders by architecture, cubins first.
  public static func < (left: Self, right: Self) -> Bool {
    func key(_ image: Self) -> (Int, String, String) {
      (Int(image.architecture.filter(\.isNumber)) ?? 0, image.architecture, image.kind)
    }
    return key(left) < key(right)
  }
}
