import ReleaseModel
import Testing

@testable import Planning
@testable import SizeModel

/// What must hold for every plan: tried on random requests, the same in every run.
@Suite struct PlannerPropertyTests {
  /// Every way to divide items among bins.
  private static func partitions(_ count: Int) -> [[[Int]]] {
    guard count > 0 else { return [[]] }
    return partitions(count - 1).flatMap { smaller -> [[[Int]]] in
      let alone = smaller + [[count - 1]]
      let joined = smaller.indices.map { index in
        var copy = smaller
        copy[index].append(count - 1)
        return copy
      }
      return joined + [alone]
    }
  }

  @Test(arguments: 1...150)
  func `Slices are divided as brute force divides them`(seed: Int) {
    var generator = SeededGenerator(state: UInt64(seed) &* 65537)
    let weights = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
      let bytes = ByteCount(Int64.random(in: 1...100, using: &generator))
      let isEstimate = Int.random(in: 0..<5, using: &generator) == 0
      return Weight(installed: bytes, packed: bytes, estimates: isEstimate ? ["e"] : [])
    }
    let overhead = Weight(installed: ByteCount(3), packed: ByteCount(3))
    let capacity = ByteCount(Int64.random(in: 60...260, using: &generator))
    let packing = BinPacking(weights: weights, overhead: overhead, capacity: capacity)
    let best = Self.partitions(weights.count)
      .map { $0.map(packing.size) }
      .filter { sizes in sizes.allSatisfy { $0 <= capacity } }
      .map { ($0.count, $0.max() ?? .zero) }
      .min { $0 < $1 }
    let bins = packing.bins()
    #expect((bins == nil) == (best == nil))
    guard let bins, let best else { return }
    #expect(bins.flatMap(\.self).sorted() == Array(weights.indices))
    #expect(bins.count == best.0)
    #expect(bins.map(packing.size).max() == best.1 || bins.count == 1)
  }

  private struct Random {
    var spec: ReleaseSpec
    var model: SizeModel
  }

  private static let numbers = [50, 52, 60, 61, 70, 75, 80, 86, 89, 90]

  private static func random(_ seed: Int, most: Int) -> Random {
    var generator = SeededGenerator(state: UInt64(seed) &* 7919)
    let sizes = Dictionary(
      uniqueKeysWithValues: numbers.map { ($0, Int64.random(in: 20...150, using: &generator)) }
    )
    let chosen = numbers.shuffled(using: &generator).prefix(Int.random(in: 1...most, using: &generator))
    let spec = request(
      chosen.map(String.init).joined(separator: ","),
      cap: Int64.random(in: 40...700, using: &generator),
      ptx: Bool.random(using: &generator)
    ) {
      $0.allowMinorFallback = Bool.random(using: &generator)
      if Int.random(in: 0..<4, using: &generator) == 0 {
        $0.maxWheels = Int.random(in: 1...6, using: &generator)
      }
      $0.preferredLayout = [nil, nil, .split, .thin].randomElement(using: &generator) ?? nil
    }
    return Random(spec: spec, model: tinyModel(sizes))
  }

  @Test(arguments: 1...200)
  func `Every plan keeps its promises`(seed: Int) throws {
    let random = Self.random(seed, most: 9)
    let result = try planned(random.spec, random.model)
    let set = result.plan.compileSet.architectures
    let rule = ServiceRule(compileSet: set)
    // Each slice is in exactly one group, and each architecture in exactly one slice.
    #expect(
      result.plan.groups.flatMap(\.slices).map(\.name).sorted() == result.plan.slices.map(\.name).sorted()
    )
    #expect(result.plan.slices.flatMap(\.architectures).sorted() == set)
    for row in result.coverage {
      // Served by exactly the promised slice: no other serves as well, and it is in the promised group.
      let serving = result.plan.slices.filter { rule.service(of: row.capability, by: $0) != nil }
      #expect(serving.map(\.name) == (row.slice.map { [$0] } ?? []), "\(row.capability) of \(set)")
      if let slice = serving.first { #expect(rule.service(of: row.capability, by: slice) == row.service) }
      let group = result.plan.groups.first { $0.slices.contains { $0.name == row.slice } }
      #expect(group?.name == row.group)
    }
    // No plan is over the cap that it claims to hold.
    if result.shortfall == nil {
      #expect(result.forecast.capped.allSatisfy { $0.weight.packedAtMost <= random.spec.cap })
      if let most = random.spec.maxWheels { #expect(result.forecast.wheels <= most) }
    }
    // Whoever was asked for is served, and natively.
    let asked = try ReleasePlan(spec: random.spec, toolkit: Toolkits.cuda12).compileSet.architectures
    for architecture in asked {
      let service = result.coverage.first { $0.capability == architecture.capability }?.service
      #expect(service == .exactCubin || random.spec.allowMinorFallback && service == .olderCubin)
    }
  }

  @Test(arguments: 1...100)
  func `The plan is the one that brute force finds`(seed: Int) throws {
    let random = Self.random(seed, most: 5)
    let (spec, model) = (random.spec, random.model)
    let result = try planned(spec, model)
    let asked = try ReleasePlan(spec: spec, toolkit: Toolkits.cuda12)
    let list = asked.compileSet.architectures
    let order: [Layout] =
      (spec.preferredLayout.map { [$0] } ?? [])
      + [.single, .packed, .split, .thin].filter { $0 != spec.preferredLayout }

    var best: [Int64]?
    for choice in 0..<(1 << list.count) {
      let gone = Set(list.indices.filter { choice & (1 << $0) != 0 }.map { list[$0].capability })
      guard gone.isEmpty || spec.allowMinorFallback else { continue }
      let rest = MinorFallback.list(list, without: gone)
      let rule = ServiceRule(compileSet: rest)
      let all = Slice(name: "all", architectures: rest)
      let safe = gone.allSatisfy { capability in
        guard rule.service(of: capability, by: all) == .olderCubin,
          let code = rule.closest(to: capability)
        else { return false }
        return HostPaths.obstacle(between: ComputeCapability(number: code), and: capability) == nil
      }
      guard safe, !rest.isEmpty else { continue }
      let shorter = request(rest.flatMap(\.cmakeEntries).joined(separator: ","), cap: spec.cap.bytes)
      let plan = try ReleasePlan(spec: shorter, toolkit: Toolkits.cuda12)
      for division in Self.partitions(plan.slices.count) {
        let groups = division.map { bin in SliceGroup(name: "g\(bin)", slices: bin.map { plan.slices[$0] }) }
        for (index, layout) in order.enumerated() {
          let forecast = LayoutForecast(layout, of: plan.grouped(groups), spec: shorter, model: model)
          // What is fetched doesn't count against the cap, so only `split` cares for the division.
          guard layout == .split || division.count == 1 else { continue }
          guard forecast.largestAtMost <= spec.cap, forecast.wheels <= spec.maxWheels ?? .max else {
            continue
          }
          let rank = [
            Int64(index), Int64(forecast.wheels), forecast.total.bytes, Int64(gone.count),
          ]
          if best.map({ rank.lexicographicallyPrecedes($0) }) ?? true { best = rank }
        }
      }
    }
    #expect((result.shortfall == nil) == (best != nil), "\(spec.architectures) cap \(spec.cap)")
    guard let best, result.shortfall == nil else { return }
    let index = order.firstIndex(of: result.layout) ?? -1
    var found = [Int64(index), Int64(result.forecast.wheels)]
    #expect(found == Array(best.prefix(2)), "\(spec.architectures) cap \(spec.cap)")
    // Groups are what is fetched at first use in `thin`: as many as fit the cap, whatever the total.
    guard result.layout != .thin else { return }
    found.append(result.forecast.total.bytes)
    #expect(found == Array(best.prefix(3)), "\(spec.architectures) cap \(spec.cap)")
  }

  // Lists of plain architectures only. A letter (9.0a), 12.x, which ggml compiles as 12.xa, and a Tegra part have code
  // that runs on no newer GPU, or on few, and ggml, which knows numbers only, takes them for newer GPUs all the same. Such
  // an architecture can take a GPU away from the one below it; `ServiceRule.obstacle` says so.
  @Test(arguments: 1...150, [Toolkits.cuda12, Toolkits.cuda13])
  func `Another architecture never makes any GPU worse`(seed: Int, toolkit: ToolkitCapabilities) throws {
    var generator = SeededGenerator(state: UInt64(seed) &* 104_729)
    let plain = toolkit.real.filter { $0.variant == .base && !$0.isTegra && $0.major < 12 }.map(\.number)
    let chosen = plain.shuffled(using: &generator).prefix(Int.random(in: 2...7, using: &generator))
    let sizes = plain.map { ($0, Int64.random(in: 20...150, using: &generator)) }
    let model = tinyModel(Dictionary(uniqueKeysWithValues: sizes))
    func coverage(_ numbers: some Collection<Int>) throws -> [PlannedRelease.CoverageRow] {
      let list = numbers.map(String.init).joined(separator: ",")
      return try planned(request(list, cap: 999, ptx: true), model, toolkit: toolkit).coverage
    }
    let after = try coverage(chosen)
    for row in try coverage(chosen.dropLast()) {
      guard let old = row.service else { continue }
      let now = after.first { $0.capability == row.capability }
      #expect(now?.service.map { $0 <= old } == true, "\(row.capability): \(chosen)")
      // Nor does it run older code than before.
      if let code = row.code { #expect(now?.code.map { $0 >= code } == true, "\(row.capability): \(chosen)") }
    }
  }
}
