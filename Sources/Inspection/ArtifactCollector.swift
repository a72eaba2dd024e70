import BinaryFormats
import Inventory
import ReleaseModel

/// An artifact that is being inspected: sums that grow file by file.
struct ArtifactCollector {
  /// A container that has been seen.
  struct Unit {
    let file: String
    let index: Int
    var source: (name: String, evidence: UnitRecord.Evidence)?
    var weight: Weight
    var images: [UnitRecord.Image] = []
  }

  private struct Images {
    var count = 0
    var weight = Weight.zero
    var payload: Int64 = 0
  }

  var artifact: Artifact
  var kernels = KernelTable()
  private(set) var units: [Unit] = []
  private var images: [ImageRow.Key: Images] = [:]
  /// Images inside of groups, by architecture and kind.
  private(set) var grouped: [ImageRow.Key: Int] = [:]
  /// The toolkits that cubins name, 124 for 12.4.
  var toolkits: Set<Int> = []
  /// The highest version of PTX.
  var ptxVersion: (major: Int, minor: Int) = (0, 0)

  /// Whether cubins are looked into.
  let readsKernels: Bool

  init(_ artifact: Artifact, readsKernels: Bool) {
    self.artifact = artifact
    self.readsKernels = readsKernels
  }

  mutating func tell(
    _ id: String,
    _ severity: Finding.Severity,
    _ message: String,
    bytes: Int64? = nil
  ) {
    artifact.findings.append(Finding(id, severity, message, bytes: bytes))
  }

  mutating func beginUnit(_ unit: Unit) { units.append(unit) }

  mutating func nameUnit(_ index: Int, _ name: String, _ evidence: UnitRecord.Evidence) {
    units[index].source = (name, evidence)
  }

  /// Adds an entry of the unit that was begun last.
  ///
  /// - Returns: the places of unit and image, for its kernels.
  mutating func add(_ entry: FatbinEntry, _ weight: Weight) -> (unit: Int, image: Int) {
    for member in entry.groupMembers {
      grouped[ImageRow.Key(member), default: 0] += 1
    }
    if entry.kind == .ptx {
      let version = (entry.codeVersion.major, entry.codeVersion.minor)
      if version > ptxVersion { ptxVersion = version }
    }
    return add(ImageRow.Key(entry), weight, payload: Int64(entry.storedSize))
  }

  /// Adds an image of the unit that was begun last.
  mutating func add(_ key: ImageRow.Key, _ weight: Weight, payload: Int64) -> (unit: Int, image: Int) {
    images[key, default: Images()].count += 1
    images[key, default: Images()].weight += weight
    images[key, default: Images()].payload += payload
    let unit = units.count - 1
    units[unit].weight += weight
    units[unit].images.append(
      UnitRecord.Image(architecture: key.architecture, kind: key.kind, weight: weight)
    )
    return (unit, units[unit].images.count - 1)
  }

  /// The finished record.
  ///
  /// - Parameter detail: which kernels are listed one by one.
  func finished(detail: Inspector.Detail) async -> Artifact {
    var artifact = artifact
    artifact.images = images.map { key, sum in
      ImageRow(key, count: sum.count, weight: sum.weight, payloadBytes: sum.payload)
    }.sorted { $0.key < $1.key }
    artifact.files.sort { ($1.weight.shipped, $0.path) < ($0.weight.shipped, $1.path) }

    let families = await kernels.families()
    artifact.families = kernels.familyRecords(families)
    artifact.outsideKernels = kernels.outsideKernels
    artifact.kernelCount = kernels.count
    let all = images.values.reduce(Int64(0)) { $0 + $1.weight.bytes.bytes }
    let threshold = detail == .everything ? 0 : all / Inspector.Detail.leaves
    let (records, places) = kernels.kernelRecords(families, threshold: threshold)
    artifact.kernels = records
    artifact.units = unitRecords(families, threshold: threshold, places: places)
    return artifact
  }

  private func unitRecords(
    _ families: (names: [String], of: [Int]),
    threshold: Int64,
    places: [Int: Int]
  ) -> [UnitRecord] {
    var units = units
    // The family that fills most of a unit stands for the name of one that isn't known.
    var sums: [Int: [Int: Int64]] = [:]
    for leaf in kernels.leaves {
      if units[leaf.unit].source == nil {
        sums[leaf.unit, default: [:]][families.of[leaf.kernel], default: 0] += leaf.weight.bytes.bytes
      }
      if leaf.weight.bytes.bytes >= max(threshold, 1), let place = places[leaf.kernel] {
        units[leaf.unit].images[leaf.image].kernels.append(.init(kernel: place, weight: leaf.weight))
      }
    }
    for (unit, bytes) in sums {
      guard let largest = bytes.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })?.key else { continue }
      units[unit].source = (KernelTable.short(families.names[largest]), .family)
    }
    return units.map { unit in
      var images = unit.images
      for index in images.indices {
        images[index].kernels.sort { ($1.weight.bytes, $0.kernel) < ($0.weight.bytes, $1.kernel) }
      }
      return UnitRecord(
        file: unit.file,
        index: unit.index,
        name: unit.source?.name ?? "unit \(unit.index + 1)",
        evidence: unit.source?.evidence ?? .none,
        weight: unit.weight,
        images: images
      )
    }.sorted { ($1.weight.bytes, $0.file, $0.index) < ($0.weight.bytes, $1.file, $1.index) }
  }
}

extension ImageRow.Key {
  /// What an entry counts as.
  init(_ entry: FatbinEntry) {
    self.init(
      architecture: entry.kind == .group ? "-" : "\(entry.architecture)",
      kind: ImageKind(entry.kind),
      compression: ImageCompression(rawValue: entry.compression.description) ?? .unknown
    )
  }

  /// What an image in a group counts as.
  init(_ member: FatbinGroupMember) {
    self.init(architecture: "\(member.architecture)", kind: ImageKind(member.kind), compression: .none)
  }
}

extension ImageKind {
  init(_ kind: FatbinEntryKind) {
    switch kind {
    case .elf: self = .real
    case .ptx: self = .virtual
    case .intermediate: self = .intermediate
    case .group: self = .group
    case .unknown: self = .unknown
    }
  }
}
