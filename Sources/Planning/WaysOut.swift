public import ReleaseModel
public import SizeModel

/// One way to get a CUDA library to people although it is too large for the index.
public struct WayOut: Hashable, Sendable, Codable {
  /// Its name.
  public let name: String
  /// The largest uploaded file.
  public let largest: ByteCount
  /// How many files are uploaded.
  public let files: Int
  /// What a user with one GPU downloads at least.
  public let download: ByteCount
  /// What happens at the first run, in words; empty for nothing.
  public let firstRun: String
  /// The oldest driver, in words.
  public let driver: String
  /// Whether it works without a network after it was installed.
  public let isOffline: Bool
  /// Whether PyPI takes it, in words.
  public let pypi: String
  /// `measured` on a release, or `predicted`, with what it was estimated from.
  public let basis: String
  /// What else should be known, in words.
  public let remark: String
}

/// The ways out that the makers of an oversized wheel think of, and ours, on the same architectures.
public struct WaysOut {
  private let planned: PlannedRelease
  private let model: SizeModel
  private let releases: [ReleaseManifest]

  /// Makes the comparison.
  ///
  /// - Parameter releases: finished releases, which are taken in place of predictions where they fit.
  public init(_ planned: PlannedRelease, model: SizeModel, releases: [ReleaseManifest] = []) {
    self.planned = planned
    self.model = model
    self.releases = releases
  }

  /// UPX on libraries, measured on four units: 11,928,768 bytes to 1,057,270 in a wheel; loading them 0.5 GB/s slower.
  private static let upx = (share: 1_057_270.0 / 11_928_768, limit: Int64(680_000_000), bytesPerSecond: 0.5e9)

  /// The rows, in the order in which people think of them.
  public var rows: [WayOut] {
    let fat = forecast(.single, .none)
    return [
      row("raise the limit", fat, remark: "one fat library, everything for everybody"),
      row("host it elsewhere", fat, pypi: "no, another index", remark: "pip needs that index's address"),
      row("a wheel per platform", fat, remark: "each platform's wheel has all kernels: none gets smaller"),
      ptxOnly(fat), upx(fat),
      row(
        "strip",
        fat,
        remark: "done in all of these; kernels have no symbols to lose, so 0.5 % of the library"
      ),
      row(
        "dynamic CUDA libraries",
        fat,
        remark: "done in all of these: cudart and cuBLAS come from NVIDIA's wheels"
      ),
      row("llcuda-build: single, zstd", forecast(.single, .zstd), stored: .zstd),
      row("llcuda-build: packed", forecast(.packed, .none), firstRun: unpacking),
      row("llcuda-build: split", forecast(.split, .none)),
      row("llcuda-build: split, zstd", forecast(.split, .zstd), stored: .zstd),
      row(
        "llcuda-build: thin",
        forecast(.thin, .none),
        firstRun: "fetches its kernels, \(unpacking)",
        isOffline: false
      ),
    ]
  }

  private var unpacking: String { "unpacks for \(planned.effort.unpackSeconds) s at most" }

  private func forecast(_ layout: Layout, _ stored: KernelCompression) -> LayoutForecast {
    var spec = planned.spec
    spec.kernelCompression = stored
    spec.tarballs = []
    // A wheel per slice: what a user with one GPU needs is then as little as it can be.
    let plan = planned.plan.grouped(
      planned.spec.groups.isEmpty
        ? planned.plan.slices.map { SliceGroup(name: $0.name, slices: [$0]) } : planned.plan.groups
    )
    return LayoutForecast(layout, of: plan, spec: spec, model: model)
  }

