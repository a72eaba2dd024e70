public import ReleaseModel

/// A project's name as package indexes know it.
public struct ProjectName: Hashable, Sendable, CustomStringConvertible {
  /// The name as it was given.
  public let text: String

  /// Checks a name (packaging.python.org, "Names and normalization").
  ///
  /// - Throws: ``PackagingError/badName(_:)``.
  public init(_ text: String) throws(PackagingError) {
    guard text.wholeMatch(of: #/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?/#) != nil else {
      throw .badName(text)
    }
    self.text = text
  }

  /// Lower case, runs of `-`, `_` and `.` as one hyphen.
  public var normalized: String { text.lowercased().replacing(#/[-_.]+/#, with: "-") }

  /// The form in file names: the normalized one with underscores (PyPI requires exactly this).
  public var fileName: String { normalized.replacing("-", with: "_") }

  /// The name as it was given.
  public var description: String { text }
}

/// A version as PEP 440 writes it, without the local part that indexes refuse.
public struct ProjectVersion: Hashable, Sendable, CustomStringConvertible {
  /// The version in its normal form.
  public let text: String

  /// Checks and normalizes a version: `v1.2.0-RC1` becomes `1.2.0rc1`.
  ///
  /// - Throws: ``PackagingError/badVersion(_:)``, ``PackagingError/localVersion(_:)``.
  public init(_ text: String) throws(PackagingError) {
    guard !text.contains("+") else { throw .localVersion(text) }
    let pattern =
      #/v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]+)?)?(?:(?:-([0-9]+))|(?:[-_.]?(?:post|rev|r)[-_.]?([0-9]+)?()))?(?:[-_.]?dev[-_.]?([0-9]+)?())?/#
    guard let match = text.lowercased().wholeMatch(of: pattern) else { throw .badVersion(text) }
    let (_, epoch, release, pre, preNumber, dashPost, post, isPost, dev, isDev) = match.output
    // Without leading zeros; as text, because a number of a version has no largest value.
    func number(_ digits: Substring?) -> String {
      let significant = digits?.drop { $0 == "0" } ?? ""
      return significant.isEmpty ? "0" : String(significant)
    }
    // Epoch 0 is what a version without an epoch has.
    var normal = number(epoch) == "0" ? "" : number(epoch) + "!"
    normal += release.split(separator: ".").map { number($0) }.joined(separator: ".")
    if let pre {
      let letter = pre.hasPrefix("a") ? "a" : pre.hasPrefix("b") ? "b" : "rc"
      normal += letter + number(preNumber.flatMap(\.self))
    }
    if let dashPost {
      normal += ".post" + number(dashPost)
    } else if isPost != nil {
      normal += ".post" + number(post.flatMap(\.self))
    }
    if isDev != nil { normal += ".dev" + number(dev.flatMap(\.self)) }
    self.text = normal
  }

  /// The normal form.
  public var description: String { text }
}

/// What can't be packaged.
public enum PackagingError: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// No index takes such a project's name.
  case badName(String)
  /// A project of the user's that has no version.
  case noVersion(project: String)
  /// Not a version.
  case badVersion(String)
  /// A version with `+` in it.
  case localVersion(String)
  /// A metadata field that would break its file.
  case badField(String, value: String, why: String)
  /// A console script whose name or target installers refuse.
  case badEntryPoint(String)
  /// A library outside every manylinux policy that nothing provides.
  case foreignLibrary(String, neededBy: [String])
  /// A symbol version that no policy has.
  case tooNew(library: String, version: String)
  /// A wheel's file name breaks the rules.
  case badWheel(String)

  /// Names and versions come from the user; a foreign library from the build.
  public var exitStatus: ExitStatus {
    switch self {
    case .badName, .noVersion, .badVersion, .localVersion, .badField, .badEntryPoint: .usage
    case .foreignLibrary, .tooNew, .badWheel: .verificationFailed
    }
  }

  /// The message: what is wrong and the way out.
  public var description: String {
    switch self {
    case .badName(let name):
      "'\(name)' cannot be a project's name; use ASCII letters, digits, '-', '_' and '.', with a letter or digit at both ends"
    case .noVersion(let project):
      "the project '\(project)' has no version; write one such as version = \"1.2.0\" below its name in the configuration, or into [project] of the pyproject.toml beside it"
    case .badVersion(let text): "'\(text)' is not a version; write one such as 1.2.0 or 1.2.0rc1 (PEP 440)"
    case .localVersion(let text):
      "the version '\(text)' has a local part, which PyPI refuses; leave out '+\(text.split(separator: "+").last ?? "")'"
    case .badField(let name, let value, let why):
      "\(name) '\(value)' cannot stand in a wheel's metadata: \(why)"
    case .badEntryPoint(let name):
      "'\(name)' cannot be a console script; its name takes letters, digits, '.', '_' and '-', its target is 'module:function'"
    case .foreignLibrary(let name, let files):
      "\(files.joined(separator: ", ")) needs '\(name)', which is on no manylinux list and in no wheel required; build without it"
    case .tooNew(let library, let version):
      "'\(library)' is needed in version \(version), which no manylinux tag promises; build on an older system"
    case .badWheel(let why): "the wheel breaks a rule of PyPI: \(why)"
    }
  }
}
