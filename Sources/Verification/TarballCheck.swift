import Archives
import BinaryFormats
import ReleaseModel

/// The rules for sdists and for tarballs of binaries.
struct TarballCheck {
  let verifier: Verifier
  let promised: [Architecture]?

  /// A tarball of 100 MB may unpack to twenty times as much, but not to fill a disk.
  private static let ratio: Int64 = 200

  func check(_ subject: inout Subject) throws {
    let file = subject.name
    let read: WheelReader.Result
    if file.hasSuffix(".zip") {
      let bytes = try ByteSource(mapping: subject.path)
      read = try WheelReader(file: file, bytes: bytes, buildFolders: verifier.options.buildFolders).read()
    } else {
      read = try TarballReader(
        file: file,
        path: subject.path,
        buildFolders: verifier.options.buildFolders,
        limit: max(256 << 20, subject.byteCount.multipliedReportingOverflow(by: Self.ratio).partialValue)
      ).read()
    }
    subject.findings += read.findings
    subject.findings += MemberCheck(contents: read.contents, allowsLinks: true).findings.filter {
      // An sdist's files keep the times of the source; a tarball of ours has one for all.
      subject.kind == .tarball || $0.rule != .dates
    }
    let summary = BinarySummary(read.contents)
    subject.architectures = summary.architectures
    subject.cudaMajors = summary.cudaMajors
    if subject.kind == .sdist { sdistFindings(read.contents, &subject) }
    guard subject.kind == .tarball else { return }
    var provided = LibraryProviders(names: Set(verifier.options.allowedLibraries))
    provided.hasNVIDIA = true
    subject.binaries = BinaryCheck(
      contents: read.contents.binariesOnly,
      glibcMinor: nil,
      provided: provided,
      promised: promised
    )
  }

  private func sdistFindings(_ contents: ArchiveContents, _ subject: inout Subject) {
    let file = contents.file
    guard let name = SdistName(file) else { return }
    subject.project = WheelFileName.normalized(name.name)
    subject.version = name.version
    if file.hasSuffix(".zip") {
      subject.findings.append(Finding(.sdistName, in: file, "a .zip, which PEP 625 left behind"))
    }
    if VersionText(name.version)?.local != nil {
      subject.findings.append(Finding(.localVersion, in: file, "'\(name.version)'"))
    }
    guard !contents.members.isEmpty else { return }
    let tops = Set(contents.members.compactMap { $0.name.split(separator: "/").first.map(String.init) })
    let place = "\(name.stem)/PKG-INFO"
    if tops != [name.stem] {
      let seen = tops.sorted().prefix(3).map { "'\($0)'" }.joined(separator: ", ")
      subject.findings.append(Finding(.sdistTop, in: file, "it holds \(seen)"))
    } else if !contents.members.contains(where: { $0.name == place && $0.isFile }) {
      subject.findings.append(Finding(.sdistTop, in: file, at: place, "missing"))
    }
    guard let text = contents.text(place) else { return }
    let metadata = MetadataFile(text)
    let check = MetadataCheck(metadata, in: file, at: place)
    subject.findings += check.findings
    let written = metadata.value("Name") ?? ""
    let normal = WheelFileName.normalized(written).replacing("-", with: "_")
    if !written.isEmpty, normal != name.name {
      subject.findings.append(Finding(.sdistName, in: file, at: "\(place), Name", "'\(written)' and '\(name.name)'"))
    }
    if let version = metadata.value("Version"), let parsed = VersionText(version), parsed != VersionText(name.version) {
      let seen = "'\(version)' and '\(name.version)'"
      subject.findings.append(Finding(.versionMatches, in: file, at: "\(place), Version", seen))
    }
    for path in metadata.values("License-File")
    where check.isAtLeast("2.4") && !contents.members.contains(where: { $0.name == "\(name.stem)/\(path)" }) {
      subject.findings.append(Finding(.licenseFiles, in: file, at: "\(place), License-File", "no '\(name.stem)/\(path)'"))
    }
  }
}
