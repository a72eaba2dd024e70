// What an index from outside must keep to before a byte is written on its word.

extension PackedIndex {
  /// The largest library that is unpacked; x86-64's code model ends at 2 GiB.
  static let librarySizeLimit = 4 << 30

  /// What is wrong with the index, if anything: every number lies inside of what it counts.
  func contradiction(end: Int) -> String? {
    if format != Self.currentFormat { return "its format is \(format), not \(Self.currentFormat)" }
    if !(0...Self.librarySizeLimit).contains(librarySize) { return "a library of \(librarySize) bytes" }
    var place = PackedHeader.size
    for (number, block) in blocks.enumerated() {
      guard block.offset == place, block.storedSize > 0, block.storedSize <= end - place,
        (0...Self.librarySizeLimit).contains(block.size)
      else { return "block \(number) is out of place" }
      place += block.storedSize
    }
    if place != end { return "bytes between the blocks and the index" }
    // Skeleton and containers are the library, without gap or overlap.
    var runs = skeleton.runs.map { ($0.offset, $0.size) } + containers.map { ($0.offset, $0.size) }
    runs.sort { $0.0 < $1.0 }
    var covered = 0
    for (offset, size) in runs {
      guard offset == covered, size >= 0, size <= librarySize - offset else {
        return "the library is not covered at byte \(covered)"
      }
      covered += size
    }
    if covered != librarySize { return "the library is not covered at its end" }
    return contradictionInEntries()
  }

  private func contradictionInEntries() -> String? {
    guard blocks.indices.contains(skeleton.block) else { return "there is no block \(skeleton.block)" }
    var blockSizes = [Int](repeating: 0, count: blocks.count)
    blockSizes[skeleton.block] = skeleton.runs.reduce(0) { $0 + $1.size }
    var containerSizes = containers.map { $0.header.utf8.count / 2 }
    if containerSizes.contains(where: { $0 < 16 }) { return "a container's header is too short" }
    var numbers = [Set<Int>](repeating: [], count: containers.count)
    for (number, entry) in entries.enumerated() {
      guard containers.indices.contains(entry.container), images.indices.contains(entry.image),
        blocks.indices.contains(entry.block), entry.block != skeleton.block,
        (0...librarySize).contains(entry.size), (0...librarySize).contains(entry.blockSize),
        numbers[entry.container].insert(entry.number).inserted
      else { return "entry \(number) belongs nowhere" }
      blockSizes[entry.block] += entry.blockSize
      containerSizes[entry.container] += entry.size
    }
    if zip(blockSizes, blocks).contains(where: { $0 != $1.size }) {
      return "a block's size is not its entries'"
    }
    if zip(containerSizes, containers).contains(where: { $0 != $1.size }) {
      return "a container's size is not its entries'"
    }
    return nil
  }

  /// Where things go in a library that holds some images.
  ///
  /// - Parameter keep: for each image, whether it is wanted.
  /// - Returns: the headers of all containers, and the place of every wanted entry, by its number in the index.
  func targets(keeping keep: [Bool]) -> (headers: [(offset: Int, bytes: [UInt8])], places: [Int: Int]) {
    let members = Dictionary(grouping: entries.indices) { entries[$0].container }
    var headers: [(Int, [UInt8])] = []
    var places: [Int: Int] = [:]
    for (number, container) in containers.enumerated() {
      var header = container.header.hexadecimalBytes
      var place = container.offset + header.count
      let own = (members[number] ?? []).sorted { entries[$0].number < entries[$1].number }
      for entry in own where keep[entries[entry].image] {
        places[entry] = place
        place += entries[entry].size
      }
      let payload = UInt64(place - container.offset - header.count)
      withUnsafeBytes(of: payload.littleEndian) { header.replaceSubrange(8..<16, with: $0) }
      headers.append((container.offset, header))
    }
    return (headers, places)
  }
}

extension String {
  /// The bytes that pairs of hexadecimal digits stand for; other characters count as 0.
  var hexadecimalBytes: [UInt8] {
    let digits = utf8.map { UInt8(Character(UnicodeScalar($0)).hexDigitValue ?? 0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
