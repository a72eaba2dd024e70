import Planning
import ReleaseModel
import Testing

/// What must hold for every list: tried on random ones, the same in every run.
@Suite struct ServicePropertyTests {
  private static let devices = ArchitectureCatalog.entries.map(\.capability)

  /// Some architectures with random kinds and letters, no capability twice.
  private static func randomSet(_ generator: inout SeededGenerator) -> [Architecture] {
    var set: [ComputeCapability: Architecture] = [:]
    for _ in 0..<Int.random(in: 1...9, using: &generator) {
      guard let device = devices.randomElement(using: &generator) else { continue }
      var capability = device
      if device.number >= 90 {
        capability.variant = [.base, .base, .architecture, .family].randomElement(using: &generator) ?? .base
      }
      let kind = Int.random(in: 0..<4, using: &generator)
      set[capability] = Architecture(capability, real: kind != 3, virtual: kind >= 2)
    }
    return set.values.sorted()
  }

  /// The set in slices of random sizes.
  private static func randomSlices(of set: [Architecture], _ generator: inout SeededGenerator) -> [Slice] {
    let parts = Int.random(in: 1...set.count, using: &generator)
    let assigned = set.map { ($0, Int.random(in: 0..<parts, using: &generator)) }
    return Dictionary(grouping: assigned, by: \.1).map { _, members in
      Slice(name: Slice.name(for: members.map(\.0.capability)), architectures: members.map(\.0))
    }
  }

  /// The rule as the selector's documentation words it, written without looking at ``ServiceRule``.
  private static func expected(of set: [Architecture], in slice: [Architecture], on device: ComputeCapability)
    -> Service?
  {
    let tegra: Set = [32, 53, 62, 72, 87, 101, 110]
    guard let closest = set.map(\.capability.number).filter({ $0 <= device.number }).max() else { return nil }
    var best: Service?
    for architecture in slice where architecture.capability.number == closest {
      let exact = closest == device.number
      let letter = architecture.capability.variant
      let sameMajor = closest / 10 == device.number / 10
      let older =
        sameMajor && letter != .architecture && !tegra.contains(closest) && !tegra.contains(device.number)
      let compiles = letter == .base || exact || letter == .family && sameMajor
      if architecture.real, exact || older {
        return exact ? .exactCubin : .olderCubin
      } else if architecture.virtual, compiles {
        best = .ptx
      }
    }
    return best
  }

  @Test(arguments: 1...400)
  func `Whatever one library of everything serves, the slices serve as well`(seed: Int) {
    var generator = SeededGenerator(state: UInt64(seed))
    let set = Self.randomSet(&generator)
    let slices = Self.randomSlices(of: set, &generator)
    let rule = ServiceRule(compileSet: set)
    let fat = Slice(name: "all", architectures: set)
    for device in Self.devices {
      let whole = rule.service(of: device, by: fat)
      #expect(rule.best(of: slices, for: device)?.service == whole, "\(set) on \(device)")
      #expect(whole == Self.expected(of: set, in: set, on: device), "\(set) on \(device)")
      for slice in slices {
        let service = rule.service(of: device, by: slice)
        #expect(
          service == Self.expected(of: set, in: slice.architectures, on: device),
          "\(slice) on \(device)"
        )
        // A slice never serves better than everything together.
        if let service, let whole { #expect(service >= whole) }
        if whole == nil { #expect(service == nil) }
      }
      #expect((rule.obstacle(to: device) == nil) == (whole != nil), "\(set) on \(device)")
    }
  }

  @Test(arguments: 1...200)
  func `A plan of any list keeps every architecture once and covers as its fat slice does`(seed: Int) throws {
    var generator = SeededGenerator(state: UInt64(seed) &* 7919)
    let toolkit = Bool.random(using: &generator) ? Toolkits.cuda12 : Toolkits.cuda13
    let plain = toolkit.real.filter { $0.variant == .base }
    let chosen = plain.shuffled(using: &generator).prefix(Int.random(in: 1...8, using: &generator))
    let together = chosen.prefix(Int.random(in: 0...chosen.count, using: &generator))
    let grouped = chosen.suffix(chosen.count - together.count).prefix(2)

    let plan = try plan(
      chosen.map(\.label).joined(separator: ","),
      on: toolkit,
      ptx: Bool.random(using: &generator),
      slices: together.isEmpty ? [] : [together.map(\.label).joined(separator: ",")],
      groups: grouped.isEmpty ? [] : [("some", grouped.map(\.description).joined(separator: " "))]
    )
    let set = plan.compileSet.architectures
    #expect(plan.slices.flatMap(\.architectures).sorted() == set)
    #expect(
      plan.groups.flatMap(\.slices).sorted { $0.name < $1.name } == plan.slices.sorted { $0.name < $1.name }
    )
    #expect(Set(plan.groups.map(\.name)).count == plan.groups.count)
    let rule = ServiceRule(compileSet: set)
    for coverage in plan.coverage {
      #expect(coverage.service == rule.service(of: coverage.capability, by: plan.fatSlice))
      #expect((coverage.slice == nil) == (coverage.service == nil))
    }
  }
}
