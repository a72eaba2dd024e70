/// The METADATA file of a wheel, core metadata 2.4 (packaging.python.org, "Core metadata specifications").
public struct CoreMetadata: Hashable, Sendable {
  /// The project.
  public var name: ProjectName
  /// Its version.
  public var version: ProjectVersion
  /// One line, at most 512 characters.
  public var summary = ""
  /// The author's name.
  public var author: String?
  /// The author's e-mail address.
  public var authorEmail: String?
  /// An SPDX expression.
  public var license: String?
  /// Paths of license texts inside `licenses/`.
  public var licenseFiles: [String] = []
  /// Links by label.
  public var urls: [String: String] = [:]
  /// Keywords.
  public var keywords: [String] = []
  /// Trove classifiers.
  public var classifiers: [String] = []
  /// Python versions, such as `>=3.9`.
  public var requiresPython: String?
  /// Requirements in PEP 508's form, extras' markers included.
  public var requirements: [String] = []
  /// Names of extras.
  public var extras: [String] = []
  /// The long description in Markdown.
  public var description = ""

  /// Makes metadata with a name and a version only.
  public init(name: ProjectName, version: ProjectVersion) {
    self.name = name
    self.version = version
  }

  /// The file's text.
  ///
  /// - Throws: ``PackagingError/badField(_:value:why:)`` for a value that would start another field, is too long or
  ///   which PyPI refuses for another reason. SPDX expressions, classifiers and requirements are taken as they are.
  public func text() throws(PackagingError) -> String {
    var fields: [(String, String)] = [
      ("Metadata-Version", "2.4"), ("Name", name.text), ("Version", version.text), ("Summary", summary),
    ]
    if let author { fields.append(("Author", author)) }
    if let authorEmail { fields.append(("Author-email", authorEmail)) }
    if let license { fields.append(("License-Expression", license)) }
    fields += licenseFiles.map { ("License-File", $0) }
    fields += urls.sorted { $0.key < $1.key }.map { ("Project-URL", "\($0.key), \($0.value)") }
    if !keywords.isEmpty { fields.append(("Keywords", keywords.joined(separator: ","))) }
    fields += classifiers.map { ("Classifier", $0) }
    if let requiresPython { fields.append(("Requires-Python", requiresPython)) }
    fields += extras.map { ("Provides-Extra", $0) }
    fields += requirements.map { ("Requires-Dist", $0) }
    fields.append(("Description-Content-Type", "text/markdown"))

    var text = ""
    for (field, value) in fields where !value.isEmpty {
      try Self.check(value, of: field)
      text += "\(field): \(value)\n"
    }
    try checkLists()
    return text + "\n" + description
  }

  /// Rules for the value of one field; lengths are counted as PyPI does, in Unicode scalars.
  private static func check(_ value: String, of field: String) throws(PackagingError) {
    // Line ends of every kind are among them, and Python's readers know more kinds than Swift.
    let breaks: Set<Unicode.GeneralCategory> = [.control, .lineSeparator, .paragraphSeparator]
    if value.unicodeScalars.contains(where: { breaks.contains($0.properties.generalCategory) }) {
      throw .badField(field, value: value, why: "it has a line end or another control character")
    }
    if field == "Summary", value.unicodeScalars.count > 512 {
      throw .badField(field, value: value, why: "PyPI takes 512 characters")
    }
    if field == "Author-email", value.firstMatch(of: #/[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+/#) == nil {
      throw .badField(
        field,
        value: value,
        why: "it is no e-mail address; write one such as Jane Doe <jane@example.com>"
      )
    }
    if field == "Requires-Dist", value.contains("@") {
      throw .badField(
        field,
        value: value,
        why: "PyPI refuses requirements that are addresses; require a version"
      )
    }
  }

  private func checkLists() throws(PackagingError) {
    for (label, address) in urls.sorted(by: { $0.key < $1.key }) {
      if label.isEmpty || label.unicodeScalars.count > 32 || label.unicodeScalars.contains(",") {
        throw .badField("Project-URL", value: label, why: "a label has 1 to 32 characters and no comma")
      }
      if address.wholeMatch(of: #/https?:\/\/[^\s\/]\S*/#.ignoresCase()) == nil {
        throw .badField("Project-URL", value: address, why: "it is no http or https address")
      }
    }
    if let keyword = keywords.first(where: { $0.unicodeScalars.contains(",") }) {
      throw .badField("Keywords", value: keyword, why: "commas separate keywords; give it as two")
    }
    for extra in extras where extra.wholeMatch(of: #/[a-z0-9]+(-[a-z0-9]+)*/#) == nil {
      throw .badField(
        "Provides-Extra",
        value: extra,
        why: "it takes lower-case letters, digits and single hyphens"
      )
    }
  }
}
