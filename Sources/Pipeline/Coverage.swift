import Planning
import ReleaseModel

/// How each kind of GPU runs a release, in words.
enum Coverage {
  static func rows(of plan: ReleasePlan, layout: Layout) -> [ReleaseManifest.Coverage] {
    let rule = ServiceRule(compileSet: plan.compileSet.architectures)
    return plan.coverage.map { device in
      let closest = rule.closest(to: device.capability).map { "\(ComputeCapability(number: $0))" } ?? ""
      let runs =
        switch device.service {
        case .exactCubin: "its own cubin"
        case .olderCubin: "cubin \(closest)"
        case .ptx: "PTX \(closest), compiled at the first run"
        case nil: "CPU"
        }
      let slice =
        layout == .single || layout == .packed ? device.slice.map { _ in plan.fatSlice.name } : device.slice
      return ReleaseManifest.Coverage(
        capability: device.capability,
        devices: device.devices,
        runs: runs,
        slice: slice
      )
    }
  }
}
