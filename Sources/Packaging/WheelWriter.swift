public import Archives
import Foundation
public import SystemPackage

/// Writes wheels (packaging.python.org, "Binary distribution format").
public struct WheelWriter: Sendable {
  /// The writer below.
  public var zip: ZipWriter
  /// What WHEEL names as the generator.
  public var generator: String
  /// Files that an archive of ours already holds deflated, by path.
  public var deflated: [FilePath: DeflatedFile] = [:]

  /// Makes a writer.
  ///
  /// - Parameter timestamp: the time of every member, seconds since 1970.
  public init(generator: String, timestamp: Int64) {
    self.generator = generator
    zip = ZipWriter()
    zip.timestamp = timestamp
  }

  /// Writes a wheel into a folder under its own name.
  ///
  /// - Throws: ``PackagingError`` for what an index would refuse, `ArchiveError` for names and for the disk.
  public func write(_ wheel: Wheel, into folder: FilePath) async throws -> WrittenArchive {
    let info = "\(wheel.stem).dist-info"
    // PyPI keeps a file of this name with '.metadata' behind it, and file systems end at 255 bytes.
    guard wheel.fileName.utf8.count + ".metadata".utf8.count <= 255 else {
      throw PackagingError.badWheel("its name '\(wheel.fileName.prefix(60))…' is too long")
    }
    var metadata = wheel.metadata
    metadata.licenseFiles = wheel.licenses.map(\.name)
    var members = wheel.files
    let own = Array("\(info)/".lowercased().utf8)
    if let intruder = members.first(where: { $0.name.lowercased().utf8.starts(with: own) }) {
      throw PackagingError.badWheel("'\(intruder.name)' lies in the folder of the wheel's own metadata")
    }
    members.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    // The specification asks for .dist-info at the end of the archive, so that metadata can be changed cheaply.
    for license in wheel.licenses {
      members.append(ZipWriter.Member(name: "\(info)/licenses/\(license.name)", content: license.content))
    }
    func add(_ name: String, _ text: String) {
      members.append(ZipWriter.Member(name: "\(info)/\(name)", content: .bytes(Array(text.utf8))))
    }
    add("METADATA", try metadata.text())
    add(
      "WHEEL",
      "Wheel-Version: 1.0\nGenerator: \(generator)\nRoot-Is-Purelib: \(wheel.platform == "any")\nTag: \(wheel.tag)\n"
    )
    if let scripts = try entryPoints(of: wheel) { add("entry_points.txt", scripts) }
    if let bill = wheel.bill { add("sboms/\(BillOfMaterials.fileName)", bill) }

    let path = folder.appending(wheel.fileName)
    let written = try await zip.write(members, to: path, reusing: deflated) { written in
      let lines = written.map {
        "\(Self.quoted($0.name)),sha256=\($0.sha256.urlSafeBase64),\($0.byteCount)\n"
      }
      let record = lines.joined() + "\(info)/RECORD,,\n"
      return ZipWriter.Member(name: "\(info)/RECORD", content: .bytes(Array(record.utf8)))
    }
    var result = try WrittenArchive(at: path, installed: written.reduce(0) { $0 + $1.byteCount })
    do {
      try Self.checkRatio(of: result)
    } catch {
      // A file that is there counts as made.
      try? FileManager.default.removeItem(atPath: path.string)
      throw error
    }
    for (member, written) in Swift.zip(members, written) {
      if case .file(let file) = member.content, let deflated = written.deflated {
        result.deflated[file] = deflated
      }
    }
    return result
  }

  /// PyPI's rule against zip bombs: more than 64 MiB that deflate by more than fifty to one are refused.
  static func checkRatio(of archive: WrittenArchive) throws(PackagingError) {
    guard archive.installedByteCount > 64 << 20, archive.installedByteCount > 50 * archive.byteCount else {
      return
    }
    throw .badWheel(
      "'\(archive.file)' unpacks to more than 50 times its size, which PyPI takes for an attack"
    )
  }

  private func entryPoints(of wheel: Wheel) throws(PackagingError) -> String? {
    guard !wheel.consoleScripts.isEmpty else { return nil }
    var text = "[console_scripts]\n"
    for (name, target) in wheel.consoleScripts.sorted(by: { $0.key < $1.key }) {
      // The name becomes a file in an installer's bin folder, so '.' and '..' are not names either.
      guard name.wholeMatch(of: #/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*/#) != nil,
        target.wholeMatch(of: #/[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*/#) != nil
      else {
        throw .badEntryPoint("\(name) = \(target)")
      }
      text += "\(name) = \(target)\n"
    }
    return text
  }

  /// A field of a CSV file.
  ///
  /// Scalars, because a comma with an accent on it equals no comma.
  static func quoted(_ field: String) -> String {
    let scalars = field.unicodeScalars
    guard scalars.contains(where: { $0 == "," || $0 == "\"" }) else { return field }
    var quoted = String.UnicodeScalarView()
    for scalar in scalars { quoted += scalar == "\"" ? [scalar, scalar] : [scalar] }
    return "\"\(String(quoted))\""
  }
}

extension WrittenArchive {
  /// Measures a file that was just written.
  ///
  /// - Throws: `ArchiveError` when it can't be read.
  public init(at path: FilePath, installed: Int64) throws {
    // First, because its error says what is wrong.
    let digest = try SHA256Digest.ofFile(at: path)
    let size =
      (try FileManager.default.attributesOfItem(atPath: path.string)[.size] as? NSNumber)?.int64Value ?? 0
    self.init(
      file: path.lastComponent?.string ?? path.string,
      byteCount: size,
      installedByteCount: installed,
      sha256: digest
    )
  }
}

/// `SHA256SUMS` as `sha256sum -c` reads it.
public enum ChecksumFile {
  /// The text for files and their digests, sorted by name.
  public static func text(for archives: [(file: String, sha256: String)]) -> String {
    archives.sorted { $0.file < $1.file }.map { "\($0.sha256)  \($0.file)\n" }.joined()
  }
}
