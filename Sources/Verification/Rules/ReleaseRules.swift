// Rules for a release as a whole: the folder that llcuda-build writes.

extension Rule {
  private static let again = "make the release again; files of two runs don't go together"

  static let manifestReadable = Rule(
    "C01",
    .required,
    "manifest.json is a manifest of llcuda-build's",
    source: "dist/schema/manifest.schema.json",
    wayOut: again
  )
  static let artifactPresent = Rule(
    "C02",
    .required,
    "every artifact of the manifest is there, with its size and SHA-256",
    source: "llcuda-build",
    wayOut: again
  )
  static let foreignFile = Rule(
    "C03",
    .required,
    "no wheel, sdist or tarball is there that the manifest doesn't know",
    source: "llcuda-build",
    wayOut: "move it away, so that nobody uploads it"
  )
  static let checksums = Rule(
    "C04",
    .required,
    "SHA256SUMS lists the artifacts, the manifest and the provenance statement with their digests",
    source: "llcuda-build; sha256sum -c",
    wayOut: again
  )
  static let versionsLocked = Rule(
    "C05",
    .required,
    "all wheels of a release have one version, and require each other in exactly that",
    source: "llcuda-build",
    wayOut: again
  )
  static let groupsComplete = Rule(
    "C06",
    .required,
    "every wheel that the release's wheels require of it is there",
    source: "llcuda-build",
    wayOut: again
  )
  static let cudaMajor = Rule(
    "C07",
    .required,
    "all wheels of a release need one major version of CUDA",
    source: "llcuda-build; libcudart.so.12 and .13 don't mix",
    wayOut: "make one release for each toolkit"
  )
  static let provenance = Rule(
    "C08",
    .required,
    "the provenance statement is about the artifacts that are there",
    source: "in-toto Statement v1; SLSA Provenance v1",
    wayOut: again
  )

  static let releaseRules = [
    manifestReadable, artifactPresent, foreignFile, checksums, versionsLocked, groupsComplete, cudaMajor,
    provenance,
  ]
}
