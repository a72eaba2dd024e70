import ReleaseModel

/// What is asked of a plan beyond its list, checked for what can't be held at once.
struct PlanConstraints {
  let spec: ReleaseSpec

  /// - Throws: ``PlanError`` for the first contradiction.
  init(_ spec: ReleaseSpec, plan: ReleasePlan) throws {
    self.spec = spec
    guard spec.cap.bytes > 0 else {
      throw PlanError.contradiction("a cap of \(spec.cap) bytes holds nothing; give one such as 100MiB")
    }
    if let wheels = spec.maxWheels {
      guard wheels > 0 else {
        throw PlanError.contradiction("--max-wheels \(wheels) leaves no wheel; it must be at least 1")
      }
      if spec.layout == .split, wheels < 3 {
        throw PlanError.contradiction(
          "--layout split has at least 3 wheels (core, kernels, and the one that requires both), and --max-wheels is \(wheels)"
        )
      }
      if spec.layout == .split, wheels < spec.groups.count + 2 {
        throw PlanError.contradiction(
          "--max-wheels \(wheels) is less than the \(spec.groups.count) groups asked for, the core and the wheel that requires them"
        )
      }
    }
    if let preferred = spec.preferredLayout {
      guard preferred != .auto else {
        throw PlanError.contradiction("--prefer auto prefers nothing; name single, packed, split or thin")
      }
      guard spec.layout == .auto || spec.layout == preferred else {
        throw PlanError.contradiction(
          "--prefer \(preferred.rawValue) and --layout \(spec.layout.rawValue) contradict each other; leave one out"
        )
      }
    }
    try checkDriver(plan)
  }

  private func checkDriver(_ plan: ReleasePlan) throws {
    guard let minimum = spec.minDriver else { return }
    guard DriverVersion.numbers(of: minimum) != nil else {
      throw PlanError.contradiction(
        "--min-driver '\(minimum)' is no driver release; write one such as 525 or 550.54.14"
      )
    }
    let version = plan.toolkit.version
    let floor = DriverFloor(toolkit: version, compression: .none, hasPTX: true)
    guard floor.cubins.isMet(by: minimum) else {
      throw PlanError.contradiction(
        "CUDA \(version.release) needs driver \(floor.cubins), and --min-driver is \(minimum); choose an older toolkit"
      )
    }
    let stored = DriverFloor(toolkit: version, compression: spec.kernelCompression, hasPTX: false)
    guard stored.cubins.isMet(by: minimum) else {
      throw PlanError.contradiction(
        "--kernel-compression \(spec.kernelCompression.rawValue) needs driver \(stored.cubins), and --min-driver is \(minimum); leave one out"
      )
    }
    let onlyPTX = plan.compileSet.architectures.first { $0.virtual && !$0.real }
    if let onlyPTX, let ptx = floor.ptx, !ptx.isMet(by: minimum) {
      throw PlanError.contradiction(
        "\(onlyPTX.capability) is asked for as PTX only, which needs driver \(ptx), and --min-driver is \(minimum); ask for \(onlyPTX.capability.label)-real"
      )
    }
  }

  /// Why a layout may not be taken; `nil` when it may.
  func objection(to forecast: LayoutForecast) -> PlanReason? {
    if let minimum = spec.minDriver,
      let floor = forecast.files.compactMap(\.driverFloor?.cubins).first(where: { !$0.isMet(by: minimum) })
    {
      return .layoutNeedsDriver(forecast.layout, needed: floor.release, allowed: minimum)
    }
    if let allowed = spec.maxWheels, forecast.wheels > allowed {
      return .layoutTooManyWheels(forecast.layout, wheels: forecast.wheels, allowed: allowed)
    }
    guard forecast.largestAtMost <= spec.cap else {
      return .layoutTooLarge(
        forecast.layout,
        largest: forecast.largest,
        atMost: forecast.largestAtMost,
        cap: spec.cap
      )
    }
    return nil
  }

  /// The layouts in the order in which they are tried.
  var order: [Layout] {
    guard spec.layout == .auto else { return [spec.layout] }
    return LayoutRequirement.order(spec).filter { LayoutRequirement.obstacle(to: $0, spec: spec) == nil }
  }
}
