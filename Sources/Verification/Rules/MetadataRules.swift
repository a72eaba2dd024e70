// Rules for what a wheel says about itself.

extension Rule {
  private static let coreMetadata = "warehouse, forklift/metadata.py; core metadata specification"

  static let entryPoints = Rule(
    "E01",
    .rejected,
    "entry_points.txt is an INI file in UTF-8 with '='; scripts' names are letters, digits, '.', '_' and '-'",
    source: "warehouse, utils/wheel.py; CVE-2026-8643",
    wayOut: "rename the script"
  )
  static let metadataFile = Rule(
    "M01",
    .rejected,
    "METADATA exists in the .dist-info folder, and the file's name leaves room for '.metadata'",
    source: "warehouse, forklift/legacy.py",
    wayOut: "build the wheel again; shorten a name of more than 246 bytes"
  )
  static let metadataVersion = Rule(
    "M02",
    .rejected,
    "Metadata-Version is 1.0, 1.1, 1.2 or 2.1 to 2.5",
    source: "warehouse, forklift/metadata.py: SUPPORTED_METADATA_VERSIONS",
    wayOut: "build with a release of the backend that writes 2.4"
  )
  static let metadataFields = Rule(
    "M03-field",
    .rejected,
    "METADATA has a valid Name and Version, only fields of its version, each single field once",
    source: coreMetadata,
    wayOut: "correct the field in the project's configuration"
  )
  static let metadataSummary = Rule(
    "M03-summary",
    .rejected,
    "Summary is one line of at most 512 characters",
    source: coreMetadata,
    wayOut: "shorten it; the description is the place for more"
  )
  static let metadataEmail = Rule(
    "M03-email",
    .rejected,
    "addresses in Author-email and Maintainer-email are valid",
    source: coreMetadata,
    wayOut: "write Jane Doe <jane@example.com>"
  )
  static let metadataClassifier = Rule(
    "M03-classifier",
    .rejected,
    "classifiers are known and none is deprecated",
    source: coreMetadata + "; trove-classifiers",
    wayOut: "take it from the list of trove classifiers; 'Private :: ' ones are refused on purpose"
  )
  static let metadataURL = Rule(
    "M03-url",
    .rejected,
    "Home-page, Download-URL and Project-URL are addresses; a label has 1 to 32 characters",
    source: coreMetadata,
    wayOut: "write 'Label, https://example.com/'"
  )
  static let metadataRequirement = Rule(
    "M03-requirement",
    .rejected,
    "Requires-Dist holds PEP 508 requirements without direct addresses, Requires-Python a PEP 440 range",
    source: coreMetadata + "; PEP 508, PEP 440",
    wayOut: "require a version; PyPI refuses 'name @ https://...'"
  )
  static let metadataExtra = Rule(
    "M03-extra",
    .rejected,
    "names of extras are letters, digits, '.', '_' and '-', with a letter or digit at both ends",
    source: coreMetadata,
    wayOut: "rename the extra"
  )
  static let metadataExtraForm = Rule(
    "M03-extra-form",
    .advice,
    "from Metadata-Version 2.3 on, extras are in their normal form: lower case, single hyphens, each once",
    source: "core metadata specification; PEP 685",
    wayOut: "write sm-80 for SM_80"
  )
  static let metadataDynamic = Rule(
    "M03-dynamic",
    .rejected,
    "Dynamic names fields that may be dynamic: not Name, Version or Metadata-Version",
    source: coreMetadata + "; PEP 643",
    wayOut: "leave the field out"
  )
  static let metadataLicense = Rule(
    "M03-license",
    .rejected,
    "License-Expression is an SPDX expression, and License does not stand beside it",
    source: coreMetadata + "; PEP 639",
    wayOut: "write 'MIT' or 'Apache-2.0 OR MIT' as License-Expression and leave License out"
  )
  static let metadataLicenseName = Rule(
    "M03-spdx",
    .advice,
    "License-Expression names licenses that llcuda-build knows from SPDX's list",
    source: "SPDX license list; PEP 639",
    wayOut: "check the spelling against the SPDX list; PyPI refuses unknown ones"
  )
  static let licenseFiles = Rule(
    "M04",
    .rejected,
    "from Metadata-Version 2.4 on, each License-File lies in .dist-info/licenses, in an sdist below its top folder",
    source: "warehouse, forklift/legacy.py; PEP 639",
    wayOut: "put the file there, or take its name out"
  )
  static let descriptionType = Rule(
    "M05",
    .rejected,
    "Description-Content-Type is text/plain, text/x-rst or text/markdown, in UTF-8, as GFM or CommonMark",
    source: "warehouse, forklift/legacy.py; readme_renderer",
    wayOut: "write 'text/markdown'"
  )
  static let descriptionMissingType = Rule(
    "M05-type",
    .advice,
    "a description says of which type it is: without one it is read as reStructuredText",
    source: "warehouse, forklift/legacy.py",
    wayOut: "add Description-Content-Type"
  )
  static let description = Rule(
    "M05-empty",
    .advice,
    "a wheel has a description",
    source: "twine check --strict",
    wayOut: "add a readme to the project"
  )
  static let metadataUpload = Rule(
    "M06",
    .required,
    "METADATA is what an uploader sends, whose form PyPI believes: one description, each label of Project-URL once",
    source: "warehouse, forklift/legacy.py; packaging, parse_email; twine refuses what that can't read",
    wayOut:
      "leave out the Description field, the text below the fields is enough; give each address a label of its own"
  )
  static let wheelFields = Rule(
    "X07",
    .required,
    "WHEEL has Wheel-Version 1.x, Root-Is-Purelib and Tag as 'Key: Value' lines, single ones once",
    source: "PEP 427; auditwheel 6.7.0 mended a second Root-Is-Purelib",
    wayOut: "build the wheel again"
  )
  static let pureWheel = Rule(
    "X07-pure",
    .required,
    "a wheel with binaries is not for platform 'any'",
    source: "PEP 427",
    wayOut: "give it a platform tag"
  )
  static let purelib = Rule(
    "X07-purelib",
    .advice,
    "a wheel with binaries has Root-Is-Purelib: false, since some systems keep binaries in another folder",
    source: "PEP 427",
    wayOut: "write false"
  )
  static let sbom = Rule(
    "X07-sbom",
    .advice,
    "a wheel with binaries says what is inside them, in .dist-info/sboms/",
    source: "PEP 770",
    wayOut: "add a bill of materials, as auditwheel and llcuda-build do"
  )
  static let sbomBroken = Rule(
    "X07-bom",
    .required,
    "bills in .dist-info/sboms are JSON objects; the one of llcuda-build is about this very project",
    source: "PEP 770",
    wayOut: "make it again for this wheel"
  )

  static let metadataRules = [
    entryPoints, metadataFile, metadataVersion, metadataFields, metadataSummary, metadataEmail,
    metadataClassifier, metadataURL, metadataRequirement, metadataExtra, metadataExtraForm, metadataDynamic,
    metadataLicense,
    metadataLicenseName, licenseFiles, descriptionType, descriptionMissingType, description, metadataUpload,
    wheelFields,
    pureWheel, purelib, sbom, sbomBroken,
  ]
}
