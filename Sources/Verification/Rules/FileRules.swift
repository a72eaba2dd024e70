// Rules for a file as a whole, and for its name.

extension Rule {
  static let fileKind = Rule(
    "P01",
    .rejected,
    "a file is a wheel (.whl) or a source distribution (.tar.gz, .zip), or else a tarball of a release",
    source: "warehouse, forklift/forms.py: the extensions of each file type",
    wayOut: "build a wheel or an sdist; leave other files out of the upload"
  )
  static let fileNameCharacters = Rule(
    "P02",
    .rejected,
    "a file's name has no control characters and no slash or backslash",
    source: "warehouse, forklift/legacy.py: _validate_filename",
    wayOut: "rename the file"
  )
  static let fileSize = Rule(
    "P04",
    .rejected,
    "a file has at most 104,857,600 bytes (100 MiB), or what the project was granted (--cap)",
    source: "warehouse, constants.py: MAX_FILESIZE; the check is 'size > limit'",
    wayOut: "fewer architectures a file, --layout split, --kernel-compression zstd; or ask PyPI for a higher limit"
  )
  static let projectSize = Rule(
    "P05",
    .rejected,
    "all files of a project together have at most 10 GiB",
    source: "warehouse, constants.py: MAX_PROJECT_SIZE",
    wayOut: "delete old releases, or ask PyPI for a higher limit"
  )
  static let sameContents = Rule(
    "P07",
    .rejected,
    "no two files of an upload have the same contents",
    source: "warehouse, forklift/legacy.py: _is_duplicate_file",
    wayOut: "upload one of them"
  )
  static let sdistName = Rule(
    "P10-name",
    .rejected,
    "an sdist is called NAME-VERSION.tar.gz, the name in lower case with underscores (PEP 625)",
    source: "warehouse, forklift/legacy.py; PEP 625",
    wayOut: "build it with a current build backend"
  )
  static let sdistSingle = Rule(
    "P10-single",
    .rejected,
    "a version of a project has one sdist",
    source: "warehouse, forklift/legacy.py",
    wayOut: "upload one of them"
  )
  static let sdistTop = Rule(
    "P10-top",
    .rejected,
    "an sdist has one top folder, called as the file without its extension, with PKG-INFO in it",
    source: "warehouse, forklift/legacy.py: _is_valid_dist_file",
    wayOut: "build it with a current build backend"
  )
  static let sdistSparse = Rule(
    "P10-sparse",
    .rejected,
    "a tarball has no sparse members",
    source: "warehouse, forklift/legacy.py: _is_valid_dist_file",
    wayOut: "write it without GNU tar's --sparse"
  )
  static let newProjects = Rule(
    "P12",
    .advice,
    "a release belongs to at most 20 projects: PyPI lets a user make 20 new ones an hour",
    source: "warehouse, packaging/services.py and config.py: project creation limits",
    wayOut: "put several slices into a group (--group), or publish in two goes"
  )
  static let sizeMargin = Rule(
    "X09",
    .advice,
    "a file stays under 95 % of its limit, so that the next release still fits",
    source: "llcuda-build",
    wayOut: "see the report of the release for ways to make it smaller"
  )
  static let attestation = Rule(
    "A01",
    .rejected,
    "an attestation beside a file is a PyPI Publish or SLSA Provenance statement about that very file",
    source: "warehouse, attestations/services.py; PEP 740",
    wayOut: "make it again from the file that is uploaded, or delete it"
  )

  static let fileRules = [
    fileKind, fileNameCharacters, fileSize, projectSize, sameContents, sdistName, sdistSingle, sdistTop,
    sdistSparse, newProjects, sizeMargin, attestation,
  ]

  static let wheelName = Rule(
    "F01",
    .rejected,
    "a wheel is called NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl",
    source: "packaging.utils.parse_wheel_filename; PEP 427",
    wayOut: "rename it as the specification says; a build number starts with a digit"
  )
  static let platformTag = Rule(
    "F02",
    .rejected,
    "a wheel's platform is one that PyPI takes, such as manylinux_2_28_x86_64; linux_x86_64 is not",
    source: "warehouse, forklift/legacy.py: _valid_platform_tag",
    wayOut: "let auditwheel or llcuda-build compute a manylinux tag"
  )
  static let nameMatches = Rule(
    "F03",
    .rejected,
    "the name in a wheel's file name is METADATA's, in lower case with underscores",
    source: "warehouse, forklift/legacy.py; PEP 491",
    wayOut: "rename the file, or build it with a current build backend"
  )
  static let versionMatches = Rule(
    "F04",
    .rejected,
    "the version in a file's name is METADATA's",
    source: "warehouse, forklift/legacy.py",
    wayOut: "build the wheel again; don't rename it"
  )
  static let localVersion = Rule(
    "F05",
    .rejected,
    "a version has no local part (+cu12)",
    source: "warehouse, forklift/metadata.py; PEP 440",
    wayOut: "put the variant into the project's name, as llcuda-cu12 does"
  )
  static let tagsMatch = Rule(
    "F06",
    .required,
    "the tags in WHEEL, expanded, are those of the file's name",
    source: "PEP 427; a check planned by PyPI (warehouse pull request 19411)",
    wayOut: "change tags with 'wheel tags', which changes both"
  )

  static let nameRules = [wheelName, platformTag, nameMatches, versionMatches, localVersion, tagsMatch]
}
