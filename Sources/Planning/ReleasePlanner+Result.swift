import ReleaseModel
import SizeModel

/// From the best choice to the plan that a person reads: its reasons, and what would help.
extension ReleasePlanner {
  func finish(
    _ best: Candidate,
    asked: ReleasePlan,
    fallbacks: [MinorFallback],
    _ constraints: PlanConstraints
  ) throws -> PlannedRelease {
    var decided = best.spec
    decided.layout = best.forecast.layout
    var result = PlannedRelease(
      spec: decided,
      plan: best.plan,
      layout: best.forecast.layout,
      forecasts: best.forecasts,
      coverage: PlanCoverage(plan: best.plan, forecasts: best.forecasts, model: model).rows,
      reasons: [],
      proposals: [],
      shortfall: best.fits ? nil : best.forecast.largestAtMost - spec.cap,
      effort: PlanEffort(plan: best.plan, spec: spec, model: model, jobs: cores).effort(of: best.forecast),
      basis: model.figures.conditions
    )
    if !best.fits, !Self.isAboutSize(best.objections[best.chosen]) { result.shortfall = .zero }
    result.reasons = try reasons(for: best, asked: asked, fallbacks: fallbacks)
    result.proposals = try proposals(against: best, asked: asked, fallbacks: fallbacks, constraints)
    return result
  }

  private func reasons(
    for best: Candidate,
    asked: ReleasePlan,
    fallbacks: [MinorFallback]
  ) throws -> [PlanReason] {
    var reasons = best.objections.prefix(best.fits ? best.chosen : best.objections.count).compactMap(\.self)
    if best.fits {
      reasons.append(
        .layoutFits(best.forecast.layout, largest: best.forecast.largest, cap: spec.cap)
      )
    }
    if best.forecast.layout == .split, best.plan.groups.count < best.plan.slices.count {
      reasons.append(.grouped(groups: best.plan.groups.count, slices: best.plan.slices.count))
    }
    let gone = best.dropped.map(\.dropped)
    for fallback in fallbacks {
      if gone.contains(fallback.dropped) {
        reasons.append(.dropped(fallback, saved: try saving(of: fallback, in: best, asked: asked)))
      } else if fallback.obstacle != nil {
        reasons.append(.kept(fallback))
      }
    }
    reasons += try gapsFilled(in: best, asked: asked)
    reasons += Self.hostPaths(of: best.plan)
    let floors = best.forecast.files.compactMap(\.driverFloor)
    if let floor = floors.first(where: { $0.ptx != nil }), let ptx = floor.ptx, ptx != floor.cubins {
      reasons.append(.ptxNeedsDriver(ptx.release, cubins: floor.cubins.release))
    }
    return reasons
  }

  /// Bytes of all wheels and fetched files that would come on top if one architecture had not been dropped.
  private func saving(of fallback: MinorFallback, in best: Candidate, asked: ReleasePlan) throws -> ByteCount
  {
    let others = best.dropped.filter { $0 != fallback }
    let plan = others.isEmpty ? asked : try without(others, asked)?.plan ?? asked
    return bytes(of: plan, as: best) - bytes(of: best.plan, as: best)
  }

  /// PTX that was added for GPUs in a gap of the list, and what each adds to wheels and fetched files.
  private func gapsFilled(in best: Candidate, asked: ReleasePlan) throws -> [PlanReason] {
    try best.plan.unaskedPTX(in: spec).compactMap { architecture in
      let devices = best.plan.gaps(filledBy: [architecture])
      guard !devices.isEmpty else { return nil }
      let shorter = try ReleasePlan(spec: without([architecture], best), toolkit: toolkit)
      let groups = best.plan.groups.map { group in
        SliceGroup(
          name: group.name,
          slices: shorter.slices.filter { slice in group.slices.contains { $0.name == slice.name } }
        )
      }
      // What a dropped architecture left to this one is not this one's to refuse.
      let isOwn = asked.compileSet.architectures.contains(architecture)
      return .gapFilled(
        devices,
        code: architecture.capability,
        added: bytes(of: best.plan, as: best) - bytes(of: shorter.grouped(groups), as: best),
        wayOut: isOwn ? "\(architecture.capability.label)-real" : "--no-ptx"
      )
    }
  }

  /// The request with some PTX less.
  private func without(_ ptx: [Architecture], _ best: Candidate) -> ReleaseSpec {
    var changed = best.spec
    changed.architectures = best.plan.list(withoutPTX: ptx)
    changed.addPTX = false
    return changed
  }

  /// Bytes of all wheels and fetched files of a plan in the layout that was chosen.
  private func bytes(of plan: ReleasePlan, as best: Candidate) -> ByteCount {
    LayoutForecast(best.forecast.layout, of: plan, spec: spec, model: model).files
      .filter { $0.kind != .tarball }.reduce(.zero) { $0 + $1.weight.packed }
  }

