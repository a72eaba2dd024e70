/// The rules for METADATA and PKG-INFO (M02 to M06), on its text alone.
struct MetadataCheck {
  let file: String
  let place: String
  let metadata: MetadataFile
  private let version: String

  init(_ metadata: MetadataFile, in file: String, at place: String) {
    self.file = file
    self.place = place
    self.metadata = metadata
    version = metadata.value("Metadata-Version") ?? ""
  }

  /// Fields by the metadata version that brought them (core metadata specification); `multiple` may stand repeatedly.
  private static let fields: [(since: String, single: [String], multiple: [String])] = [
    (
      "1.0",
      [
        "metadata-version", "name", "version", "summary", "description", "keywords", "home-page", "author",
        "author-email", "license",
      ], ["platform"]
    ),
    ("1.1", ["download-url"], ["supported-platform", "classifier", "requires", "provides", "obsoletes"]),
    (
      "1.2", ["maintainer", "maintainer-email", "requires-python"],
      ["requires-dist", "provides-dist", "obsoletes-dist", "requires-external", "project-url"]
    ),
    ("2.1", ["description-content-type"], ["provides-extra"]),
    ("2.2", [], ["dynamic"]),
    ("2.4", ["license-expression"], ["license-file"]),
    ("2.5", [], ["import-name", "import-namespace"]),
  ]
  private static let versions = ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"]

  var findings: [Finding] {
    versionFindings + fieldFindings + summaryFindings + addressFindings + listFindings + licenseFindings
      + descriptionFindings + uploadFindings
  }

