// Rules for members of any archive: their paths, kinds and bytes. PyPI checks none of these.

extension Rule {
  static let safePath = Rule(
    "X01",
    .required,
    "a member's path is relative, without '..', backslashes, drive letters, control or direction marks",
    source: "llcuda-build; CVE-2026-1703 and CVE-2025-8869 of pip, uv's refusals",
    wayOut: "don't install it; build the archive again from a clean folder"
  )
  static let pathCollision = Rule(
    "X01-case",
    .required,
    "no two members have one path, letters' case and accents' form aside, and no file is another's folder",
    source: "llcuda-build; file systems of macOS and Windows",
    wayOut: "rename one of them"
  )
  static let portablePath = Rule(
    "X01-portable",
    .advice,
    "paths are ASCII without blanks, of at most 200 characters",
    source: "pydistcheck",
    wayOut: "rename the file"
  )
  static let memberKind = Rule(
    "X02",
    .required,
    "members are regular files or folders: no links, devices or pipes; a tarball's symbolic links stay inside",
    source: "llcuda-build; PEP 778 is deferred, so installers write a link's target as text",
    wayOut: "ship the file itself under the one name that is needed"
  )
  static let memberMode = Rule(
    "X02-mode",
    .required,
    "no member has the setuid, setgid or sticky bit",
    source: "llcuda-build",
    wayOut: "set modes to 0644 and 0755 before packing"
  )
  static let writableByAll = Rule(
    "X02-write",
    .advice,
    "no member is writable by everybody; unpackers other than pip and uv keep such modes",
    source: "llcuda-build",
    wayOut: "set modes to 0644 and 0755 before packing"
  )
  static let executableBit = Rule(
    "X02-exec",
    .advice,
    "programs have their execute bit",
    source: "llcuda-build; pip and uv keep the bit as it is in the archive",
    wayOut: "chmod +x before packing"
  )
  static let memberBytes = Rule(
    "X03",
    .required,
    "each member unpacks to the size and checksum that it says, and its two headers agree",
    source: "llcuda-build; uv checks the same",
    wayOut: "was the file copied completely? build it again"
  )
  static let duplicateLibraries = Rule(
    "X04",
    .required,
    "no library is in an archive twice",
    source: "llcuda-build; check-wheel-contents W002. A wheel holds no links, so libx.so, .so.0 and .so.0.1 become copies",
    wayOut: "ship the one name that is in SONAME or that the loader looks for"
  )
  static let duplicateFiles = Rule(
    "X04-files",
    .advice,
    "no file of 4 KiB and more is in an archive twice",
    source: "check-wheel-contents W002",
    wayOut: "ship it once"
  )
  static let dates = Rule(
    "X08",
    .advice,
    "members have valid times, all the same, so that archives can be made again",
    source: "llcuda-build; reproducible-builds.org, SOURCE_DATE_EPOCH",
    wayOut: "set SOURCE_DATE_EPOCH before building"
  )

  static let pathRules = [safePath, pathCollision, portablePath, memberKind, memberMode, writableByAll, executableBit]
  static let contentRules = [memberBytes, duplicateLibraries, duplicateFiles, dates]
}