  /// GPUs that run code for another architecture which ggml's host code takes for their own.
  private static func hostPaths(of plan: ReleasePlan) -> [PlanReason] {
    let rule = ServiceRule(compileSet: plan.compileSet.architectures)
    var devices: [ComputeCapability: [ComputeCapability]] = [:]
    for device in plan.coverage where device.service != nil {
      guard let code = rule.closest(to: device.capability) else { continue }
      devices[ComputeCapability(number: code), default: []].append(device.capability)
    }
    return devices.sorted { $0.key < $1.key }.compactMap { code, devices in
      let affected = devices.filter { HostPaths.difference(between: code, and: $0) != nil }
      guard let first = affected.first, let why = HostPaths.difference(between: code, and: first) else {
        return nil
      }
      return .hostPath(affected, code: code, difference: why)
    }
  }

  /// Changes that would help, each planned anew.
  private func proposals(
    against best: Candidate,
    asked: ReleasePlan,
    fallbacks: [MinorFallback],
    _ constraints: PlanConstraints
  ) throws -> [PlanProposal] {
    var found: [PlanProposal] = []
    func propose(_ action: String, _ changed: ReleaseSpec, price: String) {
      // A change that contradicts what was asked for is none.
      guard let plan = try? ReleasePlan(spec: changed, toolkit: toolkit),
        let rules = try? PlanConstraints(changed, plan: plan)
      else { return }
      let planner = ReleasePlanner(spec: changed, toolkit: toolkit, model: model, cores: cores)
      guard let next = try? planner.candidate(changed, plan, dropping: [], rules) else { return }
      let isBetter =
        best.fits
        ? next.fits && next.forecast.total < best.forecast.total
        : next.forecast.largestAtMost < best.forecast.largestAtMost
      guard isBetter else { return }
      found.append(
        PlanProposal(
          action: action,
          layout: next.forecast.layout,
          largest: next.forecast.largest,
          saved: best.forecast.total - next.forecast.total,
          fits: next.fits,
          price: price
        )
      )
    }

    if best.spec.kernelCompression != .zstd {
      var changed = best.spec
      changed.kernelCompression = .zstd
      propose(
        "--kernel-compression zstd",
        changed,
        price: "needs driver \(DriverVersion.zstdKernels) or newer"
      )
    }
    if !best.fits {
      for layout in [Layout.packed, .split, .thin] where spec.layout != .auto && spec.layout != layout {
        var changed = best.spec
        changed.layout = layout
        propose("--layout \(layout.rawValue)", changed, price: layout.price)
      }
      if spec.maxWheels != nil {
        var changed = best.spec
        changed.maxWheels = nil
        propose("no --max-wheels", changed, price: "more wheels")
      }
    }
    let unasked = best.plan.unaskedPTX(in: spec)
    if !unasked.isEmpty {
      propose("--no-ptx", without(unasked, best), price: best.plan.price(ofLeavingOut: unasked))
    }
    // One by one where there are several; of PTX that was asked for, the highest only.
    let single =
      unasked.isEmpty
      ? best.plan.compileSet.architectures.filter { $0.virtual && $0.real }.suffix(1)
      : unasked.filter { unasked.count > 1 && asked.compileSet.architectures.contains($0) }
    for ptx in single {
      propose(ptx.droppingPTX, without([ptx], best), price: best.plan.price(ofLeavingOut: [ptx]))
    }
    for fallback in fallbacks where fallback.obstacle == nil && !spec.allowMinorFallback {
      guard let shorter = try without([fallback], asked) else { continue }
      propose(
        "drop \(fallback.dropped) (--allow-minor-fallback)",
        shorter.spec,
        price: "its GPUs run \(fallback.by)'s cubin; what that costs in speed was not measured"
      )
    }
    let helping = found.sorted { ($0.fits ? 0 : 1, $0.largest) < ($1.fits ? 0 : 1, $1.largest) }
    guard !best.fits, Self.isAboutSize(best.objections[best.chosen]) else { return helping }
    return helping + [
      PlanProposal(
        action: "--cap \(Self.wholeMebibytes(best.forecast.largestAtMost))MiB",
        layout: best.forecast.layout,
        largest: best.forecast.largest,
        saved: .zero,
        fits: true,
        price:
          "the index must allow it: PyPI grants more on request, up to 1 GiB a file (llcuda-build limit-request)"
      )
    ]
  }

  private static func wholeMebibytes(_ bytes: ByteCount) -> Int64 { (bytes.bytes + 1_048_575) / 1_048_576 }
}

extension Layout {
  /// What a layout asks of users, in a few words.
  var price: String {
    switch self {
    case .single, .auto: "one large download"
    case .packed: "kernels are unpacked at the first use"
    case .split: "several wheels, which pip installs together"
    case .thin: "kernels are fetched at the first use, so a network is needed then"
    }
  }
}
