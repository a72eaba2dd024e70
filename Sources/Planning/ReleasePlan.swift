public import ReleaseModel

/// What will be built and how it will be laid out, complete before anything runs.
public struct ReleasePlan: Hashable, Sendable, Codable {
  /// What the toolkit can compile for.
  public let toolkit: ToolkitCapabilities
  /// The compile set: compiled together, in one CMake tree.
  public let compileSet: ArchitectureList
  /// The layout asked for; `auto` is decided when sizes are known.
  public private(set) var layout: Layout
  /// The one slice of layout `single`: the whole compile set.
  public let fatSlice: Slice
  /// The slices of layout `split`.
  public let slices: [Slice]
  /// The groups of layout `split`, each a wheel and a tarball.
  public private(set) var groups: [SliceGroup]
  /// Who can run the release, and how.
  public let coverage: [DeviceCoverage]
  /// What a person should know before waiting for the build.
  public let diagnostics: [Diagnostic]

  /// One kind of GPU and what it will run.
  public struct DeviceCoverage: Hashable, Sendable, Codable {
    /// The GPU's capability.
    public let capability: ComputeCapability
    /// GPUs of that capability that people own.
    public let devices: String
    /// The slice of layout `split` that serves it, `nil` when none does.
    public let slice: String?
    /// How it runs.
    public let service: Service?
  }

  /// Plans a release.
  ///
  /// - Throws: ``ReleaseModel/ArchitectureListError`` when the list is wrong, ``PlanError`` when slices or groups are.
  public init(spec: ReleaseSpec, toolkit: ToolkitCapabilities) throws {
    let asked = try ArchitectureList(
      parsing: spec.architectures,
      toolkit: toolkit,
      addPTX: spec.addPTX,
      allowJIT: spec.allowJIT
    )
    var notes: [Diagnostic] = []
    let compileSet = try Self.asGGMLCompiles(asked, toolkit: toolkit, notes: &notes)
    let architectures = compileSet.architectures

    self.toolkit = toolkit
    self.compileSet = compileSet
    self.layout = spec.layout
    self.fatSlice = Slice(name: "all", architectures: architectures)
    self.slices = try Self.slices(spec.slices, of: architectures)
    self.groups = try Self.groups(spec.groups, of: slices)

    let rule = ServiceRule(compileSet: architectures)
    var coverage: [DeviceCoverage] = []
    for entry in ArchitectureCatalog.entries {
      let device = entry.capability
      let isListed = architectures.contains { $0.capability.number == device.number }
      guard isListed || entry.isOwned else { continue }
      let best = rule.best(of: slices, for: device)
      coverage.append(
        DeviceCoverage(
          capability: device,
          devices: entry.devices,
          slice: best?.slice.name,
          service: best?.service
        )
      )
      let runsSomewhere = architectures.contains { $0.real && $0.capability.cubinRuns(on: device) }
      if best == nil, let obstacle = rule.obstacle(to: device), isListed || runsSomewhere {
        notes.append(.warning("GPUs of \(device) will use the CPU: \(obstacle)"))
      }
      // The proof: whatever one library of everything serves, the slices together serve as well.
      if best == nil, rule.service(of: device, by: fatSlice) != nil {
        throw PlanError.unservedBySlices(device, slices: slices.map(\.name))
      }
    }
    self.coverage = coverage
    self.diagnostics =
      notes + Self.gaps(in: coverage, by: rule, spec: spec, toolkit: toolkit) + Self.advice(on: compileSet)
  }

  /// The same plan with its slices in other groups.
  public func grouped(_ groups: [SliceGroup]) -> ReleasePlan {
    var plan = self
    plan.groups = groups
    return plan
  }

  /// The same plan with its layout decided.
  public func laidOut(as layout: Layout) -> ReleasePlan {
    var plan = self
    plan.layout = layout
    return plan
  }

  /// The `CMAKE_CUDA_ARCHITECTURES` of the compile set.
  public var cmakeArchitectures: String {
    compileSet.architectures.flatMap(\.cmakeEntries).joined(separator: ";")
  }

  /// Applies ggml's own rule: a plain 12.x becomes the architecture-specific 12.xa (ggml-cuda/CMakeLists.txt).
  private static func asGGMLCompiles(
    _ list: ArchitectureList,
    toolkit: ToolkitCapabilities,
    notes: inout [Diagnostic]
  ) throws -> ArchitectureList {
    let architectures = list.architectures.map { architecture in
      let capability = architecture.capability
      guard capability.major == 12, capability.variant == .base else { return architecture }
      notes.append(
        .note(
          "ggml compiles \(capability) as \(capability)a, whose code runs on no other GPU, newer ones included"
        )
      )
      return Architecture(
        ComputeCapability(major: 12, minor: capability.minor, variant: .architecture),
        real: architecture.real,
        virtual: architecture.virtual
      )
    }
    for (left, right) in zip(architectures, architectures.dropFirst())
    where left.capability == right.capability {
      throw ArchitectureListError.duplicate(
        left.capability,
        first: left.capability.base.label,
        second: left.capability.label
      )
    }
    return ArchitectureList(architectures)
  }

  private static func slices(_ requests: [String], of architectures: [Architecture]) throws -> [Slice] {
    var remaining = architectures
    var slices: [Slice] = []
    for request in requests {
      let members = try members(request, in: remaining, all: architectures, option: "--slice \(request)")
      remaining.removeAll { members.contains($0) }
      slices.append(Slice(name: Slice.name(for: members.map(\.capability)), architectures: members))
    }
    slices += remaining.map { Slice(name: Slice.name(for: [$0.capability]), architectures: [$0]) }
    return slices.sorted { ($0.architectures[0], $0.name) < ($1.architectures[0], $1.name) }
  }

