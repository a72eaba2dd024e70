import ReleaseModel

/// What something weighs for one architecture.
public struct KernelCell: Hashable, Sendable, Codable {
  /// The architecture, `75`, `90a`.
  public var architecture: String
  /// What it weighs.
  public var weight: Weight

  /// Makes a cell.
  public init(architecture: String, weight: Weight) {
    self.architecture = architecture
    self.weight = weight
  }
}

/// One kernel, or function of device code, in all its architectures.
public struct KernelRecord: Hashable, Sendable, Codable {
  /// The name as a person reads it; long ones are cut.
  public var name: String
  /// The name in the file.
  public var symbol: String
  /// The name in front of `<`, without the return type.
  public var family: String
  /// What it weighs for each architecture.
  public var cells: [KernelCell]

  /// Makes a record.
  public init(name: String, symbol: String, family: String, cells: [KernelCell]) {
    self.name = name
    self.symbol = symbol
    self.family = family
    self.cells = cells
  }

  /// What it weighs altogether.
  public var weight: Weight { cells.reduce(.zero) { $0 + $1.weight } }
}

/// All kernels of one family, such as `mul_mat_q`.
public struct FamilyRecord: Hashable, Sendable, Codable {
  /// The name in front of `<`.
  public var name: String
  /// How many kernels.
  public var kernelCount: Int
  /// What they weigh for each architecture.
  public var cells: [KernelCell]

  /// Makes a record.
  public init(name: String, kernelCount: Int, cells: [KernelCell]) {
    self.name = name
    self.kernelCount = kernelCount
    self.cells = cells
  }

  /// What it weighs altogether.
  public var weight: Weight { cells.reduce(.zero) { $0 + $1.weight } }
}

/// One fat binary container: the device code of a translation unit.
public struct UnitRecord: Hashable, Sendable, Codable {
  /// The images of one architecture and kind in a unit.
  public struct Image: Hashable, Sendable, Codable {
    /// The architecture.
    public var architecture: String
    /// What it holds.
    public var kind: ImageKind
    /// What it weighs.
    public var weight: Weight
    /// The largest kernels in it, as places in the artifact's `kernels`, with what they weigh here.
    public var kernels: [KernelShare]

    /// Makes a record.
    public init(architecture: String, kind: ImageKind, weight: Weight, kernels: [KernelShare] = []) {
      self.architecture = architecture
      self.kind = kind
      self.weight = weight
      self.kernels = kernels
    }
  }

  /// A kernel's part of an image.
  public struct KernelShare: Hashable, Sendable, Codable {
    /// The kernel's place in the artifact's `kernels`.
    public var kernel: Int
    /// What it weighs.
    public var weight: Weight

    /// Makes a share.
    public init(kernel: Int, weight: Weight) {
      self.kernel = kernel
      self.weight = weight
    }
  }

  /// How a unit's name is known.
  public enum Evidence: String, Hashable, Sendable, Codable {
    /// The object, or the member of a static library, that holds it.
    case object
    /// The linker's symbols name the source.
    case symbols
    /// nvcc puts the source's name into the symbols of what is local to it.
    case kernels
    /// Not known; named after the family that fills most of it.
    case family
    /// Not known.
    case none
  }

  /// The file that holds it.
  public var file: String
  /// Its place among the file's containers, from 0.
  public var index: Int
  /// The source's name, or what stands for it.
  public var name: String
  /// How the name is known.
  public var evidence: Evidence
  /// What it weighs, its header included.
  public var weight: Weight
  /// Its images.
  public var images: [Image]

  /// Makes a record.
  public init(
    file: String,
    index: Int,
    name: String,
    evidence: Evidence,
    weight: Weight,
    images: [Image]
  ) {
    self.file = file
    self.index = index
    self.name = name
    self.evidence = evidence
    self.weight = weight
    self.images = images
  }
}
