/// What a fat binary entry holds.
public enum FatbinEntryKind: Sendable, Hashable, CustomStringConvertible {
  /// PTX, which the driver compiles (kind 1): a virtual architecture.
  case ptx
  /// A cubin, machine code in ELF form (kind 2): a real architecture.
  case elf
  /// Intermediate code for link-time optimisation (kind 8).
  case intermediate
  /// Many images in one compressed stream, made by `--concat` (kind 0x100).
  case group
  /// Anything else.
  case unknown(UInt16)

  init(rawValue: UInt16) {
    switch rawValue {
    case 1: self = .ptx
    case 2: self = .elf
    case 8: self = .intermediate
    case 0x100: self = .group
    default: self = .unknown(rawValue)
    }
  }

  /// The kind in a word or two.
  public var description: String {
    switch self {
    case .ptx: "PTX"
    case .elf: "cubin"
    case .intermediate: "LTO-IR"
    case .group: "concat group"
    case .unknown(let value): "unknown kind \(hexadecimal(value))"
    }
  }
}

/// The flags of a fat binary entry.
///
/// Their meanings were read off files of nvcc 12.4, 12.9, 13.0 and 13.5.
public struct FatbinFlags: OptionSet, Sendable, Hashable {
  /// The bits as they stand in the entry header.
  public let rawValue: UInt64
  /// Makes flags from bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// 64-bit addresses.
  public static let is64Bit = FatbinFlags(rawValue: 0x1)
  /// Compiled for debugging (`-G`).
  public static let debug = FatbinFlags(rawValue: 0x2)
  /// Made by the CUDA compiler; nvcc itself does not set it.
  public static let cuda = FatbinFlags(rawValue: 0x4)
  /// Made by the OpenCL compiler.
  public static let openCL = FatbinFlags(rawValue: 0x8)
  /// For Linux hosts.
  public static let linux = FatbinFlags(rawValue: 0x10)
  /// For macOS hosts.
  public static let mac = FatbinFlags(rawValue: 0x20)
  /// For Windows hosts.
  public static let windows = FatbinFlags(rawValue: 0x40)
  /// Compressed the way of toolkits before LZ4.
  public static let oldCompression = FatbinFlags(rawValue: 0x1000)
  /// Compressed as one LZ4 block.
  public static let lz4 = FatbinFlags(rawValue: 0x2000)
  /// Compressed as one zstd frame.
  public static let zstd = FatbinFlags(rawValue: 0x8000)
  /// Holds code for link-time optimisation.
  public static let linkTimeOptimization = FatbinFlags(rawValue: 0x1_0000)
  /// The architecture has the suffix `a`.
  public static let architectureSpecific = FatbinFlags(rawValue: 0x10_0000)
  /// The architecture has the suffix `f`.
  public static let familySpecific = FatbinFlags(rawValue: 0x20_0000)
  /// The entry header holds a block of metadata.
  public static let metadata = FatbinFlags(rawValue: 0x100_0000)

  /// All flags whose meaning is known.
  public static let known: FatbinFlags = [
    .is64Bit, .debug, .cuda, .openCL, .linux, .mac, .windows, .oldCompression, .lz4, .zstd,
    .linkTimeOptimization, .architectureSpecific, .familySpecific, .metadata,
  ]

  /// The flags that say how the payload is compressed.
  static let compression: FatbinFlags = [.oldCompression, .lz4, .zstd]
}

/// How the payload of a fat binary entry is stored.
public enum FatbinCompression: Sendable, Hashable, CustomStringConvertible {
  /// As it is.
  case none
  /// One raw LZ4 block; every driver of CUDA 11 and later takes it.
  case lz4
  /// One zstd frame; needs driver 550.54.14 or later.
  case zstd
  /// Some other way, or a contradiction.
  case unknown

  init(_ flags: FatbinFlags) {
    switch flags.intersection(.compression) {
    case []: self = .none
    case .lz4: self = .lz4
    case .zstd: self = .zstd
    default: self = .unknown
    }
  }

  /// The name in lower case.
  public var description: String {
    switch self {
    case .none: "none"
    case .lz4: "lz4"
    case .zstd: "zstd"
    case .unknown: "unknown"
    }
  }
}

/// A pair of version numbers in an entry header.
public struct FatbinCodeVersion: Sendable, Hashable, CustomStringConvertible {
  /// The major number of the PTX version; 1 for a cubin.
  public let major: Int
  /// The minor number of the PTX version; for a cubin, the version of its code format (7 with CUDA 12.4).
  public let minor: Int

  /// The numbers with a dot, such as `8.4`.
  public var description: String { "\(major).\(minor)" }
}
