import Inventory
import ReleaseModel

/// How the GPUs that people own run the images of an artifact.
enum ServiceTable {
  static func rows(_ images: [ImageRow], grouped: [ImageRow.Key: Int]) -> [ServiceRow] {
    func capabilities(_ kind: ImageKind) -> Set<ComputeCapability> {
      Set(
        images.filter { $0.kind == kind }.compactMap(\.capability)
          + grouped.keys.filter { $0.kind == kind }.compactMap { ComputeCapability(parsing: $0.architecture) }
      )
    }
    let (real, virtual) = (capabilities(.real), capabilities(.virtual))
    guard !real.isEmpty || !virtual.isEmpty else { return [] }
    return ArchitectureCatalog.entries.filter { !$0.devices.isEmpty }.map { entry in
      let cubin = real.filter { $0.cubinRuns(on: entry.capability) }.max()
      let ptx = virtual.filter { $0.ptxRuns(on: entry.capability) }.max()
      return ServiceRow(
        capability: entry.capability,
        devices: entry.devices,
        way: cubin != nil ? .native : ptx != nil ? .jit : .none,
        architecture: (cubin ?? ptx)?.label
      )
    }
  }
}

/// The drivers that an artifact needs, from what its images say about themselves.
struct ImageDrivers {
  /// The lowest driver for cubins; `nil` when nothing says which toolkit made them.
  let cubins: DriverVersion?
  /// The lowest driver for PTX; `nil` without PTX.
  let ptx: DriverVersion?

  init(images: [ImageRow], toolkits: Set<Int>, ptxVersion: (major: Int, minor: Int)) {
    let isZstd = images.contains { $0.compression == .zstd }
    // Cubins of several toolkits: NVIDIA's libraries are linked of parts of different age.
    let newest = toolkits.filter { (80...199).contains($0) }.max().map {
      ToolkitVersion(major: $0 / 10, minor: $0 % 10)
    }
    let floor = newest.map { DriverVersion.minorVersionFloor(of: $0) }
    cubins = floor.map { isZstd ? DriverVersion.later($0, .zstdKernels) : $0 }
    ptx = Self.toolkit(ofPTX: ptxVersion).map { toolkit in
      let floor = DriverVersion.first(of: toolkit)
      return isZstd ? DriverVersion.later(floor, .zstdKernels) : floor
    }
  }

  /// The toolkit release that brought a version of PTX (PTX ISA, "Release Notes": 8.4 came with 12.4, 8.7 with 12.8).
  static func toolkit(ofPTX version: (major: Int, minor: Int)) -> ToolkitVersion? {
    switch (version.major, version.minor) {
    case (7, let minor): ToolkitVersion(major: 11, minor: minor)
    case (8, let minor) where minor <= 5: ToolkitVersion(major: 12, minor: minor)
    // 12.6 brought no version of its own.
    case (8, let minor): ToolkitVersion(major: 12, minor: minor + 1)
    case (9, let minor): ToolkitVersion(major: 13, minor: minor)
    default: nil
    }
  }
}
