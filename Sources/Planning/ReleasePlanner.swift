public import ReleaseModel
public import SizeModel

/// Finds the best plan for a request: exactly, by looking at every choice there is.
///
/// The choices: the layout, which slices share a wheel, and, where it is allowed, which architectures are dropped because
/// a lower minor's cubin serves their GPUs. In this order, a plan is better that fits the cap in an earlier layout, has
/// fewer wheels, leaves fewer of the GPUs asked for to JIT compilation, is smaller in all, and drops less.
public struct ReleasePlanner {
  let spec: ReleaseSpec
  let toolkit: ToolkitCapabilities
  let model: SizeModel
  let cores: Int

  /// Makes a planner.
  ///
  /// - Parameter cores: how many compilers run side by side.
  public init(spec: ReleaseSpec, toolkit: ToolkitCapabilities, model: SizeModel, cores: Int) {
    self.spec = spec
    self.toolkit = toolkit
    self.model = model
    self.cores = max(1, spec.jobs ?? cores)
  }

  /// Plans.
  ///
  /// A plan that nothing fits is a plan too: its ``PlannedRelease/shortfall`` says by how much.
  ///
  /// - Throws: `ArchitectureListError`, ``PlanError``.
  public func plan() throws -> PlannedRelease {
    let asked = try ReleasePlan(spec: spec, toolkit: toolkit)
    let constraints = try PlanConstraints(spec, plan: asked)
    let fallbacks = MinorFallback.candidates(in: asked.compileSet.architectures)
    let named = Set(
      (spec.slices + spec.groups.map(\.architectures)).flatMap {
        $0.split(whereSeparator: { ",; ".contains($0) })
      }
      .compactMap { ComputeCapability(parsing: $0)?.number }
    )
    let droppable = fallbacks.filter { $0.obstacle == nil && !named.contains($0.dropped.number) }

    var best = try candidate(spec, asked, dropping: [], constraints)
    if spec.allowMinorFallback {
      for choice in 1..<(1 << droppable.count) {
        let dropped = droppable.indices.filter { choice & (1 << $0) != 0 }.map { droppable[$0] }
        guard let shorter = try without(dropped, asked) else { continue }
        let next = try candidate(shorter.spec, shorter.plan, dropping: dropped, constraints)
        if next.rank.lexicographicallyPrecedes(best.rank) { best = next }
      }
    }
    return try finish(best, asked: asked, fallbacks: fallbacks, constraints)
  }

  // MARK: One choice

  /// What comes of one choice of what is dropped.
  struct Candidate {
    var spec: ReleaseSpec
    var plan: ReleasePlan
    var dropped: [MinorFallback]
    var forecasts: [LayoutForecast]
    var objections: [PlanReason?]
    /// Which of the forecasts is taken.
    var chosen: Int
    /// What makes it better than others, most important first.
    var rank: [Int64]

    var forecast: LayoutForecast { forecasts[chosen] }
    var fits: Bool { objections[chosen] == nil }
  }

  func candidate(
    _ spec: ReleaseSpec,
    _ plan: ReleasePlan,
    dropping dropped: [MinorFallback],
    _ constraints: PlanConstraints
  ) throws -> Candidate {
    let grouped = grouped(plan)
    // Only wheels get fewer when they are shared; what is fetched or attached is best when it is small.
    func divided(_ layout: Layout) -> ReleasePlan { layout == .split ? grouped : plan }
    let forecasts = constraints.order.map {
      LayoutForecast($0, of: divided($0), spec: spec, model: model)
    }
    let objections = forecasts.map { constraints.objection(to: $0) }
    let fitting = objections.firstIndex { $0 == nil }
    // When nothing fits, the nearest to it; a broken rule that isn't about size is never the nearest.
    let chosen =
      fitting
      ?? forecasts.indices.min {
        (Self.isAboutSize(objections[$0]) ? 0 : 1, forecasts[$0].largestAtMost.bytes, $0)
          < (Self.isAboutSize(objections[$1]) ? 0 : 1, forecasts[$1].largestAtMost.bytes, $1)
      } ?? 0
    let forecast = forecasts[chosen]
    let jit = Self.jitCount(plan)
    let excess = fitting == nil ? forecast.largestAtMost.bytes : 0
    return Candidate(
      spec: spec,
      plan: divided(forecast.layout),
      dropped: dropped,
      forecasts: forecasts,
      objections: objections,
      chosen: chosen,
      rank: [
        Int64(fitting ?? Int.max), excess, Int64(forecast.wheels), Int64(jit), forecast.total.bytes,
        Int64(dropped.count),
      ]
    )
  }

  static func isAboutSize(_ objection: PlanReason?) -> Bool {
    if case .layoutTooLarge = objection { true } else { objection == nil }
  }

  /// How many of the listed GPUs have to compile.
  private static func jitCount(_ plan: ReleasePlan) -> Int {
    let rule = ServiceRule(compileSet: plan.compileSet.architectures)
    return plan.compileSet.architectures.filter {
      rule.service(of: $0.capability, by: plan.fatSlice) == .ptx
    }.count
  }

  /// The plan with as few groups as the cap allows; groups that were asked for stay as they are.
  ///
  /// Somebody who asks for layout `split` by name wants a wheel per slice, unless there may be only so many.
  private func grouped(_ plan: ReleasePlan) -> ReleasePlan {
    guard spec.layout == .auto || spec.maxWheels != nil else { return plan }
    let pinned = Set(spec.groups.map(\.name))
    let free = plan.groups.filter { !pinned.contains($0.name) }.flatMap(\.slices)
    let overhead = ByteCount(model.figures.wheel.group)
    let packing = BinPacking(
      weights: free.map { model.slice($0.architectures, stored: spec.kernelCompression) },
      overhead: Weight(installed: overhead, packed: overhead),
      capacity: spec.cap
    )
    guard let bins = packing.bins() else { return plan }
    let groups = bins.map { bin -> SliceGroup in
      let slices = bin.map { free[$0] }
      return SliceGroup(
        name: slices.count == 1
          ? slices[0].name : Slice.name(for: slices.flatMap(\.architectures).map(\.capability)),
        slices: slices
      )
    }
    guard pinned.isDisjoint(with: groups.map(\.name)) else { return plan }
    return plan.grouped(plan.groups.filter { pinned.contains($0.name) } + groups)
  }

  func without(_ dropped: [MinorFallback], _ asked: ReleasePlan) throws -> (
    spec: ReleaseSpec, plan: ReleasePlan
  )? {
    let gone = Set(dropped.map(\.dropped))
    let list = MinorFallback.list(asked.compileSet.architectures, without: gone)
    // Each must still be served by a lower minor's cubin when the others are gone, too.
    let rule = ServiceRule(compileSet: list)
    let all = Slice(name: "all", architectures: list)
    for capability in gone where rule.service(of: capability, by: all) != .olderCubin { return nil }
    for capability in gone {
      guard let code = rule.closest(to: capability),
        HostPaths.obstacle(between: ComputeCapability(number: code), and: capability) == nil
      else { return nil }
    }
    var shorter = spec
    shorter.architectures = list.flatMap(\.cmakeEntries).joined(separator: ",")
    shorter.addPTX = false
    return (shorter, try ReleasePlan(spec: shorter, toolkit: toolkit))
  }
}