  private func row(
    _ name: String,
    _ forecast: LayoutForecast,
    stored: KernelCompression = .none,
    firstRun: String = "",
    isOffline: Bool = true,
    pypi: String? = nil,
    remark: String = ""
  ) -> WayOut {
    let real = releases.first {
      $0.layout == forecast.layout && $0.inputs.kernelCompression == stored
        && $0.inputs.architectures == planned.plan.compileSet.architectures
    }
    // Kernels that are fetched are files too, but none that an index has a limit for.
    let files = real.map { $0.artifacts.filter { $0.kind != "tarball" } }
    let largest = files?.filter { $0.kind == "wheel" }.map(\.bytes).max() ?? forecast.largest
    let groups = forecast.files.filter { $0.group != nil && $0.kind != .tarball }
    var download = forecast.files.filter { $0.role == .core && $0.kind == .wheel }.reduce(ByteCount.zero) {
      $0 + $1.weight.packed
    }
    download += groups.map(\.weight.packed).max() ?? .zero
    if let files {
      download =
        files.filter { $0.role == .core }.reduce(.zero) { $0 + $1.bytes }
        + (files.filter { $0.role == .group }.map(\.bytes).max() ?? .zero)
    }
    let floor = forecast.files.compactMap(\.driverFloor).max { $0.cubins.apiVersion < $1.cubins.apiVersion }
    return WayOut(
      name: name,
      largest: largest,
      files: files?.count ?? forecast.files.count,
      download: download,
      firstRun: firstRun,
      driver: floor?.cubins.release ?? "",
      isOffline: isOffline,
      pypi: pypi ?? Self.verdict(largest),
      basis: real == nil ? Self.basis(forecast.estimates) : "measured",
      remark: remark
    )
  }

  private static func basis(_ estimates: [String]) -> String {
    estimates.isEmpty ? "predicted" : "predicted (\(estimates.joined(separator: "; ")))"
  }

  /// PyPI's limits: 100 MiB a file, up to 1 GiB on request (warehouse's constants).
  private static func verdict(_ largest: ByteCount) -> String {
    if largest <= .pypiFileLimit { return "yes" }
    return largest.bytes <= 1 << 30 ? "on request only" : "no, not even on request"
  }

  /// One wheel with nothing but the PTX of the lowest architecture, which every GPU of the list can compile.
  private func ptxOnly(_ fat: LayoutForecast) -> WayOut {
    let lowest = planned.plan.compileSet.architectures[0].capability
    let ptx = Architecture(lowest, real: false, virtual: true)
    let weight = model.core + model.slice([ptx], stored: .none)
    let bytes = weight.packed + ByteCount(model.figures.wheel.core)
    let seconds = 42.8 * Double(model.raw([ptx], .virtual).bytes) / 284_173_523
    let driver = DriverFloor(toolkit: planned.plan.toolkit.version, compression: .none, hasPTX: true)
    return WayOut(
      name: "PTX only (\(lowest))",
      largest: bytes,
      files: 1,
      download: bytes,
      firstRun: "compiles for about \(Int(seconds.rounded())) s, after each driver update again",
      driver: driver.ptx?.release ?? "",
      isOffline: true,
      pypi: Self.verdict(bytes),
      basis: Self.basis(weight.estimates),
      remark: "code for \(lowest) only: what newer GPUs can do beyond that is not used"
    )
  }

  private func upx(_ fat: LayoutForecast) -> WayOut {
    let library = model.slice(planned.plan.compileSet.architectures, stored: .none).installed
    let isTooLarge = library.bytes > Self.upx.limit
    let packed =
      isTooLarge
      ? fat.largest
      : model.core.packed + ByteCount(Int64(Double(library.bytes) * Self.upx.share))
        + ByteCount(model.figures.wheel.core)
    let seconds = (Double(library.bytes) / Self.upx.bytesPerSecond * 10).rounded() / 10
    return row(
      "UPX",
      fat,
      firstRun: isTooLarge ? "" : "unpacks for about \(seconds) s at every start",
      remark: isTooLarge
        ? "UPX refuses a library of \(library.mebibytes) (its limit is 648.5 MiB)"
        : "as much memory of its own in every process; no tool can read the library any more"
    ).with(
      largest: packed,
      basis: isTooLarge ? "predicted" : "predicted, from four units",
      verdict: Self.verdict(packed)
    )
  }
}

extension WayOut {
  fileprivate func with(largest: ByteCount, basis: String, verdict: String) -> WayOut {
    WayOut(
      name: name,
      largest: largest,
      files: files,
      download: largest,
      firstRun: firstRun,
      driver: driver,
      isOffline: isOffline,
      pypi: verdict,
      basis: basis,
      remark: remark
    )
  }
}
