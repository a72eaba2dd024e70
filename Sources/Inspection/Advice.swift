import Archives
import BinaryFormats
import Foundation
import Inventory
import ReleaseModel
import SystemPackage

/// Tries out how small an artifact's kernels could be stored, on the real bytes.
///
/// All of them up to ``exactBytes``; of more, whole translation units at even distances, and the result is scaled and
/// marked as an estimate.
struct Advice {
  let path: FilePath
  let artifact: Artifact
  let workers: Int

  /// The most expanded bytes that are tried out completely.
  private static let exactBytes = 256 << 20
  /// About how many expanded bytes a sample has.
  private static let sampleBytes = 128 << 20
  /// As slices are compressed by the main job.
  private static let zstdLevel = 19

  /// One image that is tried out.
  private struct Image: Sendable {
    let entry: FatbinEntry
    let weight: Weight
    /// Translation units in order.
    let unit: Int
  }

  /// What the ways to store one image give.
  fileprivate struct Trial: Sendable {
    var now = Weight.zero
    var lz4 = Weight.zero
    var zstd = Weight.zero
  }

  func remedies() async throws -> [Remedy] {
    let binaries = try unpacked()
    let images = binaries.flatMap { self.images($0.0, $0.1) }
    let (sample, factor) = sample(of: images)
    guard !sample.isEmpty else { return [] }
    let isArchive = artifact.kind.isArchive
    var sum = Trial()
    try await withThrowingTaskGroup(of: Trial.self) { group in
      var running = 0
      for image in sample {
        if running >= workers, let trial = try await group.next() {
          sum += trial
          running -= 1
        }
        running += 1
        group.addTask { try await Self.trial(image, isArchive: isArchive) }
      }
      for try await trial in group { sum += trial }
    }
    let solid = try Self.solid(sample)
    let driver =
      artifact.images.contains { $0.compression == .zstd }
      ? "loading takes about 1 ms more for each MB"
      : "driver \(DriverVersion.zstdKernels) or newer; loading takes about 1 ms more for each MB"
    func remedy(_ id: String, _ action: String, _ then: Weight, price: String) -> Remedy {
      func scaled(_ bytes: Int64) -> Int64 { factor == 1 ? bytes : Int64(Double(bytes) * factor) }
      return Remedy(
        id,
        action,
        saved: scaled(sum.now.bytes.bytes - then.bytes.bytes),
        archived: isArchive ? scaled(sum.now.shipped.bytes - then.shipped.bytes) : nil,
        isEstimate: factor != 1,
        price: price
      )
    }
    return [
      remedy(
        "recompress-lz4",
        "compress images with LZ4 where that helps",
        sum.lz4,
        price: "a little time to load"
      ),
      remedy(
        "recompress-zstd",
        "compress images with zstd \(Self.zstdLevel) where that helps",
        sum.zstd,
        price: driver
      ),
      remedy(
        "one-xz-stream",
        "pack all kernels into one xz stream",
        Weight(bytes: solid, archivedBytes: isArchive ? solid : nil),
        price: "they are unpacked at first use: seconds, and disk for what is unpacked"
      ),
    ].filter { $0.gain > .zero || $0.savedBytes > .zero }
  }

  /// Every binary with device code, unpacked to a file without a name.
  private func unpacked() throws -> [(ByteSource, CompressionMap?)] {
    let wanted = Set(artifact.units.map { $0.file.split(separator: "(").first.map(String.init) ?? $0.file })
    let copies = Set(artifact.files.filter { $0.sameAs != nil }.map(\.path))
    func mapped(_ spool: SpoolFile, _ name: String) throws -> ByteSource {
      try MappedFile(descriptor: spool.descriptor, path: FilePath(name)).bytes
    }
    switch artifact.kind {
    case .wheel, .zip:
      let listing = try ZipListing(path)
      let reader = try MemberReader(listing)
      return try listing.members.filter { wanted.contains($0.name) && !copies.contains($0.name) }.map {
        member in
        let spool = try SpoolFile()
        let map = try reader.read(member) { try spool.append($0) }
        return (try mapped(spool, member.name), map)
      }
    case .tarball:
      var found: [(ByteSource, CompressionMap?)] = []
      let shares = Dictionary(artifact.files.map { ($0.path, $0.weight.shipped.bytes) }) { first, _ in first }
      try ArchiveReader(path).members { member, data in
        guard wanted.contains(member.name), !copies.contains(member.name), member.kind == .file,
          member.byteCount > 0
        else { return }
        let spool = try SpoolFile()
        try data { try spool.append($0) }
        let map = CompressionMap(unpacked: spool.byteCount, compressed: shares[member.name] ?? 0)
        found.append((try mapped(spool, member.name), map))
      }
      return found
    default: return [(try ByteSource(mapping: path), nil)]
    }
  }

