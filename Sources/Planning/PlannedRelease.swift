public import ReleaseModel

/// A complete plan: what is built, what is shipped, how large it gets, who runs it, and why.
public struct PlannedRelease: Hashable, Sendable, Codable {
  /// What was asked for, with the layout and the architectures that were decided.
  public var spec: ReleaseSpec
  /// Compile set, slices and groups.
  public var plan: ReleasePlan
  /// The layout; never `auto`.
  public var layout: Layout
  /// Every layout, in the order in which they were considered.
  public var forecasts: [LayoutForecast]
  /// Who runs it, and how; the same in every layout, which is proved.
  public var coverage: [CoverageRow]
  /// Why it is this plan.
  public var reasons: [PlanReason]
  /// What else could be done.
  public var proposals: [PlanProposal]
  /// By how much the largest file is over the cap when nothing fits, margin included.
  public var shortfall: ByteCount?
  /// Time and disk.
  public var effort: Effort
  /// What the sizes come from, in words.
  public var basis: String

  /// The forecast of the layout that was chosen.
  public var forecast: LayoutForecast {
    forecasts.first { $0.layout == layout } ?? forecasts[0]
  }

  /// One kind of GPU.
  public struct CoverageRow: Hashable, Sendable, Codable {
    /// The GPU's capability.
    public let capability: ComputeCapability
    /// GPUs of that capability that people own.
    public let devices: String
    /// How it runs, `nil` when it uses the CPU.
    public let service: Service?
    /// The architecture whose code it runs.
    public let code: ComputeCapability?
    /// Seconds that the driver compiles at the first run; about, and only with PTX.
    public let firstRunSeconds: Double?
    /// The slice of layouts `split` and `thin` that serves it.
    public let slice: String?
    /// The group that carries the slice.
    public let group: String?
    /// What a user with such a GPU downloads, in each layout.
    public let downloads: [String: ByteCount]
  }

  /// What a build takes.
  public struct Effort: Hashable, Sendable, Codable {
    /// Seconds of one core.
    public let coreSeconds: Double
    /// Seconds on this machine, with so many jobs side by side.
    public let seconds: Double
    /// Jobs side by side.
    public let jobs: Int
    /// Bytes on disk while it goes on, output included.
    public let disk: ByteCount
    /// Seconds to unpack layout `packed` at first use, on one core.
    public let unpackSeconds: Double
  }
}

/// Why a plan is as it is.
public enum PlanReason: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The layout is the first that holds everything asked of it.
  case layoutFits(Layout, largest: ByteCount, cap: ByteCount)
  /// A layout was passed over: its largest file is over the cap.
  case layoutTooLarge(Layout, largest: ByteCount, atMost: ByteCount, cap: ByteCount)
  /// A layout was passed over: it has too many wheels.
  case layoutTooManyWheels(Layout, wheels: Int, allowed: Int)
  /// A layout was passed over: it needs a newer driver than users have.
  case layoutNeedsDriver(Layout, needed: String, allowed: String)
  /// Slices share wheels, so that there are fewer.
  case grouped(groups: Int, slices: Int)
  /// An architecture was dropped, because a lower minor serves its GPUs.
  case dropped(MinorFallback, saved: ByteCount)
  /// An architecture keeps its cubin although a lower minor's would load.
  case kept(MinorFallback)
  /// PTX was added unasked, for GPUs that nothing else in the list runs on; its bytes in wheels and fetched files.
  case gapFilled([ComputeCapability], code: ComputeCapability, added: ByteCount, wayOut: String)
  /// GPUs run code for an architecture of another kind.
  case hostPath([ComputeCapability], code: ComputeCapability, difference: String)
  /// PTX needs a newer driver than the cubins.
  case ptxNeedsDriver(String, cubins: String)

  /// The line that is printed.
  public var description: String {
    switch self {
    case .layoutFits(let layout, let largest, let cap):
      "\(layout.rawValue): its largest file has \(largest.mebibytes), \(largest.percentage(of: cap)) of the cap"
    case .layoutTooLarge(let layout, let largest, let atMost, let cap):
      largest > cap
        ? "not \(layout.rawValue): its largest file has \(largest.mebibytes), \((largest - cap).mebibytes) over the cap"
        : "not \(layout.rawValue): its largest file has \(largest.mebibytes), which may come to \(atMost.mebibytes), over the cap"
    case .layoutTooManyWheels(let layout, let wheels, let allowed):
      "not \(layout.rawValue): it has \(wheels) wheels, and --max-wheels is \(allowed)"
    case .layoutNeedsDriver(let layout, let needed, let allowed):
      "not \(layout.rawValue): it needs driver \(needed), and --min-driver is \(allowed)"
    case .grouped(let groups, let slices):
      "\(slices) slices in \(groups) wheels: fewer cannot hold them"
    case .dropped(let fallback, let saved):
      "\(fallback.dropped) has no cubin of its own: \(fallback.by)'s runs there, \(saved.mebibytes) saved; what it costs in speed was not measured"
    case .kept(let fallback):
      "\(fallback.dropped) keeps its own cubin, although \(fallback.by)'s loads there: \(fallback.obstacle ?? "it was asked for")"
    case .gapFilled(let devices, let code, let added, let wayOut):
      """
      GPUs of \(devices.map(\.description).joined(separator: ", ")): nothing else in the list runs there, so PTX of \
      \(code) is added, \(added.mebibytes) without tarballs; \(wayOut) leaves it out
      """
    case .hostPath(let devices, let code, let difference):
      """
      \(devices.map(\.description).joined(separator: ", ")) run code for \(code): \(difference), so such models fail where that many come; \
      add \(devices.count == 1 ? "it" : "them") to be sure
      """
    case .ptxNeedsDriver(let ptx, let cubins):
      "PTX needs driver \(ptx); GPUs with a cubin need \(cubins)"
    }
  }
}

/// A change that would make a plan smaller or make it fit.
public struct PlanProposal: Hashable, Sendable, Codable {
  /// What to do, as options of the command.
  public let action: String
  /// The layout that would come of it.
  public let layout: Layout
  /// Its largest file that counts against the cap.
  public let largest: ByteCount
  /// Bytes of all files less than now; negative when it gets larger.
  public let saved: ByteCount
  /// Whether it fits the cap, margin included.
  public let fits: Bool
  /// What it costs.
  public let price: String
}
