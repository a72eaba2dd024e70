import Packaging
import ReleaseModel

/// The rules for ELF files and the GPU code in them (X05, X06).
struct BinaryCheck {
  let contents: ArchiveContents
  /// What a wheel's platform tags promise; nil for other archives.
  let glibcMinor: Int?
  /// Names of libraries that are found at run time beside those in the archive.
  var provided: LibraryProviders
  /// What every library with GPU code has to hold; nil when only indexes beside libraries promise anything.
  let promised: [Architecture]?

  var findings: [Finding] {
    contents.brokenBinaries.sorted { $0.key < $1.key }.map {
      Finding(.elfReadable, in: contents.file, at: $0.key, $0.value)
    } + contents.binaryNames.flatMap { name in contents.binaries[name].map { check($0, name) } ?? [] }
      + kernelFindings
  }

  private static func isDriver(_ name: String) -> Bool {
    name == "libcuda.so" || name.hasPrefix("libcuda.so.") || name.hasPrefix("libnvidia-")
      || name.hasPrefix("libnvcuvid.so")
  }

  private func check(_ facts: BinaryFacts, _ name: String) -> [Finding] {
    var findings: [Finding] = []
    func report(_ rule: Rule, _ seen: String) {
      findings.append(Finding(rule, in: contents.file, at: name, seen))
    }
    let last = name.split(separator: "/").last.map(String.init) ?? name
    if Self.isDriver(last) || facts.soname.map(Self.isDriver) == true {
      report(.driverInside, facts.soname.map { "its name is \($0)" } ?? "by its file's name")
    }
    if !facts.isStripped || facts.hasDebugSections {
      report(.elfStripped, facts.hasDebugSections ? "sections for debuggers" : "the linker's symbols")
    }
    for folder in facts.runPaths where !staysInside(folder, of: name) {
      report(.elfRunPath, folder.isEmpty ? "an empty folder, which is the working one" : "'\(folder)'")
    }
    for library in facts.needed where !provided.contains(library) {
      report(.elfNeeded, "'\(library)'")
    }
    if let glibcMinor, facts.isX86 {
      for version in Self.tooNew(facts.versions, for: glibcMinor) { report(.glibcFloor, version) }
    }
    for segment in facts.badSegments { report(.elfSegments, segment) }
    if facts.hasTextRelocations { report(.textRelocations, "DT_TEXTREL") }
    if let hit = facts.buildPaths.first {
      let more = facts.buildPaths.count > 1 ? ", and more" : ""
      report(.buildPaths, "'\(hit.text)' at byte \(hit.offset)\(more)")
    }
    if let problem = facts.kernelProblem { report(.fatbinReadable, problem) }
    return findings
  }

  /// `$ORIGIN/../../nvidia/lib` of `pkg/bin/x.so` is `nvidia/lib` in site-packages: inside, as long as it doesn't
  /// climb out of that.
  private func staysInside(_ folder: String, of name: String) -> Bool {
    guard let match = folder.wholeMatch(of: #/\$(?:ORIGIN|\{ORIGIN\})(?:\/(.*))?/#) else { return false }
    let depth = name.split(separator: "/").count - 1
    return MemberCheck.staysInside(match.1.map { $0.isEmpty ? "." : String($0) } ?? ".", depth: depth)
  }

  private static func tooNew(_ versions: [String: [String]], for glibcMinor: Int) -> [String] {
    var found: [String] = []
    for (library, names) in versions.sorted(by: { $0.key < $1.key }) {
      for version in names {
        do {
          let floor = try PlatformTag(for: [[library: [version]]]).glibcMinor
          // The oldest policy known is 2.17; older tags are for what it allows.
          if floor > max(glibcMinor, 17) {
            found.append("\(library) in version \(version), of manylinux_2_\(floor)")
          }
        } catch {
          found.append("\(library) in version \(version), which no manylinux tag promises")
        }
      }
    }
    return found
  }

  private var kernelFindings: [Finding] {
    var findings: [Finding] = []
    // What UPX packed can't be looked into; the main job read it before it was packed, and its index is believed.
    var believed: [Architecture] = []
    for name in contents.texts.keys.sorted() where name.hasSuffix(".index") {
      let library = String(name.dropLast("index".count)) + "so"
      guard let facts = contents.binaries[library], let text = contents.text(name),
        let promise = KernelPromise(index: text)
      else { continue }
      if facts.hidesItsSections {
        believed += promise.architectures
        continue
      }
      findings += compare(facts.kernels ?? [], with: promise.architectures, at: library)
    }
    findings += contents.brokenKernels.sorted { $0.key < $1.key }.map {
      Finding(.fatbinReadable, in: contents.file, at: $0.key, $0.value)
    }
    // Kernels that are fetched at first use are promised by the file that is fetched.
    let isFetching =
      contents.members.contains { $0.name.hasSuffix(PackedContents.descriptorSuffix) }
      && contents.packed.isEmpty
    guard let promised, !isFetching else { return findings }
    let libraries = contents.binaryNames.filter { contents.binaries[$0]?.kernels != nil }
    var inside: [ComputeCapability: Architecture] = [:]
    let packed = contents.packed.values.joined()
    for architecture in libraries.flatMap({ contents.binaries[$0]?.kernels ?? [] }) + packed + believed {
      var sum = inside[architecture.capability] ?? architecture
      sum.real = sum.real || architecture.real
      sum.virtual = sum.virtual || architecture.virtual
      inside[architecture.capability] = sum
    }
    // What one library's index says was compared above; the sum is what the archive as a whole promises.
    return findings + compare(inside.values.sorted(), with: promised, at: nil)
  }

  private func compare(_ inside: [Architecture], with promised: [Architecture], at place: String?)
    -> [Finding]
  {
    func images(_ all: [Architecture]) -> Set<String> {
      Set(
        all.flatMap {
          ($0.real ? ["\($0.capability) real"] : []) + ($0.virtual ? ["\($0.capability) PTX"] : [])
        }
      )
    }
    let (have, want) = (images(inside), images(promised))
    return want.subtracting(have).sorted().map { Finding(.kernelsMissing, in: contents.file, at: place, $0) }
      + have.subtracting(want).sorted().map { Finding(.kernelsForeign, in: contents.file, at: place, $0) }
  }
}

/// What the index beside a slice promises: its `real` and `virtual` lines.
struct KernelPromise {
  let architectures: [Architecture]

