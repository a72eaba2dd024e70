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
  /// - Throws: ``PackagingError/badField(_:value:why:)`` for a value that would start another field, or is too long.
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
      if value.contains(where: { $0.isNewline || $0 == "\0" }) {
        throw .badField(field, value: value, why: "it has more than one line")
      }
      if field == "Summary", value.count > 512 {
        throw .badField(field, value: value, why: "PyPI takes 512 characters")
      }
      text += "\(field): \(value)\n"
    }
    if let long = urls.keys.first(where: { $0.isEmpty || $0.count > 32 || $0.contains(",") }) {
      throw .badField("Project-URL", value: long, why: "a label has 1 to 32 characters and no comma")
    }
    return text + "\n" + description
  }
}