  private static func groups(_ requests: [GroupRequest], of slices: [Slice]) throws -> [SliceGroup] {
    var remaining = slices
    var groups: [SliceGroup] = []
    for request in requests {
      let option = "--group \(request.name)=\(request.architectures)"
      guard !groups.contains(where: { $0.name == request.name }) else {
        throw PlanError.groupNamedTwice(request.name)
      }
      guard request.name.wholeMatch(of: #/[a-z0-9]+(-[a-z0-9]+)*/#) != nil else {
        throw PlanError.groupName(request.name)
      }
      // The extra that brings every group, and the project that holds no kernels.
      guard !["all", "core"].contains(request.name) else { throw PlanError.groupNameReserved(request.name) }
      let wanted = try members(
        request.architectures,
        in: remaining.flatMap(\.architectures),
        all: slices.flatMap(\.architectures),
        option: option
      )
      let chosen = remaining.filter { slice in slice.architectures.contains(where: wanted.contains) }
      if let torn = chosen.first(where: { slice in !slice.architectures.allSatisfy(wanted.contains) }) {
        throw PlanError.sliceTorn(torn.name, option: option)
      }
      remaining.removeAll { chosen.contains($0) }
      groups.append(SliceGroup(name: request.name, slices: chosen))
    }
    // A slice in no group is a group of its own, under a name that a request may have taken: `sm80=75`.
    for slice in remaining {
      guard !groups.contains(where: { $0.name == slice.name }) else {
        throw PlanError.groupNamedTwice(slice.name)
      }
      groups.append(SliceGroup(name: slice.name, slices: [slice]))
    }
    return groups
  }

  private static func members(
    _ text: String,
    in available: [Architecture],
    all: [Architecture],
    option: String
  ) throws -> [Architecture] {
    let items = text.split(whereSeparator: { ",; ".contains($0) }).map(String.init)
    guard !items.isEmpty else { throw PlanError.emptySelection(option: option) }
    var members: [Architecture] = []
    for item in items {
      guard let capability = ComputeCapability(parsing: item) else {
        throw ArchitectureListError.notAnArchitecture(item)
      }
      let matches: (Architecture) -> Bool = {
        $0.capability == capability
          || capability.variant == .base && $0.capability.number == capability.number
      }
      guard all.contains(where: matches) else {
        throw PlanError.notInList(capability, option: option, list: all.map(\.capability))
      }
      guard let found = available.first(where: matches), !members.contains(found) else {
        throw PlanError.usedTwice(capability, option: option)
      }
      members.append(found)
    }
    return members
  }

  private static func advice(on list: ArchitectureList) -> [Diagnostic] {
    var advice: [Diagnostic] = []
    for tegra in list.architectures where tegra.capability.isTegra {
      let name = ArchitectureCatalog.entry(for: tegra.capability)?.devices ?? "Tegra"
      advice.append(
        .warning("\(tegra.capability) is \(name), an ARM board; no x86-64 machine has such a GPU")
      )
    }
    for only in list.architectures where only.virtual && !only.real {
      advice.append(
        .warning(
          "\(only.capability) gets PTX only: its GPUs compile every kernel at the first run, 40 seconds and more"
        )
      )
    }
    return advice
  }
}

/// What can be wrong with slices and groups.
public enum PlanError: Error, Hashable, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// An option names nothing.
  case emptySelection(option: String)
  /// An option names an architecture that isn't in the list.
  case notInList(ComputeCapability, option: String, list: [ComputeCapability])
  /// An architecture is in two slices or two groups.
  case usedTwice(ComputeCapability, option: String)
  /// A group takes a part of a slice.
  case sliceTorn(String, option: String)
  /// Two groups have one name.
  case groupNamedTwice(String)
  /// A group's name can't be part of a project's name.
  case groupName(String)
  /// A group has a name that means something else already.
  case groupNameReserved(String)
  /// Options that can't be held at once, in one line with the way out.
  case contradiction(String)
  /// The slicing loses a device that one library of everything serves.
  case unservedBySlices(ComputeCapability, slices: [String])

  /// A wrong selection is wrong usage.
  public var exitStatus: ExitStatus { .usage }

  /// The message: what is wrong and the way out, in one line.
  public var description: String {
    switch self {
    case .emptySelection(let option): "\(option) names no architecture"
    case .notInList(let capability, let option, let list):
      "\(option): \(capability) is not among the architectures of this release (\(list.map(\.label).joined(separator: ", ")))"
    case .usedTwice(let capability, let option): "\(option): \(capability) already belongs to another one"
    case .sliceTorn(let slice, let option):
      "\(option) takes only a part of slice \(slice); name all its architectures"
    case .groupNamedTwice(let name): "two groups are named '\(name)'"
    case .groupName(let name):
      "'\(name)' cannot be a group's name; use lower-case letters, digits and hyphens, such as 'desktop'"
    case .groupNameReserved(let name):
      "'\(name)' cannot be a group's name, as it has a meaning of its own; choose another, such as 'desktop'"
    case .contradiction(let message): message
    case .unservedBySlices(let device, let slices):
      "no slice of \(slices.joined(separator: ", ")) may serve GPUs of \(device); keep the closest architecture's code in one slice"
    }
  }
}