  /// - Returns: nil when the text is no index of ours.
  init?(index text: String) {
    var found: [ComputeCapability: Architecture] = [:]
    var isIndex = false
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let key = words.first else { continue }
      if key == "format" { isIndex = true }
      guard key == "real" || key == "virtual" else { continue }
      for word in words.dropFirst() {
        guard let capability = ComputeCapability(parsing: word) else { return nil }
        var architecture = found[capability] ?? Architecture(capability, real: false, virtual: false)
        if key == "real" { architecture.real = true } else { architecture.virtual = true }
        found[capability] = architecture
      }
    }
    guard isIndex else { return nil }
    architectures = found.values.sorted()
  }
}

/// Who brings the libraries that an archive needs and doesn't carry.
struct LibraryProviders: Sendable {
  /// Exact names, and patterns that end in `*`.
  var names: Set<String> = []
  /// Whether one of NVIDIA's wheels is required.
  var hasNVIDIA = false
  /// Whether another part of the project, which was not looked at, may bring any library.
  var isOpen = false

  private static let nvidia = [
    "libcudart.so.", "libcublas.so.", "libcublasLt.so.", "libcufft.so.", "libcufftw.so.", "libcurand.so.",
    "libcusolver.so.", "libcusolverMg.so.", "libcusparse.so.", "libcusparseLt.so.", "libcudnn", "libnvrtc",
    "libnvJitLink.so.", "libnccl.so.", "libnvshmem", "libcupti.so.", "libnvToolsExt.so.", "libcufile",
    "libnvjpeg.so.", "libnpp", "libnvblas.so.", "libcudss",
  ]
  /// The driver brings these, and there is no other way to get them.
  private static let driver = [
    "libcuda.so.1", "libnvidia-ml.so.1", "libnvcuvid.so.1", "libnvidia-encode.so.1",
  ]
  /// The loader under other machines' names, and libraries of manylinux policies that PlatformTag has no use for.
  private static let system: Set<String> = [
    "ld-linux-aarch64.so.1", "libgcc_s.so.1", "libX11.so.6", "libXext.so.6", "libXrender.so.1", "libICE.so.6",
    "libSM.so.6", "libGL.so.1", "libgobject-2.0.so.0", "libgthread-2.0.so.0", "libglib-2.0.so.0",
    "libexpat.so.1", "libcrypt.so.1", "libpanelw.so.5", "libncursesw.so.5",
  ]

  func contains(_ library: String) -> Bool {
    isOpen || PlatformTag.systemLibraries.contains(library) || Self.driver.contains(library)
      || Self.system.contains(library) || library.hasPrefix("ld-linux") || names.contains(library)
      || names.contains { $0.hasSuffix("*") && library.hasPrefix($0.dropLast()) }
      || (hasNVIDIA && Self.nvidia.contains { library.hasPrefix($0) })
  }
}
