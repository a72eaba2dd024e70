import Archives
import BinaryFormats
import ReleaseModel

/// The rules for one wheel.
struct WheelCheck {
  let verifier: Verifier
  let promised: [Architecture]?

  func check(_ subject: inout Subject) throws {
    let file = subject.name
    let reader = WheelReader(
      file: file,
      bytes: try ByteSource(mapping: subject.path),
      buildFolders: verifier.options.buildFolders
    )
    let read = try reader.read()
    let contents = read.contents
    subject.findings += read.findings
    subject.findings += MemberCheck(contents: contents, allowsLinks: false).findings
    subject.findings += Self.obfuscated(contents)
    subject.architectures = BinarySummary(contents).architectures
    subject.cudaMajors = BinarySummary(contents).cudaMajors

    // Characters that no name may have were told; the rest of the name may be fine.
    let (parsed, problem) = WheelFileName.parse(file.withoutControls)
    if let problem { subject.findings.append(Finding(.wheelName, in: file, problem)) }
    if let parsed { subject.findings += platformFindings(parsed, file) }
    subject.project = parsed.map { WheelFileName.normalized($0.name) }
    subject.version = parsed?.version
    // Without a directory there is nothing to look up, and that was told.
    guard !contents.members.isEmpty else { return }

    let stem = parsed?.stem ?? file.split(separator: "-", maxSplits: 2).prefix(2).joined(separator: "-")
    let info = "\(stem).dist-info"
    let metadata = metadataFindings(contents, info: info, parsed, &subject)
    subject.findings += RecordCheck(contents: contents, info: info).findings
    if let bytes = contents.texts["\(info)/entry_points.txt"] {
      subject.findings += EntryPoints(file: file, place: "\(info)/entry_points.txt").findings(bytes)
    }
    subject.findings += WheelFileCheck(contents: contents, info: info, name: parsed).findings
    subject.findings += BillCheck(contents: contents, info: info, project: subject.project).findings

    var provided = LibraryProviders(names: Set(verifier.options.allowedLibraries))
    provided.hasNVIDIA = metadata?.values("Requires-Dist").contains { $0.hasPrefix("nvidia-") } ?? false
    // A project that is required in exactly one version is a part of this one, and may bring any library.
    provided.isOpen = subject.requirements.contains {
      $0.extra == nil && $0.versions.hasPrefix("==") && !$0.versions.hasSuffix("*") && !$0.name.hasPrefix("nvidia-")
    }
    subject.binaries = BinaryCheck(
      contents: contents.binariesOnly,
      glibcMinor: parsed?.platforms.compactMap(WheelFileName.glibcMinor).min(),
      provided: provided,
      promised: promised
    )
  }

  private func platformFindings(_ name: WheelFileName, _ file: String) -> [Finding] {
    var findings = name.platforms.filter { !WheelFileName.isAccepted($0) }.map {
      Finding(.platformTag, in: file, "'\($0)'")
    }
    if VersionText(name.version)?.local != nil {
      findings.append(Finding(.localVersion, in: file, "'\(name.version)'"))
    }
    if file.utf8.count + ".metadata".utf8.count > 255 {
      findings.append(Finding(.metadataFile, in: file, "a name of \(file.utf8.count) bytes"))
    }
    return findings
  }

  private func metadataFindings(
    _ contents: ArchiveContents,
    info: String,
    _ parsed: WheelFileName?,
    _ subject: inout Subject
  ) -> MetadataFile? {
    let (file, place) = (contents.file, "\(info)/METADATA")
    guard contents.members.contains(where: { $0.name == place }) else {
      subject.findings.append(Finding(.metadataFile, in: file, at: place, "missing"))
      return nil
    }
    guard let bytes = contents.texts[place] else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      subject.findings.append(Finding(.metadataFields, in: file, at: place, "it is no UTF-8"))
      return nil
    }
    let metadata = MetadataFile(text)
    let check = MetadataCheck(metadata, in: file, at: place)
    subject.findings += check.findings
    subject.requiresPython = metadata.value("Requires-Python")
    subject.requirements = metadata.values("Requires-Dist").compactMap { Requirement($0) }
    for path in metadata.values("License-File") where check.isAtLeast("2.4") {
      let whole = "\(info)/licenses/\(path)"
      if !contents.members.contains(where: { $0.name == whole }) {
        subject.findings.append(Finding(.licenseFiles, in: file, at: "\(place), License-File", "no '\(whole)'"))
      }
    }
    guard let parsed else { return metadata }
    let name = metadata.value("Name") ?? ""
    if parsed.name != WheelFileName.normalized(name).replacing("-", with: "_"), !name.isEmpty {
      subject.findings.append(Finding(.nameMatches, in: file, at: "\(place), Name", "'\(name)' and '\(parsed.name)'"))
    }
    if let version = metadata.value("Version"), let mine = VersionText(version),
      mine != VersionText(parsed.version)
    {
      let seen = "'\(version)' and '\(parsed.version)'"
      subject.findings.append(Finding(.versionMatches, in: file, at: "\(place), Version", seen))
    }
    return metadata
  }

  /// What PyPI's scanner looks for, in Python files of at most 5 MiB.
  private static func obfuscated(_ contents: ArchiveContents) -> [Finding] {
    let marks = ["from pyarmor_runtime", "__pyarmor__", "import sourcedefender", "from sourcedefender"]
    return contents.texts.keys.sorted().filter { $0.hasSuffix(".py") || $0.hasSuffix(".pye") }.compactMap { name in
      guard let bytes = contents.texts[name], bytes.count <= 5 << 20 else { return nil }
      let text = String(decoding: bytes, as: UTF8.self)
      guard let mark = marks.first(where: { text.contains($0) }) else {
        return text.hasPrefix("---BEGIN PYE FILE---")
          ? Finding(.obfuscated, in: contents.file, at: name, "SourceDefender's header") : nil
      }
      return Finding(.obfuscated, in: contents.file, at: name, "'\(mark)'")
    }
  }
}

extension String {
  /// The text without control characters.
  fileprivate var withoutControls: String {
    var scalars = UnicodeScalarView()
    scalars.append(contentsOf: unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })
    return String(scalars)
  }
}

/// What the binaries of an archive have together.
struct BinarySummary {
  let architectures: [Architecture]
  let cudaMajors: Set<Int>

  init(_ contents: ArchiveContents) {
    var found: [ComputeCapability: Architecture] = [:]
    var majors: Set<Int> = []
    for facts in contents.binaries.values {
      for architecture in facts.kernels ?? [] {
        var sum = found[architecture.capability] ?? architecture
        sum.real = sum.real || architecture.real
        sum.virtual = sum.virtual || architecture.virtual
        found[architecture.capability] = sum
      }
      for library in facts.needed {
        // libcudart's number is that of the toolkit since 11.0.
        if let match = library.wholeMatch(of: #/libcudart\.so\.([0-9]+)(?:\..*)?/#), let major = Int(match.1) {
          majors.insert(major)
        }
      }
    }
    architectures = found.values.sorted()
    cudaMajors = majors
  }
}
