// Rules for ELF files and for the GPU code in them.

extension Rule {
  static let elfReadable = Rule(
    "X05",
    .required,
    "an ELF file is whole: headers, dynamic table and symbol versions lie inside of it",
    source: "ELF-64 object file format",
    wayOut: "build it again; was it cut off, or patched by two tools?"
  )
  static let elfStripped = Rule(
    "X05-stripped",
    .advice,
    "ELF files carry no linker's symbols and no debug sections",
    source: "llcuda-build; pydistcheck",
    wayOut: "strip --strip-all before patchelf, never after it (auditwheel issue 716)"
  )
  static let elfRunPath = Rule(
    "X05-rpath",
    .required,
    "RPATH and RUNPATH hold folders relative to $ORIGIN only, without the archive's outside above site-packages",
    source: "llcuda-build; auditwheel",
    wayOut: "patchelf --set-rpath '$ORIGIN/...'"
  )
  static let elfNeeded = Rule(
    "X05-needed",
    .required,
    "each library that is needed is in the archive, on manylinux's list, the driver's, or from a required NVIDIA wheel",
    source: "auditwheel's policies; llcuda-build",
    wayOut: "carry it along, require its wheel and name it with --allow-library, or link without it"
  )
  static let driverInside = Rule(
    "X05-libcuda",
    .required,
    "the driver's own libraries (libcuda.so.1, libnvidia-*) are not carried",
    source: "llcuda-build; they fit one driver only",
    wayOut: "exclude them when repairing: auditwheel repair --exclude 'libcuda.so*'"
  )
  static let glibcFloor = Rule(
    "X05-glibc",
    .required,
    "no binary needs newer symbol versions than the wheel's manylinux tag promises",
    source: "auditwheel's policies",
    wayOut: "build on an older system, or take the tag that auditwheel show names"
  )
  static let elfSegments = Rule(
    "X05-pages",
    .required,
    "segments lie in the file at the same place of a page as in memory",
    source: "ELF-64 object file format; auditwheel issue 716",
    wayOut: "strip before patchelf, with patchelf 0.14.5 or newer"
  )
  static let textRelocations = Rule(
    "X05-textrel",
    .advice,
    "code needs no relocations at loading (DT_TEXTREL), which hardened systems refuse",
    source: "llcuda-build",
    wayOut: "compile with -fPIC"
  )
  static let buildPaths = Rule(
    "X05-paths",
    .advice,
    "binaries carry no folders of the machine that built them",
    source: "llcuda-build; reproducible-builds.org",
    wayOut: "compile with -ffile-prefix-map=FOLDER=."
  )
  static let fatbinReadable = Rule(
    "X06",
    .required,
    "GPU code is well-formed: containers and entries fill their section",
    source: "llcuda-build",
    wayOut: "link the library again"
  )
  static let kernelsMissing = Rule(
    "X06-missing",
    .required,
    "every architecture that is promised (index, manifest, --archs) is inside, as machine code or PTX as promised",
    source: "llcuda-build",
    wayOut: "carve the slice again; was the wheel made from another build?"
  )
  static let kernelsForeign = Rule(
    "X06-foreign",
    .required,
    "no architecture is inside that is not promised",
    source: "llcuda-build",
    wayOut: "carve the slice again; was the wheel made from another build?"
  )

  static let binaryRules = [
    elfReadable, elfStripped, elfRunPath, elfNeeded, driverInside, glibcFloor, elfSegments, textRelocations,
    buildPaths,
  ]
  static let kernelRules = [fatbinReadable, kernelsMissing, kernelsForeign]
}
