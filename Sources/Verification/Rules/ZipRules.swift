// Rules for the frame of a zip archive and for RECORD.

extension Rule {
  private static let zipfiles = "warehouse, utils/zipfiles.py"
  private static let rewrite = "write the archive again with Python's zipfile to a file, or with llcuda-build"

  static let isZip = Rule(
    "Z01",
    .rejected,
    "a wheel is a zip archive, and not a tar archive as well",
    source: "warehouse, forklift/legacy.py: _is_valid_dist_file",
    wayOut: "was it copied completely? build it again"
  )
  static let zipBomb = Rule(
    "Z02",
    .rejected,
    "an archive that unpacks to more than 64 MiB does not unpack to more than 50 times its size",
    source: "warehouse, forklift/legacy.py: COMPRESSION_RATIO_MIN_SIZE, COMPRESSION_RATIO_THRESHOLD",
    wayOut: "leave out files of nothing but zeros"
  )
  static let zipMethod = Rule(
    "Z03",
    .rejected,
    "members are stored or deflated, with no other compression",
    source: "warehouse, forklift/legacy.py: _is_valid_dist_file",
    wayOut: "write the wheel with deflate"
  )
  static let wheelFile = Rule(
    "Z04",
    .rejected,
    "WHEEL lies in the .dist-info folder called as the start of the file's name",
    source: "warehouse, forklift/legacy.py: _is_valid_dist_file",
    wayOut: "build the wheel again; don't rename it"
  )
  static let obfuscated = Rule(
    "Z05",
    .rejected,
    "Python files are not obfuscated with PyArmor or SourceDefender",
    source: "warehouse, forklift's scanner",
    wayOut: "ship the source"
  )
  static let zipNames = Rule(
    "Z06",
    .rejected,
    "names are UTF-8 without control characters, each once in front of its member and once in the directory",
    source: zipfiles,
    wayOut: rewrite
  )
  static let dataDescriptor = Rule(
    "Z07",
    .rejected,
    "sizes stand in front of a member, not behind it in a data descriptor (bit 3)",
    source: zipfiles,
    wayOut: "write the archive to a file, not to a pipe; libarchive can't"
  )
  static let zipSizes = Rule(
    "Z08",
    .rejected,
    "the sizes in front of a member are those in the directory",
    source: zipfiles,
    wayOut: rewrite
  )
  static let memberComment = Rule(
    "Z09",
    .rejected,
    "members have no comments",
    source: zipfiles,
    wayOut: rewrite
  )
  static let archiveComment = Rule(
    "Z09-archive",
    .advice,
    "an archive has no comment, which PyPI's documentation forbids and its code still takes",
    source: "warehouse, docs/archives.md",
    wayOut: "zip -z, or write the archive again"
  )
  static let strayBytes = Rule(
    "Z10",
    .rejected,
    "nothing stands before the first member, between records, or behind the archive's end",
    source: zipfiles,
    wayOut: rewrite
  )
  static let zipEnd = Rule(
    "Z11",
    .rejected,
    "the archive's end record counts its members and finds its directory; ZIP64 fields are plain and agree",
    source: zipfiles,
    wayOut: "was it copied completely? " + rewrite
  )
  static let recordFile = Rule(
    "R01",
    .rejected,
    "RECORD exists and is CSV in UTF-8",
    source: "warehouse, utils/wheel.py: validate_record",
    wayOut: "build the wheel again, or 'wheel unpack' and 'wheel pack' it"
  )
  static let recordNames = Rule(
    "R02",
    .mailed,
    "RECORD lists every file of the wheel once, and no other",
    source: "warehouse, utils/wheel.py: validate_record",
    wayOut: "'wheel unpack' and 'wheel pack' write a new one"
  )
  static let recordHashes = Rule(
    "R03",
    .required,
    "RECORD's hashes (SHA-256 or better) and sizes are those of the files",
    source: "PEP 376, PEP 427; installer's validate_record",
    wayOut: "'wheel unpack' and 'wheel pack' write a new one; was the wheel changed by hand?"
  )

  static let zipRules = [
    isZip, zipBomb, zipMethod, wheelFile, obfuscated, zipNames, dataDescriptor, zipSizes, memberComment,
    archiveComment, strayBytes, zipEnd,
  ]
  static let recordRules = [recordFile, recordNames, recordHashes]
}
