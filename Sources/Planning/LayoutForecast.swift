public import ReleaseModel
public import SizeModel

/// The files that a layout would have, with predicted sizes.
public struct LayoutForecast: Hashable, Sendable, Codable {
  /// The layout; never `auto`.
  public let layout: Layout
  /// The files, core first.
  public let files: [File]
  /// The group that carries each slice.
  public let groups: [String: String]

  /// One file.
  public struct File: Hashable, Sendable, Codable {
    /// Where a file goes.
    public enum Kind: String, Hashable, Sendable, Codable {
      /// Uploaded to the package index.
      case wheel
      /// Attached to the release, beside the wheels.
      case tarball
      /// Packed kernels that the wheel fetches at first use.
      case asset = "kernels"
    }
    /// Where it goes.
    public let kind: Kind
    /// What it is for.
    public let role: ReleaseManifest.Artifact.Role
    /// The group it carries.
    public let group: String?
    /// Its size; `packed` is what is downloaded.
    public let weight: Weight
    /// What it holds.
    public let architectures: [Architecture]
    /// The lowest drivers, `nil` without kernels.
    public let driverFloor: DriverFloor?
  }

  /// The files that count against the cap; what is fetched from elsewhere doesn't.
  public var capped: [File] { files.filter { $0.kind != .asset } }
  /// How many wheels are uploaded.
  public var wheels: Int { files.filter { $0.kind == .wheel }.count }
  /// The largest file that counts against the cap.
  public var largest: ByteCount { capped.map(\.weight.packed).max() ?? .zero }
  /// The same with its margin.
  public var largestAtMost: ByteCount { capped.map(\.weight.packedAtMost).max() ?? .zero }
  /// Everything uploaded and attached.
  public var total: ByteCount { files.reduce(.zero) { $0 + $1.weight.packed } }
  /// Why the sizes are estimates.
  public var estimates: [String] { files.reduce(Weight.zero) { $0 + $1.weight }.estimates }

  /// What the largest wheel will have, if that is over a cap even when the forecast is wrong by a fifth; `nil` otherwise, and
  /// for estimates.
  ///
  /// The measured figures were at most 8 % above what came out (llama.cpp 0.5.0, CUDA 12.4, 2026-11-29).
  public func hopeless(under cap: ByteCount) -> ByteCount? {
    let wheels = files.filter { $0.kind == .wheel }.map(\.weight)
    guard let largest = wheels.map(\.packed).max(), wheels.allSatisfy({ $0.estimates.isEmpty }) else {
      return nil
    }
    return largest.bytes > cap.bytes + cap.bytes / 5 ? largest : nil
  }

  /// What a user with one kind of GPU downloads at least: the core and the one group that serves it.
  public func download(for slice: String?) -> ByteCount {
    let group = slice.flatMap { groups[$0] }
    return files.filter { $0.kind != .tarball && $0.role != .meta && ($0.group == nil || $0.group == group) }
      .reduce(.zero) { $0 + $1.weight.packed }
  }

  /// Forecasts a layout of a plan.
  ///
  /// Tarballs are forecast as gzip or xz; those of zstd are not, since nothing was measured for them.
  public init(_ layout: Layout, of plan: ReleasePlan, spec: ReleaseSpec, model: SizeModel) {
    let overhead = model.figures.wheel
    func own(_ bytes: Int64) -> Weight { Weight(installed: ByteCount(bytes), packed: ByteCount(bytes)) }
    func floor(_ architectures: [Architecture], _ compression: KernelCompression) -> DriverFloor {
      let hasPTX = architectures.contains(where: \.virtual)
      return DriverFloor(toolkit: plan.toolkit.version, compression: compression, hasPTX: hasPTX)
    }
    let all = plan.compileSet.architectures
    let stored = spec.kernelCompression
    var files: [File] = []
    func add(
      _ kind: File.Kind,
      _ role: ReleaseManifest.Artifact.Role,
      _ weight: Weight,
      _ architectures: [Architecture] = [],
      group: String? = nil,
      compression: KernelCompression = .none
    ) {
      let driver = architectures.isEmpty ? nil : floor(architectures, compression)
      files.append(
        File(
          kind: kind,
          role: role,
          group: group,
          weight: weight,
          architectures: architectures,
          driverFloor: driver
        )
      )
    }
    let core = model.core
    func held(by group: SliceGroup) -> [Architecture] { group.slices.flatMap(\.architectures).sorted() }
    func plain(_ group: SliceGroup) -> Weight {
      group.slices.reduce(Weight.zero) { $0 + model.slice($1.architectures, stored: stored) }
    }
    // A tarball has no Python to unpack with, so it holds plain slices in every layout of several files.
    func addTarballs() {
      guard spec.tarballs.contains(.gzip) else { return }
      add(.tarball, .core, core)
      for group in plan.groups {
        add(.tarball, .group, plain(group), held(by: group), group: group.name, compression: stored)
      }
    }
    switch layout {
    case .single, .auto:
      let weight = core + model.slice(all, stored: stored)
      add(.wheel, .core, weight + own(overhead.core), all, compression: stored)
      if spec.tarballs.contains(.gzip) { add(.tarball, .core, weight, all, compression: stored) }
    case .packed:
      add(.wheel, .core, core + model.solid(all) + own(overhead.core), all)
      addTarballs()
    case .thin:
      add(.wheel, .core, core + own(overhead.core))
      for group in plan.groups {
        add(.asset, .group, model.solid(held(by: group)), held(by: group), group: group.name)
      }
      addTarballs()
    case .split:
      add(.wheel, .core, core + own(overhead.core))
      for group in plan.groups {
        let weight = plain(group) + own(overhead.group)
        add(.wheel, .group, weight, held(by: group), group: group.name, compression: stored)
      }
      add(.wheel, .meta, own(overhead.meta))
      addTarballs()
    }
    groups = Dictionary(
      plan.groups.flatMap { group in group.slices.map { ($0.name, group.name) } },
      uniquingKeysWith: { first, _ in first }
    )
    self.layout = layout
    self.files = files
  }
}
