import BinaryFormats
public import Inventory
public import SystemPackage

/// The images of one binary in the order in which they stand, to compare with what NVIDIA's tools list.
public struct ImageList: Sendable {
  /// One image.
  public struct Image: Sendable, Hashable {
    /// What it holds.
    public let kind: ImageKind
    /// The architecture, `75`, `90a`.
    public let architecture: String
    /// How it is stored.
    public let compression: ImageCompression
    /// Its bytes as stored, without its entry header.
    public let storedBytes: Int
    /// Its bytes when decompressed.
    public let expandedBytes: Int
  }

  /// The images in order.
  public let images: [Image]

  /// Lists the images of a library, program, object, static library or fat binary.
  ///
  /// - Throws: `BinaryFormatError` when it can't be read.
  public init(_ path: FilePath) throws {
    let bytes = try ByteSource(mapping: path)
    var images: [Image] = []
    func list(_ content: ByteSource) {
      var scanner = FatbinScanner(content)
      while let item = scanner.next() {
        guard case .entry(let entry) = item else { continue }
        let key = ImageRow.Key(entry)
        images.append(
          Image(
            kind: key.kind,
            architecture: key.architecture,
            compression: key.compression,
            storedBytes: entry.storedSize,
            expandedBytes: entry.uncompressedSize
          )
        )
        entry.header.release()
      }
    }
    for content in FatbinSections.contents(of: bytes) { list(content) }
    self.images = images
  }
}
