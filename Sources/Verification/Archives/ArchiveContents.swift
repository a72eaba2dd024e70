import Archives
import BinaryFormats
import SystemPackage

/// Everything that the rules ask about what is in an archive, read once from beginning to end.
struct ArchiveContents: Sendable {
  /// One member.
  struct Member: Sendable, Hashable {
    let name: String
    let kind: ArchiveReader.RawMember.Kind
    /// Permission bits; nil where the archive doesn't say (a zip archive made on Windows).
    let mode: UInt32?
    let byteCount: Int64
    /// The time as the format keeps it, to compare with others; nil when it is not a date.
    let time: Int64?
    /// The digest of what it unpacks to; nil when it can't be read.
    var sha256: SHA256Digest?

    var isFile: Bool { kind == .file }
  }

  /// The archive as it was named.
  let file: String
  var members: [Member] = []
  /// Small files that rules read, by name.
  var texts: [String: [UInt8]] = [:]
  /// ELF files by name.
  var binaries: [String: BinaryFacts] = [:]
  /// ELF files that are broken, by name.
  var brokenBinaries: [String: String] = [:]

  /// A text in UTF-8, without a byte order mark.
  func text(_ name: String) -> String? { texts[name].flatMap { String(validating: $0, as: UTF8.self) } }

  /// Names by which its own binaries find what it carries.
  var carriedLibraries: Set<String> {
    Set(members.map { $0.name.split(separator: "/").last.map(String.init) ?? $0.name })
      .union(binaries.values.compactMap(\.soname))
  }

  /// What the rules for binaries ask: without texts that they don't read.
  var binariesOnly: ArchiveContents {
    var contents = self
    contents.texts = texts.filter { $0.key.hasSuffix(".index") || $0.key.hasSuffix(".kernels") }
    return contents
  }

  /// Names of binaries in order.
  var binaryNames: [String] { binaries.keys.sorted() }
}

/// Takes a member's bytes as they come: keeps small texts, spills ELF files to a file, and looks at those.
struct MemberScanner {
  /// The most bytes of a text that is read; METADATA and RECORD of real wheels stay far below.
  static let textLimit = 16 << 20

  let buildFolders: [String]
  private var name = ""
  private var wantsText = false
  private var start: [UInt8] = []
  private var text: [UInt8] = []
  private var spill: SpillFile?
  private var isELF = false

  init(buildFolders: [String]) { self.buildFolders = buildFolders }

  /// Whether rules read a file of this name.
  static func isText(_ name: String) -> Bool {
    let last = name.split(separator: "/").last ?? ""
    return name.contains(".dist-info/") || last == "PKG-INFO" || last.hasSuffix(".py") || last.hasSuffix(".pye")
      || last.hasSuffix(".index") || last.hasSuffix(".kernels")
  }

  mutating func begin(_ name: String) {
    self.name = name
    wantsText = Self.isText(name)
    (start, text, spill, isELF) = ([], [], nil, false)
  }

  mutating func take(_ piece: UnsafeRawBufferPointer) throws {
    if start.count < 4 {
      start += piece.prefix(4 - start.count)
      isELF = start == [0x7F, 0x45, 0x4C, 0x46]
    }
    if isELF {
      // The first piece has the four bytes: no archive's pieces are smaller.
      let spill = try self.spill ?? SpillFile()
      self.spill = spill
      try spill.append(piece)
    } else if wantsText, text.count < Self.textLimit {
      text += piece
    }
  }

  mutating func end(into contents: inout ArchiveContents) throws {
    defer { spill = nil }
    if isELF, let spill {
      try read(spill.content(named: name), into: &contents)
    } else if wantsText, text.count < Self.textLimit {
      contents.texts[name] = text
    }
  }

  private func read(_ bytes: ByteSource, into contents: inout ArchiveContents) throws {
    do {
      contents.binaries[name] = try BinaryFacts(bytes, buildFolders: buildFolders)
    } catch {
      // A 32-bit or foreign machine's file is somebody else's business, not a broken one.
      if error.kind != .unsupported { contents.brokenBinaries[name] = error.rule }
    }
  }
}

/// A file without a name, for an unpacked library that memory need not hold.
final class SpillFile {
  private let descriptor: FileDescriptor
  private let path: FilePath

  init() throws {
    let folder = FilePath(TemporaryFolder.path)
    path = folder.appending("llcuda-verify-\(UInt64.random(in: 0...UInt64.max))")
    do {
      descriptor = try FileDescriptor.open(
        path,
        .readWrite,
        options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: .ownerReadWrite
      )
    } catch { throw VerificationError.scratch(folder, error as? Errno ?? .ioError) }
  }

  deinit {
    try? descriptor.close()
    TemporaryFolder.remove(path)
  }

  func append(_ piece: UnsafeRawBufferPointer) throws {
    do { _ = try descriptor.writeAll(piece) } catch {
      throw VerificationError.scratch(path.removingLastComponent(), error as? Errno ?? .ioError)
    }
  }

  /// The bytes, mapped; they stay readable when the file has no name any more.
  func content(named name: String) throws -> ByteSource { try ByteSource(mapping: path) }
}
