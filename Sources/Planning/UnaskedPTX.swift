public import ReleaseModel

/// PTX that a list gets although nothing in it asks for PTX: what it is for, and who would miss it.
extension ReleasePlan {
  /// Whether an item of the list asks for PTX, so that none is added.
  private static func asksForPTX(_ spec: ReleaseSpec, toolkit: ToolkitCapabilities) -> Bool {
    let asked = try? ArchitectureList(
      parsing: spec.architectures,
      toolkit: toolkit,
      addPTX: false,
      allowJIT: spec.allowJIT
    )
    return asked?.architectures.contains(where: \.virtual) ?? false
  }

  /// The architectures that have PTX which `spec` doesn't ask for.
  ///
  /// The plan may be one with fewer architectures than `spec` has: PTX of one that was dropped went to the one below.
  public func unaskedPTX(in spec: ReleaseSpec) -> [Architecture] {
    Self.asksForPTX(spec, toolkit: toolkit) ? [] : compileSet.architectures.filter(\.virtual)
  }

  /// Known GPUs that nothing else in the list runs on, and that the words "newer than the highest" don't mean.
  func gaps(filledBy ptx: [Architecture]) -> [ComputeCapability] {
    let rule = ServiceRule(compileSet: compileSet.architectures)
    let rest = Slice(
      name: "all",
      architectures: compileSet.architectures.map {
        Architecture($0.capability, real: $0.real, virtual: $0.virtual && !ptx.contains($0))
      }
    )
    let missing = coverage.map(\.capability).filter {
      rule.service(of: $0, by: fatSlice) == .ptx && rule.service(of: $0, by: rest) == nil
    }
    guard let newest = newest(of: ptx) else { return missing }
    return missing.filter { $0.major <= newest.major }
  }

  /// What it costs to leave out PTX, in words: who uses the CPU then.
  public func price(ofLeavingOut ptx: [Architecture]) -> String {
    let gaps = gaps(filledBy: ptx).map(\.description).joined(separator: ", ")
    let newest = newest(of: ptx).map { "newer than \($0.major).x use the CPU" }
    guard !gaps.isEmpty else { return newest.map { "GPUs \($0)" } ?? "no GPU needs it" }
    return "GPUs of \(gaps) " + (newest.map { "and those \($0)" } ?? "use the CPU")
  }

  /// The list without some PTX, as one that gets none unasked has to be written.
  func list(withoutPTX ptx: [Architecture]) -> String {
    compileSet.architectures.flatMap { architecture in
      ptx.contains(architecture) ? ["\(architecture.capability.label)-real"] : architecture.cmakeEntries
    }.joined(separator: ",")
  }

  /// The highest architecture of the list if its PTX is among these and runs on GPUs that don't exist yet.
  private func newest(of ptx: [Architecture]) -> ComputeCapability? {
    guard let highest = compileSet.architectures.last?.capability.number else { return nil }
    return ptx.map(\.capability).first { $0.number == highest && $0.variant == .base }
  }

  /// GPUs between the architectures of a list that PTX of the next lower one would serve, had it not been ruled out.
  static func gaps(
    in coverage: [DeviceCoverage],
    by rule: ServiceRule,
    spec: ReleaseSpec,
    toolkit: ToolkitCapabilities
  ) -> [Diagnostic] {
    // Who wants no PTX at all needs no advice on it.
    guard spec.addPTX else { return [] }
    let highest = rule.compileSet.map(\.capability.number).max() ?? 0
    let left = coverage.filter { $0.service == nil && $0.capability.number < highest }.map(\.capability)
    let asksForPTX = asksForPTX(spec, toolkit: toolkit)
    return rule.compileSet.compactMap { lower in
      let capability = lower.capability
      guard capability.variant == .base, !capability.isTegra, !lower.virtual,
        toolkit.virtual.contains(capability)
      else { return nil }
      let devices = left.filter { rule.closest(to: $0) == capability.number && capability.ptxRuns(on: $0) }
      guard !devices.isEmpty else { return nil }
      let why =
        asksForPTX
        ? "the list asks for PTX itself, so none is added; \(capability)+PTX serves them"
        : "\(capability.label)-real means no PTX; \(capability.label) in its place serves them"
      return .warning(
        "GPUs of \(devices.map(\.description).joined(separator: ", ")) will use the CPU: nothing in the list runs there, and \(why), with a first run of 40 seconds and more"
      )
    }
  }
}

extension Architecture {
  /// How to leave out its PTX, for whoever reads a plan or a report.
  public var droppingPTX: String { "drop PTX of \(capability) (\(capability.label)-real)" }
}