  private func images(_ bytes: ByteSource, _ map: CompressionMap?) -> [Image] {
    var found: [Image] = []
    var unit = 0
    for content in FatbinSections.contents(of: bytes) {
      var scanner = FatbinScanner(content)
      while let item = scanner.next() {
        if case .container = item { unit += 1 }
        guard case .entry(let entry) = item, entry.isUnderstood,
          entry.uncompressedSize <= FatbinEntry.decompressionLimit
        else { continue }
        let start = entry.header.offset - bytes.offset
        let archived = map?.compressed(start..<start + entry.size)
        found.append(
          Image(entry: entry, weight: Weight(bytes: Int64(entry.size), archivedBytes: archived), unit: unit)
        )
        entry.header.release()
      }
    }
    return found
  }

  /// Whole units at even distances, and by how much their sums are multiplied.
  private func sample(of images: [Image]) -> ([Image], Double) {
    let total = images.reduce(0) { $0 + $1.entry.uncompressedSize }
    guard total > Self.exactBytes else { return (images, 1) }
    let step = max(2, (total + Self.sampleBytes - 1) / Self.sampleBytes)
    let sample = images.filter { $0.unit % step == step / 2 }
    let taken = sample.reduce(0) { $0 + $1.entry.uncompressedSize }
    return (sample, taken > 0 ? Double(total) / Double(taken) : 1)
  }

  private static func trial(_ image: Image, isArchive: Bool) async throws -> Trial {
    try Task.checkCancellation()
    var trial = Trial(now: image.weight, lz4: image.weight, zstd: image.weight)
    for (method, place) in [
      (FatbinCompressionMethod.lz4, \Trial.lz4), (.zstd(level: zstdLevel), \Trial.zstd),
    ] {
      guard let entry = try? image.entry.recompressed(as: method) else { continue }
      // In an archive, what counts is what is left after its own compression.
      let archived: Int64? =
        isArchive
        ? try await CompressedSize.deflated(Data(entry.paddedPayload.array())) + Int64(entry.header.count) / 2
        : nil
      let weight = Weight(bytes: Int64(entry.size), archivedBytes: archived)
      if weight.shipped < image.weight.shipped { trial[keyPath: place] = weight }
    }
    image.entry.paddedPayload.release()
    return trial
  }

  /// The bytes of all images in two xz streams, machine code and text, units one after the other, so that the same
  /// kernels for other architectures lie near.
  private static func solid(_ images: [Image]) throws -> Int64 {
    func size(_ images: [Image], isText: Bool) throws -> Int64 {
      guard !images.isEmpty else { return 0 }
      let total = images.reduce(0) { $0 + $1.entry.uncompressedSize }
      let stream = try XZSize(isText: isText, dictionary: total)
      for image in images {
        guard let content = try? image.entry.decompressedPayload() else { continue }
        try content.withUnsafeBytes { bytes throws in try stream.update(bytes) }
        image.entry.paddedPayload.release()
      }
      return try stream.finish()
    }
    let code = images.filter { $0.entry.kind == .elf }
    let text = images.filter { $0.entry.kind == .ptx }
    return try size(code, isText: false) + size(text, isText: true)
  }
}

extension Advice.Trial {
  fileprivate static func += (left: inout Advice.Trial, right: Advice.Trial) {
    left.now += right.now
    left.lz4 += right.lz4
    left.zstd += right.zstd
  }
}
