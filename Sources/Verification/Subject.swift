import Archives
import BinaryFormats
import Foundation
import ReleaseModel
import SystemPackage

/// A file that is verified, as read: what rules for several files together ask, and what its own rules found.
struct Subject: Sendable {
  /// What a file is, by its name.
  enum Kind: String, Sendable {
    case wheel, sdist, tarball, kernels, unknown

    init(fileName name: String) {
      if name.hasSuffix(".whl") {
        self = .wheel
      } else if name.hasSuffix(".tar.gz") || name.hasSuffix(".zip") {
        self = SdistName(name) == nil ? (name.hasSuffix(".zip") ? .unknown : .tarball) : .sdist
      } else if [".tar.xz", ".tar.zst", ".tar.bz2", ".tgz", ".tar"].contains(where: { name.hasSuffix($0) }) {
        self = .tarball
      } else if name.hasSuffix(PackedContents.suffix) {
        self = .kernels
      } else {
        self = .unknown
      }
    }
  }

  let path: FilePath
  let kind: Kind
  let byteCount: Int64
  let sha256: SHA256Digest
  /// The project and version that the file says it is of.
  var project: String?
  var version: String?
  /// `Requires-Python` of its METADATA.
  var requiresPython: String?
  /// Requirements of its METADATA.
  var requirements: [Requirement] = []
  /// Major versions of CUDA that its libraries need.
  var cudaMajors: Set<Int> = []
  /// Architectures in its libraries.
  var architectures: [Architecture] = []
  var findings: [Finding] = []
  /// The rules for binaries, which ask what the other files carry.
  var binaries: BinaryCheck?

  var name: String { path.lastComponent?.string ?? path.string }

  /// The file for the report.
  var summary: VerificationReport.File {
    .init(
      file: name,
      kind: kind.rawValue,
      bytes: ByteCount(byteCount),
      sha256: sha256.hex,
      project: project,
      version: version,
      requiresPython: requiresPython,
      architectures: architectures
    )
  }
}

/// An sdist's file name: `name-version.tar.gz` or `.zip` with exactly one reading.
struct SdistName {
  let name: String
  let version: String
  let stem: String

  /// - Returns: nil when what stands behind the last hyphen is no version, as in a tarball of binaries.
  init?(_ file: String) {
    let suffix = file.hasSuffix(".tar.gz") ? ".tar.gz" : ".zip"
    guard file.hasSuffix(suffix) else { return nil }
    stem = String(file.dropLast(suffix.count))
    guard let hyphen = stem.lastIndex(of: "-"), hyphen != stem.startIndex else { return nil }
    name = String(stem[..<hyphen])
    version = String(stem[stem.index(after: hyphen)...])
    guard VersionText(version) != nil else { return nil }
  }
}

extension Verifier {
  /// Reads a file and applies the rules that concern it alone.
  func subject(_ path: FilePath, promised: [Architecture]?) throws -> Subject {
    let name = path.lastComponent?.string ?? path.string
    let kind = Subject.Kind(fileName: name)
    let size = try Self.size(of: path)
    var subject = Subject(
      path: path,
      kind: kind,
      byteCount: size,
      sha256: try SHA256Digest.ofFile(at: path)
    )
    if name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F || $0 == "\\" }) {
      subject.findings.append(Finding(.fileNameCharacters, in: name, "a control character or backslash"))
    }
    subject.findings += budget(name, size)
    subject.findings += AttestationCheck(path: path, sha256: subject.sha256).findings
    guard size > 0 else {
      let rule: Rule = kind == .wheel ? .isZip : .memberBytes
      subject.findings.append(Finding(rule, in: name, "it is empty"))
      return subject
    }
    switch kind {
    case .wheel: try WheelCheck(verifier: self, promised: promised).check(&subject)
    case .sdist, .tarball: try TarballCheck(verifier: self, promised: promised).check(&subject)
    case .kernels: try kernels(promised, &subject)
    case .unknown:
      subject.findings.append(Finding(.fileKind, in: name, "by its name it is neither"))
    }
    return subject
  }

  /// A packed file by itself, as layout `thin` has it for release assets.
  private func kernels(_ promised: [Architecture]?, _ subject: inout Subject) throws {
    var contents = ArchiveContents(file: subject.name)
    do {
      subject.architectures = try PackedContents.architectures(of: ByteSource(mapping: subject.path))
      contents.packed[subject.name] = subject.architectures
    } catch {
      subject.findings.append(Finding(.fatbinReadable, in: subject.name, error.rule))
      return
    }
    subject.binaries = BinaryCheck(
      contents: contents,
      glibcMinor: nil,
      provided: LibraryProviders(),
      promised: promised
    )
  }

  private func budget(_ name: String, _ size: Int64) -> [Finding] {
    let bytes = ByteCount(size)
    guard bytes.bytes <= options.cap.bytes else {
      return [Finding(.fileSize, in: name, "\(bytes) bytes, \(bytes - options.cap) over \(options.cap)")]
    }
    let margin = options.cap.bytes - options.cap.bytes / 20
    guard size > margin else { return [] }
    return [
      Finding(.sizeMargin, in: name, "\(bytes) bytes, \(bytes.percentage(of: options.cap)) of the limit")
    ]
  }

  private static func size(of path: FilePath) throws -> Int64 {
    var status = stat()
    guard stat(path.string, &status) == 0 else {
      throw VerificationError.unreadable(path, why: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw VerificationError.unreadable(path, why: "it is no regular file")
    }
    return Int64(status.st_size)
  }
}
