import BinaryFormats
public import ReleaseModel
public import SystemPackage

/// What a finished library holds, read from its bytes and not from what was planned.
public struct SliceContents: Sendable, Hashable {
  /// The architectures inside, ascending.
  public let architectures: [Architecture]
  /// Kernel bytes by architecture and kind.
  public let kernels: [ReleaseManifest.KernelBytes]
  /// How many images of each.
  public let images: [ObjectCarver.Image: Int]
  /// Libraries it needs.
  public let neededLibraries: [String]
  /// Symbol versions it needs, by library.
  public let versionRequirements: [String: [String]]
  /// The size of the file.
  public let bytes: ByteCount

  /// Reads a library.
  ///
  /// - Throws: `BinaryFormatError` when it is no shared library or its fat binaries are broken.
  public init(of library: FilePath) throws {
    let file = try ELFFile(library)
    let inventory = try FatbinInventory(of: file)
    var images: [ObjectCarver.Image: Int] = [:]
    var kernels: [ReleaseManifest.KernelBytes] = []
    for row in inventory.rows where row.form != .other {
      let capability = ComputeCapability(row.architecture)
      images[ObjectCarver.Image(capability, isReal: row.form == .real)] = row.entryCount
      kernels.append(
        ReleaseManifest.KernelBytes(
          capability: capability,
          kind: row.form == .real ? "real" : "virtual",
          images: row.entryCount,
          bytes: ByteCount(row.storedBytes)
        )
      )
    }
    self.images = images
    self.kernels = kernels
    let capabilities = Set(images.keys.map(\.capability))
    self.architectures = capabilities.sorted().map { capability in
      Architecture(
        capability,
        real: images.keys.contains(.init(capability, isReal: true)),
        virtual: images.keys.contains(.init(capability, isReal: false))
      )
    }
    self.neededLibraries = file.dynamic?.neededLibraries ?? []
    self.versionRequirements = file.dynamic?.versionRequirements ?? [:]
    self.bytes = ByteCount(file.bytes.count)
  }

  /// Compares a library with what its slice promises and what its objects held.
  ///
  /// - Throws: ``SliceMismatch`` for any difference: an image too many, one missing, a kind that wasn't promised.
  public func verify(_ slice: Slice, carved: [ObjectCarver.Image: Int], library: FilePath) throws {
    let promised = ObjectCarver.images(of: slice.architectures)
    var findings: [String] = []
    for image in promised.union(images.keys).sorted() {
      let (inside, expected) = (images[image] ?? 0, carved[image] ?? 0)
      if inside == 0 {
        findings.append("\(image) is missing")
      } else if !promised.contains(image) {
        findings.append("\(image) is inside (\(inside) images) and was not promised")
      } else if inside != expected {
        findings.append("\(image) has \(inside) images, its objects have \(expected)")
      }
    }
    guard findings.isEmpty else {
      throw SliceMismatch(library: library, slice: slice.name, findings: findings)
    }
  }
}

/// A library doesn't hold what its slice promises.
public struct SliceMismatch: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// The library.
  public let library: FilePath
  /// The slice.
  public let slice: String
  /// Every difference.
  public let findings: [String]
  /// What was built isn't what was promised.
  public var exitStatus: ExitStatus { .verificationFailed }
  /// The message.
  public var description: String {
    "slice \(slice) ('\(library)') does not hold what it promises: \(findings.joined(separator: "; "))"
  }
}
