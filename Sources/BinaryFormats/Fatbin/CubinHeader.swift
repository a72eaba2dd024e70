/// The ELF header of a cubin: which architecture the machine code is really for.
public struct CubinHeader: Sendable, Hashable {
  /// The compute capability times ten, as the code itself says.
  public let architectureNumber: Int
  /// Whether the code has the suffix `a`; nil where the encoding of the toolkit is not known to tell.
  public let isArchitectureSpecific: Bool?

  /// Reads the header at the begin of a cubin.
  ///
  /// There are two encodings. Up to CUDA 12 the OS ABI is 0x33 and the lowest byte of the flags is the architecture
  /// (bit 11 is the suffix `a`); with CUDA 13 it is 0x41 and bits 8 to 15 are.
  ///
  /// - Throws: ``BinaryFormatError`` when the bytes are no 64-bit ELF file for an NVIDIA GPU of a known encoding.
  public init(_ bytes: ByteSource) throws(BinaryFormatError) {
    let header = try ELFHeader(bytes)
    guard header.machine == .cuda else {
      throw bytes.error(
        .invalid,
        at: 18,
        "a cubin must be for machine 190 (CUDA); it is for machine \(header.machine.rawValue)"
      )
    }
    switch header.osABI {
    case 0x33:
      architectureNumber = Int(header.flags & 0xFF)
      isArchitectureSpecific = header.flags & 0x800 != 0
    case 0x41:
      architectureNumber = Int(header.flags >> 8 & 0xFF)
      isArchitectureSpecific = nil
    default:
      throw bytes.error(
        .unsupported,
        at: 7,
        "the OS ABI of a cubin must be 0x33 or 0x41; it is \(hexadecimal(header.osABI))"
      )
    }
  }
}

extension FatbinEntry {
  /// Checks that a cubin holds code for the architecture that its entry promises; other kinds pass.
  ///
  /// Only the first bytes of a compressed cubin are decompressed.
  ///
  /// - Throws: ``BinaryFormatError`` when the payload is no cubin, or one for another architecture.
  public func validateCubin() throws(BinaryFormatError) {
    guard kind == .elf else { return }
    let cubin = try CubinHeader(decompressedPrefix(ELFHeader.size))
    // How a cubin of the suffix `f` is marked is not known, so those are compared by number only.
    let suffix = architecture.isFamilySpecific ? nil : cubin.isArchitectureSpecific
    let suffixAgrees = suffix == nil || suffix == architecture.isArchitectureSpecific
    guard cubin.architectureNumber == architecture.number, suffixAgrees else {
      let found = FatbinArchitecture(
        cubin.architectureNumber,
        isArchitectureSpecific: cubin.isArchitectureSpecific ?? false
      )
      throw header.error(
        .invalid,
        at: Field.architecture,
        "the entry promises code for sm_\(architecture), but its cubin is for sm_\(found)"
      )
    }
  }
}
