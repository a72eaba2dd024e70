import Inventory
import ReleaseModel

/// What an artifact's figures mean.
struct Findings {
  private let artifact: Artifact
  private let collector: ArtifactCollector

  init(_ artifact: Artifact, _ collector: ArtifactCollector) {
    self.artifact = artifact
    self.collector = collector
  }

  /// How many findings of one sort are listed one by one.
  private static let most = 20

  /// Everything that was told while reading, and what follows from the sums; what matters most first.
  var all: [Finding] {
    let found =
      limited(artifact.findings) + cap + duplicates + architectures + groups + relocatable
      + drivers + libraries + searchPaths
      + versions + unstripped
    return found.enumerated().sorted {
      $0.element.severity != $1.element.severity
        ? $0.element.severity > $1.element.severity : $0.offset < $1.offset
    }.map(\.element)
  }

  /// A damaged file can give a finding for each of a million entries.
  private func limited(_ findings: [Finding]) -> [Finding] {
    var counts: [String: Int] = [:]
    var kept: [Finding] = []
    for finding in findings {
      counts[finding.id, default: 0] += 1
      if counts[finding.id, default: 0] <= Self.most { kept.append(finding) }
    }
    for (id, count) in counts.sorted(by: { $0.key < $1.key }) where count > Self.most {
      kept.append(Finding(id, .warning, "\(count - Self.most) more findings of the sort '\(id)'"))
    }
    return kept
  }

  private var cap: [Finding] {
    let limit = ByteCount.pypiFileLimit
    guard artifact.kind == .wheel, artifact.bytes > limit else { return [] }
    let over = artifact.bytes - limit
    return [
      Finding(
        "over-cap",
        .warning,
        "the wheel is \(over) bytes over PyPI's limit of \(limit) for one file; larger ones need a limit of their own",
        bytes: over.bytes
      )
    ]
  }

  private var duplicates: [Finding] {
    let copies = Dictionary(grouping: artifact.files.filter { $0.sameAs != nil }) { $0.sameAs ?? "" }
    // License texts and empty package files are doubled everywhere and cost next to nothing.
    let large = copies.filter { original, copies in
      copies.reduce(Weight.zero) { $0 + $1.weight }.shipped.bytes >= max(4096, artifact.bytes.bytes / 1000)
    }
    let small = copies.filter { large[$0.key] == nil }.values.joined()
    let rest = small.reduce(Weight.zero) { $0 + $1.weight }
    let note =
      small.isEmpty
      ? []
      : [
        Finding(
          "small-duplicates",
          .note,
          "\(small.count) small \(small.count == 1 ? "file has a double" : "files have doubles"): \(rest.shipped) bytes",
          bytes: rest.shipped.bytes
        )
      ]
    return large.sorted { $0.key < $1.key }.map { original, copies in
      let sum = copies.reduce(Weight.zero) { $0 + $1.weight }
      let names = ([original] + copies.map(\.path).sorted()).map { "'\($0)'" }
      let libraries = copies.contains { $0.kind == .library }
      let reason =
        libraries && artifact.kind == .wheel
        ? "; a wheel holds no symbolic links, so each name of a library becomes a copy: keep the one in its SONAME"
        : ""
      return Finding(
        "duplicate",
        .warning,
        "\(names.joined(separator: ", ")) have the same content: \(sum.shipped) bytes"
          + (artifact.kind.isArchive ? " of the archive" : "")
          + " and \(sum.bytes) installed ones too many\(reason)",
        bytes: sum.shipped.bytes
      )
    } + note
  }

  private var architectures: [Finding] {
    guard !artifact.images.isEmpty else { return [] }
    func list(_ kind: ImageKind) -> String? {
      let found = artifact.images.filter { $0.kind == kind }.map(\.architecture)
      guard !found.isEmpty else { return nil }
      let unique = found.reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
      let names = unique.map { ComputeCapability(parsing: $0)?.description ?? $0 }
      return "\(kind.label) for \(names.joined(separator: ", "))"
    }
    let parts = [list(.real), list(.virtual), list(.intermediate)].compactMap(\.self)
    guard !parts.isEmpty else { return [] }
    return [Finding("architectures", .note, "device code: \(parts.joined(separator: "; "))")]
  }

