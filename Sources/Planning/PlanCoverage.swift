import ReleaseModel
import SizeModel

/// Who runs a plan, and how.
struct PlanCoverage {
  let plan: ReleasePlan
  let forecasts: [LayoutForecast]
  let model: SizeModel

  /// Measured on an H100: llama-bench's first run with all kernels of ggml 0.25.3 as PTX 8.0; the driver keeps the
  /// result, and the second run takes 0.55 s.
  private static let jit = (seconds: 42.8, rawBytes: 284_173_523.0)

  var rows: [PlannedRelease.CoverageRow] {
    let rule = ServiceRule(compileSet: plan.compileSet.architectures)
    return plan.coverage.map { device in
      let code = rule.closest(to: device.capability).flatMap { number in
        plan.compileSet.architectures.map(\.capability).first { $0.number == number }
      }
      let group = device.slice.flatMap { name in
        plan.groups.first { $0.slices.contains { $0.name == name } }?.name
      }
      let downloads = forecasts.map { ($0.layout.rawValue, $0.download(for: device.slice)) }
      return PlannedRelease.CoverageRow(
        capability: device.capability,
        devices: device.devices,
        service: device.service,
        code: device.service == nil ? nil : code,
        firstRunSeconds: device.service == .ptx ? code.map(wait) : nil,
        slice: device.slice,
        group: group,
        downloads: Dictionary(uniqueKeysWithValues: downloads)
      )
    }
  }

  /// About as long as there is PTX to compile.
  private func wait(for code: ComputeCapability) -> Double {
    let ptx = model.raw([Architecture(code, real: false, virtual: true)], .virtual)
    let seconds = Self.jit.seconds * Double(ptx.bytes) / Self.jit.rawBytes
    return (seconds * 10).rounded() / 10
  }
}

/// What a build takes.
struct PlanEffort {
  let plan: ReleasePlan
  let spec: ReleaseSpec
  let model: SizeModel
  let jobs: Int

  /// Layout `packed`, measured: 704,057,528 bytes of cubins out of xz in 3.4 s on one core.
  private static let unpackedPerSecond = 704_057_528 / 3.4

  func effort(of forecast: LayoutForecast) -> PlannedRelease.Effort {
    let architectures = plan.compileSet.architectures
    let seconds = model.compileSeconds(architectures)
    let raw = model.raw(architectures, .real) + model.raw(architectures, .virtual)
    return PlannedRelease.Effort(
      coreSeconds: seconds.rounded(),
      seconds: (seconds / Double(jobs)).rounded(),
      jobs: jobs,
      disk: disk(for: forecast),
      unpackSeconds: (Double(raw.bytes) / Self.unpackedPerSecond * 10).rounded() / 10
    )
  }

  /// Objects, one slice's carved objects at a time, the linked libraries, the core's tree, and the archives.
  private func disk(for forecast: LayoutForecast) -> ByteCount {
    let architectures = plan.compileSet.architectures
    let fat = model.slice(architectures, stored: .none).installed
    let stored = model.slice(architectures, stored: spec.kernelCompression).installed
    let slices = plan.slices.reduce(ByteCount.zero) {
      $0 + model.slice($1.architectures, stored: spec.kernelCompression).installed
    }
    var bytes = fat
    if spec.kernelCompression != .none { bytes += stored }
    switch forecast.layout {
    // Carving and linking take the kernels once more each.
    case .single: bytes += stored + stored
    case .packed: bytes += fat + fat
    case .split, .thin, .auto:
      bytes += stored + slices
      if spec.layout == .auto { bytes += stored }
    }
    bytes += forecast.total
    if spec.layout == .auto { bytes += spec.cap }
    // Measured: the core's tree has 0.6 GB; as much again for logs, trials and temporary files.
    return bytes + ByteCount(Int64(1_000_000_000))
  }
}
