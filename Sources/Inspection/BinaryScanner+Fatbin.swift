import Archives
import BinaryFormats
import Inventory
import ReleaseModel

extension BinaryScanner {
  /// The most bytes that one image is expanded to; a larger one isn't looked into.
  private static let largestImage = 64 << 20
  /// The most bytes that are expanded at a time.
  private static let expandedAtOnce = 48 << 20

  /// What one cubin's look-through gave.
  private struct Looked: Sendable {
    let unit: Int
    let image: Int
    let entry: FatbinEntry
    let weight: Weight
    let cubin: Result<CubinReader, BinaryFormatError>
  }

  /// Looks through the containers in `content`, a part of this file.
  ///
  /// - Returns: the bytes of the part with all images decompressed.
  func scanFatbin(
    _ content: ByteSource,
    source: (name: String, evidence: UnitRecord.Evidence)?,
    file: String? = nil,
    into collector: inout ArtifactCollector
  ) async -> Int64 {
    let file = file ?? path
    let origin = bytes.offset
    var scanner = FatbinScanner(content)
    var expanded: Int64 = 0
    var index = 0
    let buffers = ExpansionBuffers()
    var found = collector
    // Emptied, so that the sums aren't copied when they are changed.
    collector = ArtifactCollector(Artifact(name: "", kind: .other, bytes: 0), readsKernels: false)
    await withTaskGroup(of: Looked.self) { group in
      var running = 0
      var runningBytes = 0
      func collectOne() async {
        guard let looked = await group.next() else { return }
        running -= 1
        runningBytes -= looked.entry.uncompressedSize
        merge(looked, into: &found)
        looked.entry.paddedPayload.release()
      }
      while let item = scanner.next() {
        switch item {
        case .container(let header):
          let start = header.offset - origin
          found.beginUnit(
            .init(
              file: file,
              index: index,
              source: source,
              weight: weight(start..<start + header.count)
            )
          )
          index += 1
          expanded += Int64(header.count)
        case .padding(let bytes):
          expanded += Int64(bytes.count)
          bytes.release()
        case .unreadable(let bytes, let error):
          expanded += Int64(bytes.count)
          found.tell("unreadable", .error, "\(error)", bytes: Int64(bytes.count))
          bytes.release()
        case .entry(let entry):
          let start = entry.header.offset - origin
          let isSane = entry.uncompressedSize <= FatbinEntry.decompressionLimit
          let size = Int64(
            entry.size - entry.storedSize + (isSane ? entry.uncompressedSize : entry.storedSize)
          )
          expanded += size
          let weight = weight(start..<start + entry.size, expanded: size)
          let place = found.add(entry, weight)
          if found.units[place.unit].source == nil, let name = entry.identifier {
            found.nameUnit(place.unit, name, .symbols)
          }
          let (canBe, needed) = Self.isLookedInto(entry)
          let isWanted = canBe && found.readsKernels
          guard isWanted else {
            if entry.kind == .elf {
              found.kernels.addOutside("\(entry.architecture)", weight)
              if !canBe {
                found.tell(
                  "not-looked-into",
                  .note,
                  "'\(file)': a cubin for \(entry.architecture) of \(entry.uncompressedSize) bytes is not looked into",
                  bytes: Int64(entry.size)
                )
              }
            }
            entry.header.release()
            entry.paddedPayload.release()
            continue
          }
          while running >= workers * 2 || (running > 0 && runningBytes + needed > Self.expandedAtOnce) {
            await collectOne()
          }
          running += 1
          runningBytes += entry.uncompressedSize
          group.addTask {
            let cubin = Result { () throws(BinaryFormatError) in
              try entry.withDecompressedPayload(in: buffers) { content throws(BinaryFormatError) in
                try CubinReader(content)
              }
            }
            return Looked(unit: place.unit, image: place.image, entry: entry, weight: weight, cubin: cubin)
          }
        }
      }
      while running > 0 { await collectOne() }
    }
    collector = found
    return expanded
  }