  private var groups: [Finding] {
    var found: [Finding] = []
    let groups = artifact.images.filter { $0.kind == .group }
    if !groups.isEmpty {
      let members = collector.grouped.sorted { $0.key < $1.key }
        .map { "\($0.value) x \($0.key.kind.label) \($0.key.architecture)" }
      found.append(
        Finding(
          "concat-group",
          .warning,
          "\(groups.reduce(0) { $0 + $1.count }) concat groups (CUDA 13.5's --concat) hold "
            + "\(members.joined(separator: ", ")); driver 580 refuses them, and the lowest that takes them isn't known",
          bytes: groups.reduce(Int64(0)) { $0 + $1.weight.bytes.bytes }
        )
      )
    }
    let unknown = artifact.images.filter { $0.kind == .unknown || $0.compression == .unknown }
    if !unknown.isEmpty {
      let bytes = unknown.reduce(Int64(0)) { $0 + $1.weight.bytes.bytes }
      found.append(
        Finding(
          "unknown",
          .warning,
          "\(ByteCount(bytes)) bytes of images of a kind that is not known",
          bytes: bytes
        )
      )
    }
    return found
  }

  /// What `-rdc=true` leaves in a library that is linked already.
  private var relocatable: [Finding] {
    let linked = artifact.files.filter { $0.kind == .library || $0.kind == .program }
    let sum = linked.flatMap(\.sections).filter { $0.name == "__nv_relfatbin" }.reduce(Weight.zero) {
      $0 + $1.weight
    }
    guard sum.bytes.bytes > 0 else { return [] }
    return [
      Finding(
        "relocatable",
        .note,
        "\(sum.bytes) bytes are device code as it was before device linking (-rdc=true), which only the driver's own "
          + "linker reads",
        bytes: sum.shipped.bytes
      )
    ]
  }

  private var drivers: [Finding] {
    let drivers = ImageDrivers(
      images: artifact.images,
      toolkits: collector.toolkits,
      ptxVersion: collector.ptxVersion
    )
    var parts: [String] = []
    if let cubins = drivers.cubins, artifact.images.contains(where: { $0.kind == .real }) {
      parts.append("\(cubins) for GPUs that run a cubin")
    }
    if let ptx = drivers.ptx { parts.append("\(ptx) for those that need PTX compiled") }
    guard !parts.isEmpty else { return [] }
    return [Finding("driver-floor", .note, "lowest NVIDIA driver: \(parts.joined(separator: ", "))")]
  }

  /// Libraries that every Linux system has (PEP 600's list, abridged to glibc's own and the C++ runtime).
  private static let system: Set<String> = [
    "libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libutil.so.1", "libresolv.so.2",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libgcc_s.so.1", "libstdc++.so.6",
  ]

  private var libraries: [Finding] {
    let carried = Set(
      artifact.files.flatMap { [$0.binary?.soname, $0.path.split(separator: "/").last.map(String.init)] }
        .compactMap(\.self)
    )
    let needed = Set(artifact.files.flatMap { $0.binary?.neededLibraries ?? [] })
    let others = needed.subtracting(carried).subtracting(Self.system)
    guard !others.isEmpty else { return [] }
    return [
      Finding("needed", .note, "needs from elsewhere: \(others.sorted().joined(separator: ", "))")
    ]
  }

  private var searchPaths: [Finding] {
    let paths = Set(
      artifact.files.compactMap { $0.binary?.searchPath }.flatMap {
        $0.split(separator: ":").map(String.init)
      }
    )
    guard !paths.isEmpty else { return [] }
    let absolute = paths.filter { !$0.hasPrefix("$ORIGIN") }.sorted()
    let list = paths.sorted().joined(separator: ", ")
    guard absolute.isEmpty else {
      return [
        Finding(
          "rpath",
          .warning,
          "looks for libraries in \(absolute.joined(separator: ", ")), which is a folder of the building machine or a system's"
        )
      ]
    }
    return [Finding("rpath", .note, "looks for libraries in \(list)")]
  }

  private var versions: [Finding] {
    var floors: [String: String] = [:]
    for (set, version) in artifact.files.flatMap({ $0.binary?.versionFloors ?? [:] }) {
      if let known = floors[set], !BinaryFacts.isNewer(version, than: known) { continue }
      floors[set] = version
    }
    let parts = [("GLIBC", "glibc"), ("GLIBCXX", "libstdc++ GLIBCXX"), ("CXXABI", "CXXABI")]
      .compactMap { set, name in floors[set].map { "\(name) \($0)" } }
    guard !parts.isEmpty else { return [] }
    return [Finding("system-floor", .note, "needs \(parts.joined(separator: ", ")) or newer")]
  }

