public import Archives
public import SystemPackage

/// A wheel as a value: everything that goes into the file.
public struct Wheel: Sendable {
  /// Name, version and the rest of METADATA.
  public var metadata: CoreMetadata
  /// The platform, `manylinux_2_35_x86_64`; `any` for wheels without binaries.
  public var platform: String
  /// Console scripts: name and `module:function`.
  public var consoleScripts: [String: String]
  /// License texts: path below `licenses/` and content.
  public var licenses: [(name: String, content: ZipWriter.Member.Content)]
  /// Everything else, by path in the wheel.
  public var files: [ZipWriter.Member]
  /// The bill of materials, CycloneDX JSON; nil for wheels without binaries.
  public var bill: String?

  /// Makes a wheel.
  public init(
    metadata: CoreMetadata,
    platform: String,
    consoleScripts: [String: String] = [:],
    licenses: [(name: String, content: ZipWriter.Member.Content)] = [],
    files: [ZipWriter.Member] = [],
    bill: String? = nil
  ) {
    self.metadata = metadata
    self.platform = platform
    self.consoleScripts = consoleScripts
    self.licenses = licenses
    self.files = files
    self.bill = bill
  }

  /// The tag: any Python 3, no extension module's ABI.
  public var tag: String { "py3-none-\(platform)" }
  /// `name-version`, the start of the file's name and of its `.dist-info` folder.
  public var stem: String { "\(metadata.name.fileName)-\(metadata.version)" }
  /// The file's name.
  public var fileName: String { "\(stem)-\(tag).whl" }
}

/// A file that was written.
public struct WrittenArchive: Sendable {
  /// Its name.
  public let file: String
  /// Its size.
  public let byteCount: Int64
  /// The size of what it unpacks to.
  public let installedByteCount: Int64
  /// The digest of the file.
  public let sha256: SHA256Digest
  /// The files that it holds deflated, by where they came from, for a tarball of the same.
  public var deflated: [FilePath: DeflatedFile] = [:]
}
