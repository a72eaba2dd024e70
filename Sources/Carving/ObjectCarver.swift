public import BinaryFormats
import Foundation
import PTXText
public import ReleaseModel
public import SystemPackage

/// Makes new objects of a compile set's objects, each holding some of the architectures.
///
/// No compiler runs: the fat binary of every object is filtered and written into a copy of the object. That is exact,
/// because host code refers to a translation unit's container as a whole and the driver picks an entry of it.
public struct ObjectCarver: Sendable {
  /// The objects of the compile set, host-only ones included, in link order.
  public let objects: [FilePath]
  private let workers: Int

  /// Makes a carver.
  ///
  /// - Parameter workers: how many objects are worked on at once.
  public init(objects: [FilePath], workers: Int) {
    self.objects = objects
    self.workers = max(1, workers)
  }

  /// What carving gave.
  public struct Result: Sendable {
    /// The new objects, in the order of the old ones.
    public let objects: [FilePath]
    /// How many images of each architecture and form they hold.
    public let images: [Image: Int]
  }

  /// How PTX is written.
  public enum PTXForm: Hashable, Sendable {
    /// As the compiler wrote it.
    case compiled
    /// With the same meaning in fewer and more alike bytes (``PTXText/CanonicalPTX``), stored uncompressed unless
    /// entries are recompressed. PTX that has no such form stays as it is.
    case canonical
  }

  /// One architecture in one form.
  public struct Image: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The capability.
    public let capability: ComputeCapability
    /// Whether it is a cubin; PTX otherwise.
    public let isReal: Bool

    /// Makes the value.
    public init(_ capability: ComputeCapability, isReal: Bool) {
      self.capability = capability
      self.isReal = isReal
    }

    /// `8.6 real`.
    public var description: String { "\(capability) \(isReal ? "real" : "virtual")" }

    /// Orders by capability, real first.
    public static func < (left: Image, right: Image) -> Bool {
      (left.capability, left.isReal ? 0 : 1) < (right.capability, right.isReal ? 0 : 1)
    }
  }

  /// Where carved objects go in a folder, in the order of the originals.
  public func targets(in folder: FilePath) -> [FilePath] {
    objects.enumerated().map { index, object in
      // Objects of different folders may share a name, so a number goes in front.
      let number = String(repeating: "0", count: max(0, 3 - "\(index)".count)) + "\(index)"
      return folder.appending("\(number)-\(object.lastComponent?.string ?? "object.o")")
    }
  }

  /// Writes a copy of every object that holds only some architectures.
  ///
  /// - Parameters:
  ///   - architectures: what is kept; `nil` keeps everything.
  ///   - ptx: how PTX is written.
  ///   - method: how kept images are stored; `nil` leaves them as nvcc stored them.
  ///   - folder: receives the objects; it is emptied first.
  /// - Throws: `BinaryFormatError` for an object that can't be carved without guessing, and for a full disk;
  ///   ``MissingKernels`` when host code launches what an image doesn't hold.
  public func carve(
    keeping architectures: [Architecture]?,
    ptx: PTXForm = .compiled,
    recompressing method: FatbinCompressionMethod? = nil,
    into folder: FilePath
  ) async throws -> Result {
    try? FileManager.default.removeItem(atPath: folder.string)
    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    let wanted = architectures.map(Self.images)
    let targets = targets(in: folder)
    var images: [Image: Int] = [:]
    try await withThrowingTaskGroup(of: [Image: Int].self) { group in
      var next = 0
      func addOne() {
        guard next < objects.count else { return }
        let (object, target) = (objects[next], targets[next])
        next += 1
        group.addTask { try Self.carve(object, keeping: wanted, ptx: ptx, recompressing: method, to: target) }
      }
      for _ in 0..<workers { addOne() }
      while let counts = try await group.next() {
        images.merge(counts, uniquingKeysWith: +)
        addOne()
      }
    }
    return Result(objects: targets, images: images)
  }

  private static func carve(
    _ object: FilePath,
    keeping wanted: Set<Image>?,
    ptx: PTXForm,
    recompressing method: FatbinCompressionMethod?,
    to target: FilePath
  ) throws -> [Image: Int] {
    try Task.checkCancellation()
    let carver = try FatbinCarver(ELFFile(object))
    let isWanted = { (entry: FatbinEntry) in
      guard let wanted else { return true }
      return image(of: entry).map(wanted.contains) ?? false
    }
    // Before anything is recompressed, as they have to be read for it.
    try MissingKernels.check(carver, keeping: isWanted)
    var rewrite: ((FatbinEntry) throws(BinaryFormatError) -> FatbinEntry)?
    if ptx == .canonical { rewrite = withCanonicalPTX }
    let carved = try carver.carve(
      keeping: isWanted,
      rewriting: rewrite,
      recompressing: method
    )
    try carved.bytes.write(to: target)
    var counts: [Image: Int] = [:]
    for entry in carved.containers.flatMap(\.entries) {
      if let image = image(of: entry) { counts[image, default: 0] += 1 }
    }
    return counts
  }

  private static func withCanonicalPTX(_ entry: FatbinEntry) throws(BinaryFormatError) -> FatbinEntry {
    guard entry.kind == .ptx else { return entry }
    var text = try entry.decompressedPayload().array()
    // What is uncompressed is padded with NUL bytes.
    while text.last == 0 { text.removeLast() }
    guard let canonical = CanonicalPTX.text(of: text) else { return entry }
    return try entry.replacing(text: canonical)
  }

  /// What an entry is; `nil` for kinds that are neither a cubin nor PTX.
  public static func image(of entry: FatbinEntry) -> Image? {
    switch entry.kind {
    case .elf: Image(ComputeCapability(entry.architecture), isReal: true)
    case .ptx: Image(ComputeCapability(entry.architecture), isReal: false)
    default: nil
    }
  }

  /// The images that architectures promise.
  public static func images(of architectures: [Architecture]) -> Set<Image> {
    var images: Set<Image> = []
    for architecture in architectures {
      if architecture.real { images.insert(Image(architecture.capability, isReal: true)) }
      if architecture.virtual { images.insert(Image(architecture.capability, isReal: false)) }
    }
    return images
  }
}

extension ComputeCapability {
  /// The capability of a fat binary's entry.
  public init(_ architecture: FatbinArchitecture) {
    let variant: Variant =
      architecture.isArchitectureSpecific ? .architecture : architecture.isFamilySpecific ? .family : .base
    self.init(number: architecture.number, variant: variant)
  }
}

extension KernelCompression {
  /// How images are rewritten for it; `nil` leaves them as nvcc stored them.
  ///
  /// Level 19 of zstd: 22 gains nothing on single images, and lower levels lose several percent.
  public var method: FatbinCompressionMethod? {
    switch self {
    case .none: nil
    case .lz4: .lz4
    case .zstd: .zstd(level: 19)
    }
  }
}
