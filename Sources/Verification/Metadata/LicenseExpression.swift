/// The grammar of SPDX expressions (SPDX 2.3, annex D), and the licenses that projects mostly have.
struct LicenseExpression {
  /// Ids that are known here, in lower case. Unknown ones are told, not refused: the whole list has 700.
  private static let common: Set<String> = [
    "0bsd", "afl-3.0", "agpl-3.0-only", "agpl-3.0-or-later", "apache-1.1", "apache-2.0", "artistic-2.0",
    "blueoak-1.0.0", "bsd-1-clause", "bsd-2-clause", "bsd-2-clause-patent", "bsd-3-clause", "bsd-3-clause-clear",
    "bsd-3-clause-open-mpi", "bsd-4-clause", "bsl-1.0", "bzip2-1.0.6", "cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0",
    "cddl-1.0", "cecill-2.1", "cnri-python", "curl", "ecl-2.0", "epl-1.0", "epl-2.0", "eupl-1.2", "fsfap",
    "ftl", "gpl-2.0", "gpl-2.0-only", "gpl-2.0-or-later", "gpl-3.0", "gpl-3.0-only", "gpl-3.0-or-later", "hpnd",
    "icu", "ijg", "isc", "lgpl-2.0-only", "lgpl-2.0-or-later", "lgpl-2.1", "lgpl-2.1-only", "lgpl-2.1-or-later",
    "lgpl-3.0", "lgpl-3.0-only", "lgpl-3.0-or-later", "libpng", "libpng-2.0", "libtiff", "llvm-exception",
    "mit", "mit-0", "mit-cmu", "mpl-1.1", "mpl-2.0", "ms-pl", "ncsa", "ofl-1.1", "openssl", "osl-3.0",
    "postgresql", "psf-2.0", "python-2.0", "python-2.0.1", "sleepycat", "unicode-3.0", "unicode-dfs-2016",
    "unlicense", "upl-1.0", "vim", "w3c", "wtfpl", "x11", "zlib", "zpl-2.1",
  ]
  private static let exceptions: Set<String> = [
    "llvm-exception", "gcc-exception-3.1", "gcc-exception-2.0", "classpath-exception-2.0",
    "bootloader-exception", "autoconf-exception-3.0", "bison-exception-2.2", "font-exception-2.0",
    "openssl-exception", "linux-syscall-note", "pyinstaller-exception",
  ]

  private var tokens: ArraySlice<Substring>
  private(set) var unknown: [String] = []

  /// Whether the text is an expression, and which licenses in it are not known here.
  static func check(_ text: String) -> (isValid: Bool, unknown: [String]) {
    let spaced = text.replacing("(", with: " ( ").replacing(")", with: " ) ")
    var expression = LicenseExpression(tokens: spaced.split(whereSeparator: \.isWhitespace)[...])
    let isValid = expression.either(depth: 0) && expression.tokens.isEmpty
    return (isValid, expression.unknown)
  }

  private mutating func take(_ word: String) -> Bool {
    guard tokens.first?.lowercased() == word else { return false }
    tokens.removeFirst()
    return true
  }

  private mutating func either(depth: Int) -> Bool {
    guard depth < 50, both(depth: depth) else { return false }
    while take("or") { guard both(depth: depth) else { return false } }
    return true
  }

  private mutating func both(depth: Int) -> Bool {
    guard term(depth: depth) else { return false }
    while take("and") { guard term(depth: depth) else { return false } }
    return true
  }

  private mutating func term(depth: Int) -> Bool {
    if take("(") { return either(depth: depth + 1) && take(")") }
    guard let id = tokens.popFirst(), Self.isId(id) else { return false }
    let bare = id.hasSuffix("+") ? id.dropLast() : id
    if !id.lowercased().hasPrefix("licenseref-"), !Self.common.contains(bare.lowercased()) {
      unknown.append(String(id))
    }
    guard take("with") else { return true }
    guard let exception = tokens.popFirst(), Self.isId(exception) else { return false }
    if !Self.exceptions.contains(exception.lowercased()) { unknown.append(String(exception)) }
    return true
  }

  private static func isId(_ text: Substring) -> Bool {
    !["and", "or", "with"].contains(text.lowercased())
      && text.wholeMatch(of: #/[A-Za-z0-9.-]+\+?/#) != nil
  }
}
