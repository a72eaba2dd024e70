import Archives
import Foundation
import ReleaseModel
import SystemPackage

/// The rules for a folder that llcuda-build wrote: its files against its manifest and each other (C01 to C08).
struct ReleaseFolder {
  static let manifestName = "manifest.json"
  static let checksumsName = "SHA256SUMS"
  static let provenanceName = "provenance.intoto.json"

  let folder: FilePath
  private let manifest: ReleaseManifest?

  init(_ folder: FilePath) {
    self.folder = folder
    let data = FileManager.default.contents(atPath: folder.appending(Self.manifestName).string)
    manifest = data.flatMap { try? JSONDecoder().decode(ReleaseManifest.self, from: $0) }
  }

  /// What the manifest says about each file's architectures.
  var promises: [(FilePath, [Architecture])] {
    (manifest?.artifacts ?? []).map { (folder.appending($0.file), $0.architectures) }
  }

  func findings(_ all: [Subject]) -> [Finding] {
    guard let manifest else {
      return [Finding(.manifestReadable, in: Self.manifestName, "it can't be read as one")]
    }
    let subjects = all.filter { $0.path.removingLastComponent() == folder }
    return artifactFindings(manifest, subjects) + checksumFindings(manifest, subjects)
      + versionFindings(manifest, subjects) + provenanceFindings(manifest)
  }

  private func artifactFindings(_ manifest: ReleaseManifest, _ subjects: [Subject]) -> [Finding] {
    var findings: [Finding] = []
    let byName = Dictionary(subjects.map { ($0.name, $0) }) { first, _ in first }
    for artifact in manifest.artifacts {
      guard let subject = byName[artifact.file] else {
        if artifact.kind == "kernels" {
          findings += kernelsFindings(artifact)
          continue
        }
        findings.append(Finding(.artifactPresent, in: artifact.file, "missing"))
        continue
      }
      if subject.byteCount != artifact.bytes.bytes || subject.sha256.hex != artifact.sha256 {
        let seen = "\(subject.byteCount) bytes, \(subject.sha256.hex.prefix(12))…; the manifest says \(artifact.bytes.bytes), \(artifact.sha256.prefix(12))…"
        findings.append(Finding(.artifactPresent, in: artifact.file, seen))
      }
    }
    let known = Set(manifest.artifacts.map(\.file))
    for subject in subjects where !known.contains(subject.name) {
      findings.append(Finding(.foreignFile, in: subject.name, "the manifest doesn't have it"))
    }
    return findings
  }

  /// Packed kernels that lie beside the wheels are no archives, so nobody read them yet.
  private func kernelsFindings(_ artifact: ReleaseManifest.Artifact) -> [Finding] {
    guard let digest = try? SHA256Digest.ofFile(at: folder.appending(artifact.file)).hex else {
      return [Finding(.artifactPresent, in: artifact.file, "missing")]
    }
    guard digest != artifact.sha256 else { return [] }
    let seen = "\(digest.prefix(12))…; the manifest says \(artifact.sha256.prefix(12))…"
    return [Finding(.artifactPresent, in: artifact.file, seen)]
  }

  private func checksumFindings(_ manifest: ReleaseManifest, _ subjects: [Subject]) -> [Finding] {
    let file = Self.checksumsName
    guard let data = FileManager.default.contents(atPath: folder.appending(file).string) else {
      return [Finding(.checksums, in: file, "missing")]
    }
    var listed: [String: String] = [:]
    var findings: [Finding] = []
    for (index, line) in String(decoding: data, as: UTF8.self).split(separator: "\n").enumerated() {
      guard let match = line.wholeMatch(of: #/([0-9a-f]{64}) [ *](.+)/#) else {
        findings.append(Finding(.checksums, in: file, at: "line \(index + 1)", "no digest and name"))
        continue
      }
      listed[String(match.2)] = String(match.1)
    }
    var digests = Dictionary(subjects.map { ($0.name, $0.sha256.hex) }) { first, _ in first }
    for own in [Self.manifestName, Self.provenanceName] {
      if let digest = try? SHA256Digest.ofFile(at: folder.appending(own)) { digests[own] = digest.hex }
    }
    let wanted = Set(manifest.artifacts.map(\.file)).union(digests.keys)
    for name in wanted.sorted() {
      if let digest = listed[name] {
        guard let actual = digests[name], actual != digest else { continue }
        findings.append(Finding(.checksums, in: file, at: name, "another digest than the file's"))
      } else {
        findings.append(Finding(.checksums, in: file, at: name, "not listed"))
      }
    }
    return findings
  }

  private func versionFindings(_ manifest: ReleaseManifest, _ subjects: [Subject]) -> [Finding] {
    var findings: [Finding] = []
    let wheels = subjects.filter { $0.kind == .wheel }
    let expected = VersionText(manifest.project.version)
    let projects = Set(wheels.compactMap(\.project))
    let root = WheelFileName.normalized(manifest.project.name)
    for wheel in wheels {
      if let version = wheel.version, VersionText(version) != expected {
        findings.append(Finding(.versionsLocked, in: wheel.name, "version \(version) in a release of \(manifest.project.version)"))
      }
      for requirement in wheel.requirements {
        let name = WheelFileName.normalized(requirement.name)
        guard name == root || name.hasPrefix("\(root)-") else { continue }
        let clause = requirement.versions.replacing(" ", with: "")
        if !clause.hasPrefix("==") || VersionText(clause.dropFirst(2)) != expected {
          findings.append(Finding(.versionsLocked, in: wheel.name, "it requires '\(requirement.name)\(requirement.versions)'"))
        }
        if !projects.contains(name) {
          findings.append(Finding(.groupsComplete, in: wheel.name, "it requires '\(name)', of which there is no wheel"))
        }
      }
    }
    let majors = Set(subjects.flatMap(\.cudaMajors)).union(
      subjects.contains { !$0.cudaMajors.isEmpty } ? [manifest.inputs.toolkit.major] : []
    )
    if majors.count > 1 {
      for subject in subjects where !subject.cudaMajors.isSubset(of: [manifest.inputs.toolkit.major]) {
        let seen = subject.cudaMajors.sorted().map { "libcudart.so.\($0)" }.joined(separator: ", ")
        findings.append(Finding(.cudaMajor, in: subject.name, "\(seen), with CUDA \(manifest.inputs.toolkit)"))
      }
    }
    return findings
  }

  private func provenanceFindings(_ manifest: ReleaseManifest) -> [Finding] {
    let file = Self.provenanceName
    guard let data = FileManager.default.contents(atPath: folder.appending(file).string) else { return [] }
    guard let statement = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      statement["_type"] as? String == "https://in-toto.io/Statement/v1",
      let subjects = statement["subject"] as? [[String: Any]]
    else { return [Finding(.provenance, in: file, "it is no in-toto statement of version 1")] }
    var named: [String: String] = [:]
    for subject in subjects {
      named[subject["name"] as? String ?? ""] = (subject["digest"] as? [String: Any])?["sha256"] as? String
    }
    let actual = Dictionary(manifest.artifacts.map { ($0.file, $0.sha256) }) { first, _ in first }
    guard named != actual else { return [] }
    let differing = Set(named.keys).union(actual.keys).filter { named[$0] != actual[$0] }.sorted()
    return differing.map { Finding(.provenance, in: file, at: $0, "another digest, or none") }
  }
}