  /// What an uploader would send otherwise than it stands here, or not at all.
  private var uploadFindings: [Finding] {
    var findings: [Finding] = []
    if metadata.hasTwoDescriptions {
      findings.append(finding(.metadataUpload, "Description", "a field, and text below the fields"))
    }
    var labels: Set<String> = []
    for value in metadata.values("Project-URL") {
      let label = value.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)[0].trimmed
      if !label.isEmpty, !labels.insert(label).inserted {
        findings.append(finding(.metadataUpload, "Project-URL", "the label '\(label)' twice"))
      }
    }
    return findings
  }

  private func finding(_ rule: Rule, _ field: String, _ seen: String) -> Finding {
    Finding(rule, in: file, at: "\(place), \(field)", seen)
  }

  /// Whether the metadata version has something; an unknown version is taken for a new one.
  func isAtLeast(_ other: String) -> Bool {
    guard let mine = Self.versions.firstIndex(of: version), let its = Self.versions.firstIndex(of: other)
    else {
      return true
    }
    return mine >= its
  }

  private var versionFindings: [Finding] {
    guard !Self.versions.contains(version) else { return [] }
    return [finding(.metadataVersion, "Metadata-Version", version.isEmpty ? "missing" : "'\(version)'")]
  }

  private var fieldFindings: [Finding] {
    var findings = metadata.strayLines.map {
      Finding(.metadataFields, in: file, at: "\(place), line \($0)", "no field")
    }
    let name = metadata.value("Name") ?? ""
    if name.wholeMatch(of: #/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/#) == nil {
      findings.append(finding(.metadataFields, "Name", name.isEmpty ? "missing" : "'\(name)' is no name"))
    }
    let version = metadata.value("Version") ?? ""
    if VersionText(version) == nil {
      findings.append(
        finding(.metadataFields, "Version", version.isEmpty ? "missing" : "'\(version)' is no version")
      )
    } else if VersionText(version)?.local != nil {
      findings.append(finding(.localVersion, "Version", "'\(version)'"))
    }
    var counts: [String: Int] = [:]
    for field in metadata.fields { counts[field.name.lowercased(), default: 0] += 1 }
    for (field, count) in counts.sorted(by: { $0.key < $1.key }) {
      guard let row = Self.fields.first(where: { $0.single.contains(field) || $0.multiple.contains(field) })
      else {
        findings.append(finding(.metadataFields, field, "no metadata version has this field"))
        continue
      }
      // setuptools wrote License-File years before the version that has it, and PyPI takes it.
      if !isAtLeast(row.since), field != "license-file" {
        let seen = "came with metadata version \(row.since), and this is \(self.version)"
        findings.append(finding(.metadataFields, field, seen))
      }
      if count > 1, row.single.contains(field) {
        findings.append(finding(.metadataFields, field, "\(count) times"))
      }
    }
    return findings
  }

  private var summaryFindings: [Finding] {
    guard let summary = metadata.value("Summary") else { return [] }
    if summary.contains("\n") { return [finding(.metadataSummary, "Summary", "several lines")] }
    let count = summary.unicodeScalars.count
    return count > 512 ? [finding(.metadataSummary, "Summary", "\(count) characters")] : []
  }

  private var addressFindings: [Finding] {
    var findings: [Finding] = []
    for field in ["Author-email", "Maintainer-email"] {
      guard let value = metadata.value(field) else { continue }
      // As Python's parseaddr: the first address, with or without a name. Without any, PyPI takes the text as it is.
      let first =
        value.firstMatch(of: #/<([^>]*)>/#).map { String($0.1) } ?? value.split(separator: ",").first.map(
          String.init
        ) ?? ""
      let address = first.trimmed
      if address.contains("@") || value.contains("<"),
        address.wholeMatch(
          of: #/[^\s@<>,;:"]+@[A-Za-z0-9\u{80}-\u{10FFFF}-]+(?:\.[A-Za-z0-9\u{80}-\u{10FFFF}-]+)+/#
        ) == nil
      {
        findings.append(finding(.metadataEmail, field, "'\(address)'"))
      }
    }
    for field in ["Home-page", "Download-URL"] {
      for value in metadata.values(field) where !value.isEmpty && value != "UNKNOWN" && !Self.isAddress(value)
      {
        findings.append(finding(.metadataURL, field, "'\(value)' is no address"))
      }
    }
    for value in metadata.values("Project-URL") {
      let parts = value.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
      let label = parts[0].trimmed
      let address = parts.count > 1 ? parts[1].trimmed : ""
      if label.isEmpty || label.unicodeScalars.count > 32 {
        findings.append(
          finding(.metadataURL, "Project-URL", "a label of \(label.unicodeScalars.count) characters")
        )
      }
      if !Self.isAddress(address) {
        findings.append(finding(.metadataURL, "Project-URL", "'\(address)' is no address"))
      }
    }
    return findings
  }

  private static func isAddress(_ text: String) -> Bool {
    text.wholeMatch(of: #/(?:https?|ftp):\/\/[^\s\/]\S*/#.ignoresCase()) != nil
  }

  private var listFindings: [Finding] {
    var findings: [Finding] = []
    for classifier in metadata.values("Classifier") where !Classifiers.isKnown(classifier) {
      let why = Classifiers.isDeprecated(classifier) ? "is deprecated" : "is not on the list"
      findings.append(finding(.metadataClassifier, "Classifier", "'\(classifier)' \(why)"))
    }
    for value in metadata.values("Requires-Python") where !VersionRange.isValid(value) {
      findings.append(finding(.metadataRequirement, "Requires-Python", "'\(value)' is no range of versions"))
    }
    for field in ["Requires-Dist", "Provides-Dist", "Obsoletes-Dist"] {
      for value in metadata.values(field) {
        guard let requirement = Requirement(value) else {
          findings.append(finding(.metadataRequirement, field, "'\(value)' is no requirement"))
          continue
        }
        if requirement.address != nil {
          findings.append(finding(.metadataRequirement, field, "'\(value)' is an address"))
        }
      }
    }
    let extras = metadata.values("Provides-Extra")
    for extra in extras {
      if extra.wholeMatch(of: #/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/#) == nil {
        findings.append(finding(.metadataExtra, "Provides-Extra", "'\(extra)'"))
      } else if isAtLeast("2.3"), extra != WheelFileName.normalized(extra) {
        findings.append(finding(.metadataExtraForm, "Provides-Extra", "'\(extra)'"))
      }
    }
    let normalized = Set(extras.map { WheelFileName.normalized($0) })
    if normalized.count < extras.count {
      findings.append(finding(.metadataExtraForm, "Provides-Extra", "one twice"))
    }
    for value in metadata.values("Dynamic") {
      let field = value.lowercased()
      let isField = Self.fields.contains { $0.single.contains(field) || $0.multiple.contains(field) }
      if !isField || ["name", "version", "metadata-version"].contains(field) {
        findings.append(finding(.metadataDynamic, "Dynamic", "'\(value)'"))
      }
    }
    return findings
  }

  private var licenseFindings: [Finding] {
    guard let expression = metadata.value("License-Expression") else { return [] }
    var findings: [Finding] = []
    let (isValid, unknown) = LicenseExpression.check(expression)
    if !isValid {
      findings.append(
        finding(.metadataLicense, "License-Expression", "'\(expression)' is no SPDX expression")
      )
    } else if !unknown.isEmpty {
      findings.append(
        finding(.metadataLicenseName, "License-Expression", unknown.map { "'\($0)'" }.joined(separator: ", "))
      )
    }
    if metadata.value("License") != nil {
      findings.append(finding(.metadataLicense, "License", "stands beside License-Expression"))
    }
    return findings
  }

  private var descriptionFindings: [Finding] {
    guard let type = metadata.value("Description-Content-Type"), !type.isEmpty else {
      let isEmpty = metadata.description.trimmed.isEmpty
      return [
        isEmpty
          ? Finding(.description, in: file, at: place, "no description")
          : finding(.descriptionMissingType, "Description-Content-Type", "missing")
      ]
    }
    var findings: [Finding] = []
    let parts = type.split(separator: ";").map(\.trimmed)
    let kind = parts.first?.lowercased() ?? ""
    if !["text/plain", "text/x-rst", "text/markdown"].contains(kind) {
      findings.append(finding(.descriptionType, "Description-Content-Type", "'\(type)'"))
    }
    for parameter in parts.dropFirst() {
      let pair = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmed.replacing("\"", with: "") }
      guard pair.count == 2 else { continue }
      let isFine =
        switch pair[0].lowercased() {
        case "charset": pair[1].uppercased() == "UTF-8"
        case "variant": kind != "text/markdown" || ["GFM", "CommonMark"].contains(pair[1])
        default: true
        }
      if !isFine { findings.append(finding(.descriptionType, "Description-Content-Type", "'\(type)'")) }
    }
    if metadata.description.trimmed.isEmpty {
      findings.append(Finding(.description, in: file, at: place, "no description"))
    }
    return findings
  }
}
