public import ReleaseModel
public import SystemPackage

extension LlamaCppSource {
  /// The endings of archives that are read.
  static let archiveEndings = [".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".zip"]

  /// Reads what `--llama-cpp` or the configuration file names: `pinned`, a git URL with `@` and a tag, branch or
  /// commit, an archive, or a folder.
  ///
  /// Only looks whether a path exists; nothing is opened or fetched.
  ///
  /// - Parameters:
  ///   - text: what the user wrote.
  ///   - base: the absolute folder that a relative path starts from.
  /// - Throws: ``LlamaCppSourceError``, one case per way to be wrong.
  public init(parsing text: String, relativeTo base: FilePath) throws(LlamaCppSourceError) {
    let text = text.trimmingBlanks
    guard !text.isEmpty else { throw .empty }
    if text == "pinned" {
      self = .pinned
    } else if let remote = try GitURL(parsing: text) {
      self = .git(url: remote.url, reference: remote.reference)
    } else {
      self = try Self.onDisk(text, relativeTo: base)
    }
  }

  private static func onDisk(_ text: String, relativeTo base: FilePath) throws(LlamaCppSourceError) -> Self {
    let path = FilePath(userText: text, relativeTo: base)
    let isArchive = archiveEndings.contains { text.lowercased().hasSuffix($0) }
    let type: FileType
    do throws(Errno) {
      type = try Stat(path).type
    } catch .noSuchFileOrDirectory {
      throw .notFound(path.string, isArchive: isArchive)
    } catch {
      throw .unreadable(path.string, reason: "\(error)")
    }
    if type == .directory { return .folder(path.string) }
    guard isArchive else { throw .notAnArchive(path.string) }
    return .tarball(path.string)
  }
}

/// A git repository's address with what to check out, `https://host/x.git@b4567`.
struct GitURL: Hashable {
  var url: String
  var reference: String

  /// Splits the text, or answers `nil` when it isn't an address at all but a path.
  init?(parsing text: String) throws(LlamaCppSourceError) {
    let isMarked = text.lowercased().hasPrefix("git+")
    let address = isMarked ? String(text.dropFirst(4)) : text
    let shown = Self.redacted(text)
    let start: String.Index
    if let separator = address.firstRange(of: "://") {
      let scheme = address[..<separator.lowerBound].lowercased()
      guard ["https", "http", "ssh", "git", "file"].contains(scheme) else {
        throw .unsupportedScheme(shown, scheme: scheme)
      }
      // What is left of the path may hold an @ of its own: the user's name.
      let slash = address[separator.upperBound...].firstIndex(of: "/") ?? address.endIndex
      let host = address[separator.upperBound..<slash].split(separator: "@").last ?? ""
      guard scheme == "file" || !host.isEmpty, !host.hasPrefix("-") else { throw .notAnAddress(shown) }
      start = slash
    } else if let match = address.firstMatch(of: #/^[A-Za-z0-9_][^/@:\s]*@[A-Za-z0-9][^/@:\s]*:/#) {
      start = match.range.upperBound
    } else if isMarked {
      throw .notAnAddress(shown)
    } else {
      return nil
    }

    guard let at = address[start...].lastIndex(of: "@") else {
      let isArchive = LlamaCppSource.archiveEndings.contains { address.lowercased().hasSuffix($0) }
      throw isArchive ? .archiveAddress(shown) : .missingReference(shown)
    }
    let reference = String(address[address.index(after: at)...])
    guard !reference.isEmpty else { throw .missingReference(Self.redacted(String(text.dropLast()))) }
    guard Self.isReference(reference) else { throw .badReference(reference) }
    guard start < at, address[start..<at].contains(where: { $0 != "/" }) else { throw .notAnAddress(shown) }
    self.url = String(address[..<at])
    self.reference = reference
  }

  /// What `git check-ref-format` allows, and nothing that git could take for an option.
  private static func isReference(_ text: String) -> Bool {
    text.wholeMatch(of: #/[A-Za-z0-9_.][A-Za-z0-9_.\/+#=,%-]*/#) != nil && !text.contains("..")
      && !text.hasSuffix("/") && !text.hasSuffix(".lock")
  }

  /// The address without a password or token, for messages and for the manifest.
  static func redacted(_ text: String) -> String {
    let isWeb = text.lowercased().hasPrefix("http") || text.lowercased().hasPrefix("git+http")
    return isWeb
      ? text.replacing(#/:\/\/[^\/@\s]+@/#, with: "://***@")
      : text.replacing(#/:\/\/[^\/@\s:]*:[^\/@\s]*@/#, with: "://***@")
  }
}

extension LlamaCppSource {
  /// The source in words, for messages and the manifest; a password or token in an address is left out.
  public var summary: String {
    switch self {
    case .pinned: "the pinned llama-cpp-python sdist"
    case .folder(let path): "folder '\(path)'"
    case .tarball(let path): "archive '\(path)'"
    case .git(let url, let reference): "\(GitURL.redacted(url)) at \(reference)"
    }
  }
}

/// What can be wrong with the place that llama.cpp should come from.
public enum LlamaCppSourceError: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// Nothing is named.
  case empty
  /// Nothing is at the path.
  case notFound(String, isArchive: Bool)
  /// The path can't be looked at.
  case unreadable(String, reason: String)
  /// A file whose ending is that of no archive.
  case notAnArchive(String)
  /// A git address that doesn't say what to check out.
  case missingReference(String)
  /// A tag, branch or commit that git wouldn't take.
  case badReference(String)
  /// An address of a kind that git isn't asked for.
  case unsupportedScheme(String, scheme: String)
  /// The address of an archive, which this tool doesn't fetch.
  case archiveAddress(String)
  /// Something that starts like a git address and isn't one.
  case notAnAddress(String)

  /// The exit code: wrong usage, or an input that can't be read.
  public var exitStatus: ExitStatus {
    if case .unreadable = self { .badInput } else { .usage }
  }

  /// The message: what is wrong and the way out, in one line.
  public var description: String {
    switch self {
    case .empty:
      "llama.cpp's source is empty; name a folder, an archive, a git URL with @tag, or 'pinned'"
    case .notFound(let path, isArchive: true): "there is no archive '\(path)'"
    case .notFound(let path, isArchive: false):
      """
      there is no folder '\(path)', and it is no archive (\(LlamaCppSource.archiveEndings.joined(separator: ", "))), \
      no git URL with @tag and not 'pinned'
      """
    case .unreadable(let path, let reason): "llama.cpp's source '\(path)' cannot be looked at: \(reason)"
    case .notAnArchive(let path):
      "'\(path)' is neither a folder nor an archive (\(LlamaCppSource.archiveEndings.joined(separator: ", ")))"
    case .missingReference(let text):
      "'\(text)' does not say what to check out; add a tag, branch or commit, such as '\(text)@b4567'"
    case .badReference(let reference): "'\(reference)' cannot be a git tag, branch or commit"
    case .unsupportedScheme(let text, let scheme):
      "'\(text)': git is asked for https, http, ssh, git and file addresses only, not for '\(scheme)'"
    case .archiveAddress(let text):
      "'\(text)' is the address of an archive, which is not fetched; download it and name the file"
    case .notAnAddress(let text):
      "'\(text)' is no git address; write it as https://host/llama.cpp.git@b4567 or git@host:llama.cpp.git@b4567"
    }
  }
}
