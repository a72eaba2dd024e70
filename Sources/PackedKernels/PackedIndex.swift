public import ReleaseModel

/// What a packed file holds, block by block and entry by entry; stored in it as JSON.
///
/// `dist/packed-format.md` describes the file. Offsets and sizes are in bytes.
public struct PackedIndex: Hashable, Sendable, Codable {
  /// The version of this structure.
  public static let currentFormat = 2

  /// The version of this structure, ``currentFormat``.
  public var format = Self.currentFormat
  /// The slice that is packed.
  public var slice: String
  /// The size of the library with every entry.
  public var librarySize: Int
  /// The digest of the library with every entry, in hexadecimal.
  public var librarySHA256: String
  /// The library around its kernels: everything that is not in a container.
  public var skeleton: Skeleton
  /// The kinds of entries.
  public var images: [Image]
  /// The compressed streams in the order of the file.
  public var blocks: [Block]
  /// The containers in the order of the library.
  public var containers: [Container]
  /// The entries in the order of the blocks and, inside of a block, of its bytes.
  public var entries: [Entry]

  /// The library's bytes outside of containers; all of one block.
  public struct Skeleton: Hashable, Sendable, Codable {
    /// The block that holds the runs one after the other.
    public var block: Int
    /// Where the bytes go in the library.
    public var runs: [Run]
    /// The digest of the runs one after the other.
    public var sha256: String
  }

  /// A run of bytes of the library.
  public struct Run: Hashable, Sendable, Codable {
    /// Its place in the library.
    public var offset: Int
    /// Its length.
    public var size: Int
  }

  /// One architecture in one form.
  public struct Image: Hashable, Sendable, Codable {
    /// The architecture without its dot: `75`, `90a`.
    public var architecture: String
    /// `real` for cubins, `virtual` for PTX.
    public var kind: String
  }

  /// A compressed stream that can be read without the others.
  public struct Block: Hashable, Sendable, Codable {
    /// Its place in the packed file.
    public var offset: Int
    /// Its bytes in the packed file.
    public var storedSize: Int
    /// Its bytes when decompressed.
    public var size: Int
    /// How far back the stream refers, in bytes: the memory that reading it takes.
    public var dictionary: Int
  }

  /// A container of the library's fat binary.
  public struct Container: Hashable, Sendable, Codable {
    /// Its place in the library.
    public var offset: Int
    /// The bytes it takes there with every entry, its header included.
    public var size: Int
    /// Its header in hexadecimal; bytes 8 to 15 are the payload size, which depends on what is unpacked.
    public var header: String
  }

  /// An entry of a container, header and payload as they stand in the library.
  public struct Entry: Hashable, Sendable, Codable {
    /// The container it belongs to.
    public var container: Int
    /// Its number in the container, counted from 0; entries are written back in this order.
    public var number: Int
    /// What it is.
    public var image: Int
    /// The block that holds it; inside, entries follow each other in the order of the index.
    public var block: Int
    /// Its length.
    public var size: Int
    /// Its length in the block if its PTX stands there with its names counted back (``FilteredEntry``); `nil` if it
    /// stands there as it is.
    public var filteredSize: Int?
    /// The digest of its bytes as they stand in the library.
    public var sha256: String

    /// The bytes that it takes in its block.
    var blockSize: Int { filteredSize ?? size }
  }
}

/// What a packed file needs to tell before it is opened: the text `NAME.kernels` beside it.
///
/// It has the keys of a slice's index, so that the rule that serves GPUs reads it as it reads a slice's, and some more.
public struct PackedDescriptor: Hashable, Sendable {
  /// The index of the slice that is packed.
  public var sliceIndex: String
  /// The packed file's identity.
  public var identity: String
  /// The packed file's name.
  public var file: String
  /// The packed file's size in bytes.
  public var size: Int
  /// The packed file's digest in hexadecimal.
  public var sha256: String
  /// The size of the library with every entry, in bytes.
  public var librarySize: Int
  /// The drivers that PTX of this toolkit needs; `nil` when there is none.
  public var ptxFloor: DriverVersion?
  /// Where the packed file is fetched from when it is not beside the text; `nil` when it is.
  public var url: String?

  /// Makes a descriptor.
  public init(
    sliceIndex: String,
    identity: String,
    file: String,
    size: Int,
    sha256: String,
    librarySize: Int,
    ptxFloor: DriverVersion?,
    url: String? = nil
  ) {
    self.sliceIndex = sliceIndex
    self.identity = identity
    self.file = file
    self.size = size
    self.sha256 = sha256
    self.librarySize = librarySize
    self.ptxFloor = ptxFloor
    self.url = url
  }

  /// The file's text.
  public var text: String {
    // The first line of a slice's index says who reads it.
    let index = sliceIndex.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
    var lines = [
      "# Written by llcuda-build: kernels that are unpacked for this machine's GPUs when they are first used.",
      index, "id \(identity)", "packed-file \(file)", "packed-size \(size)", "packed-sha256 \(sha256)",
      "library-size \(librarySize)",
    ]
    if let ptxFloor {
      lines.append("ptx-cuda-driver \(ptxFloor.apiVersion)")
      lines.append("ptx-driver-floor \(ptxFloor.release)")
    }
    if let url { lines.append("url \(url)") }
    return lines.joined(separator: "\n") + "\n"
  }
}