  /// Whether an entry's kernels are read, and the memory that takes.
  private static func isLookedInto(_ entry: FatbinEntry) -> (Bool, Int) {
    guard entry.kind == .elf, entry.compression != .unknown else { return (false, 0) }
    if entry.compression == .none { return (true, 0) }
    return (entry.uncompressedSize <= largestImage, entry.uncompressedSize)
  }

  private func merge(_ looked: Looked, into collector: inout ArtifactCollector) {
    let architecture = "\(looked.entry.architecture)"
    let cubin: CubinReader
    switch looked.cubin {
    case .success(let read): cubin = read
    case .failure(let error):
      collector.tell("broken-image", .warning, "\(error)", bytes: Int64(looked.entry.size))
      collector.kernels.addOutside(architecture, looked.weight)
      return
    }
    if cubin.toolkit > 0 { collector.toolkits.insert(cubin.toolkit) }
    if cubin.architectureNumber != looked.entry.architecture.number {
      collector.tell(
        "mismatch",
        .warning,
        "'\(path)': an entry for sm_\(architecture) holds a cubin for sm_\(cubin.architectureNumber)",
        bytes: Int64(looked.entry.size)
      )
    }
    var rest = looked.weight
    let payload = looked.entry.paddedPayload.offset - bytes.offset
    let stored = looked.entry.storedSize
    let packed = map?.compressed(payload..<payload + stored)
    for kernel in cubin.kernels {
      var weight = Weight(bytes: 0, archivedBytes: map == nil ? nil : 0)
      if looked.entry.compression == .none {
        for range in kernel.ranges {
          weight += self.weight(payload + range.lowerBound..<payload + range.upperBound)
        }
      } else {
        // What a kernel takes of a compressed image isn't known; it counts by its size.
        let size = max(looked.entry.uncompressedSize, 1)
        func share(_ bytes: Int64) -> Int64 { Int64(Double(bytes) * Double(kernel.bytes) / Double(size)) }
        weight = Weight(
          bytes: share(Int64(stored)),
          expandedBytes: Int64(kernel.bytes),
          archivedBytes: packed.map(share)
        )
      }
      rest.subtract(weight)
      let name = cubin.name(of: kernel)
      collector.kernels.add(name, architecture, weight, unit: looked.unit, image: looked.image)
      if collector.units[looked.unit].source == nil, let source = UnitNames.source(ofLocal: name) {
        collector.nameUnit(looked.unit, source, .kernels)
      }
    }
    collector.kernels.addOutside(architecture, rest)
  }

  /// Looks through a cubin that is a file of its own.
  func scanCubin(into collector: inout ArtifactCollector) throws(BinaryFormatError) {
    let header = try CubinHeader(bytes)
    let cubin = try CubinReader(bytes)
    let architecture = FatbinArchitecture(
      header.architectureNumber,
      isArchitectureSpecific: header.isArchitectureSpecific ?? false
    )
    let key = ImageRow.Key(architecture: "\(architecture)", kind: .real, compression: .none)
    if cubin.toolkit > 0 { collector.toolkits.insert(cubin.toolkit) }
    collector.beginUnit(
      .init(file: path, index: 0, source: (UnitNames.source(ofObject: path), .object), weight: .zero)
    )
    let place = collector.add(key, weight(0..<bytes.count), payload: Int64(bytes.count))
    var rest = weight(0..<bytes.count)
    for kernel in cubin.kernels {
      let weight = kernel.ranges.reduce(Weight(archivedBytes: map == nil ? nil : 0)) { $0 + self.weight($1) }
      rest.subtract(weight)
      collector.kernels.add(
        cubin.name(of: kernel),
        key.architecture,
        weight,
        unit: place.unit,
        image: place.image
      )
    }
    collector.kernels.addOutside(key.architecture, rest)
  }
}

extension Weight {
  /// Takes a part away.
  fileprivate mutating func subtract(_ part: Weight) {
    bytes = bytes - part.bytes
    expandedBytes = expandedBytes - part.expandedBytes
    if let archived = part.archivedBytes { archivedBytes = (archivedBytes ?? .zero) - archived }
  }
}