  private var unstripped: [Finding] {
    let files = artifact.files.filter { $0.kind == .library || $0.kind == .program }
    let (symbols, debug) = (Self.sum(files, .symbols), Self.sum(files, .debug))
    var found: [Finding] = []
    if debug.bytes.bytes > 0 {
      found.append(
        Finding(
          "debug",
          .warning,
          "\(debug.bytes) bytes are tables for debuggers",
          bytes: debug.shipped.bytes
        )
      )
    }
    if symbols.bytes.bytes > 0 {
      found.append(
        Finding(
          "not-stripped",
          .warning,
          "\(symbols.bytes) bytes are symbols that only the linker and debuggers read",
          bytes: symbols.shipped.bytes
        )
      )
    } else if !files.isEmpty {
      found.append(Finding("stripped", .note, "libraries and programs are stripped"))
    }
    return found
  }

  static func sum(_ files: [FileRecord], _ category: SectionRow.Category) -> Weight {
    files.flatMap(\.sections).filter { $0.category == category }.reduce(Weight.zero) { $0 + $1.weight }
  }
}

/// What would make an artifact smaller, as far as sums tell without trying.
struct Remedies {
  private let artifact: Artifact

  init(_ artifact: Artifact) { self.artifact = artifact }

  /// Ways whose gain is known exactly.
  var cheap: [Remedy] {
    (storeOnce + strip + coveredCubins + dropPTX).filter { $0.gain > .zero || $0.savedBytes > .zero }
  }

  private func remedy(_ id: String, _ action: String, _ weight: Weight, price: String) -> Remedy {
    Remedy(id, action, saved: weight.bytes.bytes, archived: weight.archivedBytes?.bytes, price: price)
  }

  private var storeOnce: [Remedy] {
    let copies = artifact.files.filter { $0.sameAs != nil }
    guard !copies.isEmpty else { return [] }
    let sum = copies.reduce(Weight.zero) { $0 + $1.weight }
    return [
      remedy(
        "store-once",
        "store each content once (\(copies.count) \(copies.count == 1 ? "copy" : "copies") too many)",
        sum,
        price: "libraries are opened by the one name that is left"
      )
    ]
  }

  private var strip: [Remedy] {
    let files = artifact.files.filter { ($0.kind == .library || $0.kind == .program) && $0.sameAs == nil }
    let sum = Findings.sum(files, .symbols) + Findings.sum(files, .debug)
    guard sum.bytes.bytes > 0 else { return [] }
    return [remedy("strip", "strip symbols and debug sections", sum, price: "stack traces without names")]
  }

  private func images(_ kind: ImageKind, _ capability: ComputeCapability) -> Weight {
    artifact.images.filter { $0.kind == kind && $0.capability == capability }.reduce(Weight.zero) {
      $0 + $1.weight
    }
  }

  private var coveredCubins: [Remedy] {
    let real = Set(artifact.images.filter { $0.kind == .real }.compactMap(\.capability))
    return real.sorted().compactMap { capability in
      guard capability.variant == .base,
        let lower = real.filter({ $0 < capability && $0.cubinRuns(on: capability) }).max()
      else { return nil }
      return remedy(
        "drop-cubin-\(capability.label)",
        "drop the cubins for \(capability): those for \(lower) run there too",
        images(.real, capability),
        price: "code that isn't tuned for \(capability), or is chosen by the architecture it was compiled for"
      )
    }
  }

  private var dropPTX: [Remedy] {
    let virtual = artifact.images.filter { $0.kind == .virtual }
    guard !virtual.isEmpty, artifact.images.contains(where: { $0.kind == .real || $0.kind == .group }) else {
      return []
    }
    let sum = virtual.reduce(Weight.zero) { $0 + $1.weight }
    let lost = artifact.service.filter { $0.way == .jit }.map { "\($0.capability)" }
    return [
      remedy(
        "drop-ptx",
        "drop the PTX",
        sum,
        price: "nothing for GPUs that don't exist yet"
          + (lost.isEmpty ? "" : " and for \(lost.joined(separator: ", "))")
      )
    ]
  }
}
