public import ReleaseModel

/// Predicts what a release weighs, from figures of a finished build.
public struct SizeModel: Sendable {
  /// What is to be built, as far as sizes go by it.
  public struct Subject: Hashable, Sendable {
    /// The source's digest as a manifest has it; `nil` while it isn't known.
    public var llamaCppDigest: String?
    /// The source in words.
    public var llamaCpp: String
    /// The toolkit.
    public var toolkit: ToolkitVersion
    /// Whether flash attention is built.
    public var flashAttention: Bool
    /// Cache entries of the user's own, of which nobody knows what they do to sizes.
    public var definitions: [String]
    /// How many units of each family the source has; `nil` takes them as measured.
    public var units: [String: Int]?

    /// Makes a subject.
    public init(
      llamaCppDigest: String?,
      llamaCpp: String,
      toolkit: ToolkitVersion,
      flashAttention: Bool = true,
      definitions: [String] = [],
      units: [String: Int]? = nil
    ) {
      self.llamaCppDigest = llamaCppDigest
      self.llamaCpp = llamaCpp
      self.toolkit = toolkit
      self.flashAttention = flashAttention
      self.definitions = definitions
      self.units = units
    }
  }

  /// The figures.
  public let figures: SizeFigures
  /// What is to be built.
  public let subject: Subject
  /// Sizes of finished releases of this very subject, which go before predictions.
  public let learned: LearnedSizes?

  /// Makes a model; `learned` of another subject is left aside.
  public init(figures: SizeFigures = .shipped, subject: Subject, learned: LearnedSizes? = nil) {
    self.figures = figures
    self.subject = subject
    self.learned = learned.flatMap { $0.key == LearnedSizes.key(of: subject) ? $0 : nil }
  }

  /// The core as files of a wheel.
  public var core: Weight {
    if let core = learned?.core { return core }
    return Weight(
      installed: ByteCount(figures.core.installed),
      packed: ByteCount(figures.core.deflated),
      estimates: sourceEstimates
    )
  }

  /// One slice's library, as it is stored in a wheel with deflate.
  public func slice(_ architectures: [Architecture], stored: KernelCompression) -> Weight {
    if let known = learned?.slice(architectures, stored: stored) { return known }
    var weight = Weight(
      installed: ByteCount(figures.host.installed),
      packed: ByteCount(figures.host.deflated)
    )
    for architecture in architectures {
      weight += images(of: architecture, stored: stored)
    }
    weight.estimates = estimates(for: architectures) + weight.estimates
    return weight
  }

  /// The images of one architecture, without a library around them.
  public func images(of architecture: Architecture, stored: KernelCompression) -> Weight {
    var weight = Weight.zero
    if architecture.real { weight += images(architecture.capability, .real, stored: stored) }
    if architecture.virtual { weight += images(architecture.capability, .virtual, stored: stored) }
    return weight
  }

  /// One library of these architectures stored as a skeleton and one xz stream of its kernels.
  public func solid(_ architectures: [Architecture]) -> Weight {
    if let known = learned?.solid(architectures) { return known }
    var stream = 0.0
    var below: [ComputeCapability] = []
    for architecture in architectures.sorted() {
      let capability = architecture.capability
      if architecture.real {
        stream += raw(capability, .real) * solidRate(of: capability, beside: below) * figures.solid.scale
        below.append(capability)
      }
      if architecture.virtual { stream += raw(capability, .virtual) * figures.solid.ptx }
    }
    var weight = slice(architectures, stored: .none)
    weight.packed = ByteCount(figures.host.xz + Int64(stream.rounded()))
    return weight
  }

  /// Raw bytes of cubins of some architectures, or of their PTX.
  public func raw(_ architectures: [Architecture], _ kind: SizeFigures.Kind) -> ByteCount {
    let wanted = architectures.filter { kind == .real ? $0.real : $0.virtual }
    return ByteCount(Int64(wanted.reduce(0.0) { $0 + raw($1.capability, kind) }))
  }

  /// Seconds of one core of this machine that compiling takes, the core's tree included.
  public func compileSeconds(_ architectures: [Architecture]) -> Double {
    (kernelSeconds(architectures) + figures.time.core) * (learned?.slowness ?? 1)
  }

  /// The part of ``compileSeconds(_:)`` that is the core's tree, 0 to 1.
  public func coreWork(beside architectures: [Architecture]) -> Double {
    figures.time.core / (kernelSeconds(architectures) + figures.time.core)
  }

  /// Seconds of one core of the machine that was measured, for the kernels alone.
  public func kernelSeconds(_ architectures: [Architecture]) -> Double {
    let units = families.reduce(0.0) { $0 + Double(figures.units[$1] ?? 0) * scale(of: $1) }
    // PTX of an architecture without a cubin is made by the same first half of the compilation.
    let all = architectures.map { Architecture($0.capability, real: true, virtual: false) }
    return figures.time.perUnit * units
      + figures.time.perMillionBytes * Double(raw(all, .real).bytes) / 1e6
  }

  /// Why sizes of these architectures are estimates; empty when they were measured.
  public func estimates(for architectures: [Architecture]) -> [String] {
    var reasons = sourceEstimates
    for architecture in architectures {
      for (wanted, kind) in [(architecture.real, SizeFigures.Kind.real), (architecture.virtual, .virtual)]
      where wanted {
        let nearest = neighbour(of: architecture.capability, kind)
        guard let nearest, nearest != architecture.capability else { continue }
        reasons.append("\(architecture.capability)\(kind == .real ? "" : "'s PTX") like \(nearest)")
      }
    }
    return reasons
  }

  /// Estimates that concern everything: another source, another toolkit, other definitions.
  private var sourceEstimates: [String] {
    var reasons: [String] = []
    if subject.llamaCppDigest != figures.llamaCppDigest {
      reasons.append("\(subject.llamaCpp) like \(figures.llamaCpp)")
    }
    if subject.toolkit.release != figures.toolkit.release {
      reasons.append("CUDA \(subject.toolkit.release) like CUDA \(figures.toolkit.release)")
    }
    if !subject.definitions.isEmpty {
      reasons.append("without \(subject.definitions.joined(separator: ", "))")
    }
    return reasons
  }

  // MARK: Rows

  private var families: [String] {
    figures.units.keys.sorted().filter { subject.flashAttention || !$0.hasPrefix("fattn") }
  }

  private func scale(of family: String) -> Double {
    guard let own = subject.units, let measured = figures.units[family], measured > 0 else { return 1 }
    return Double(own[family] ?? 0) / Double(measured)
  }

  private func rows(_ capability: ComputeCapability, _ kind: SizeFigures.Kind) -> [SizeFigures.Images] {
    guard let nearest = neighbour(of: capability, kind) else { return [] }
    let wanted = families
    return figures.images.filter {
      $0.capability == nearest && $0.kind == kind && wanted.contains($0.family)
    }
  }

  private func sum(
    _ capability: ComputeCapability,
    _ kind: SizeFigures.Kind,
    _ form: (SizeFigures.Images) -> Int64
  ) -> Double {
    rows(capability, kind).reduce(0) { $0 + Double(form($1)) * scale(of: $1.family) }
  }

  private func raw(_ capability: ComputeCapability, _ kind: SizeFigures.Kind) -> Double {
    sum(capability, kind, \.raw)
  }

  private func images(
    _ capability: ComputeCapability,
    _ kind: SizeFigures.Kind,
    stored: KernelCompression
  ) -> Weight {
    func count(_ value: Double) -> ByteCount { ByteCount(Int64(value.rounded())) }
    func measured(_ form: (SizeFigures.Images) -> Int64?) -> Double? {
      guard rows(capability, kind).allSatisfy({ form($0) != nil }) else { return nil }
      return sum(capability, kind) { form($0) ?? 0 }
    }
    let plain = (sum(capability, kind, \.stored), sum(capability, kind, \.deflated))
    switch stored {
    case .none: return Weight(installed: count(plain.0), packed: count(plain.1))
    case .lz4:
      if let lz4 = measured(\.lz4), let deflated = measured(\.lz4Deflated) {
        return Weight(installed: count(lz4), packed: count(deflated))
      }
      let (installed, packed) = (ratio(kind, \.lz4, to: \.raw), ratio(kind, \.lz4Deflated, to: \.deflated))
      return Weight(
        installed: count(raw(capability, kind) * installed),
        packed: count(plain.1 * packed),
        estimates: ["LZ4 of \(capability) by its neighbours' ratio"]
      )
    case .zstd:
      if let zstd = measured(\.zstd) { return Weight(installed: count(zstd), packed: count(zstd)) }
      let zstd = count(raw(capability, kind) * ratio(kind, \.zstd, to: \.raw))
      return Weight(
        installed: zstd,
        packed: zstd,
        estimates: ["zstd of \(capability) by its neighbours' ratio"]
      )
    }
  }

  /// How one form relates to another where both were weighed.
  private func ratio(
    _ kind: SizeFigures.Kind,
    _ form: (SizeFigures.Images) -> Int64?,
    to base: (SizeFigures.Images) -> Int64
  ) -> Double {
    let known = figures.images.filter { $0.kind == kind && form($0) != nil }
    let whole = known.reduce(0.0) { $0 + Double(base($1)) }
    return whole > 0 ? known.reduce(0.0) { $0 + Double(form($1) ?? 0) } / whole : 1
  }

  // MARK: Neighbours

  /// The measured capability that is most like this one: itself, else the nearest of its major, else the nearest.
  func neighbour(of capability: ComputeCapability, _ kind: SizeFigures.Kind) -> ComputeCapability? {
    let known = Set(figures.images.filter { $0.kind == kind }.map(\.capability)).sorted()
    if known.contains(capability) { return capability }
    return known.min { distance($0, capability) < distance($1, capability) }
  }

  private func distance(_ left: ComputeCapability, _ right: ComputeCapability) -> (Int, Int, Int) {
    (left.major == right.major ? 0 : 1, abs(left.number - right.number), left.number)
  }

  private func solidRate(of capability: ComputeCapability, beside below: [ComputeCapability]) -> Double {
    guard let own = neighbour(of: capability, .real) else { return 1 }
    let alone = figures.solid.alone[own.label] ?? 1
    let known = figures.solid.beside[own.label] ?? [:]
    // A capability that was never measured is like its stand-in, but no copy of what lies beside that (8.9's code is
    // almost 8.6's, 9.0's is not).
    guard own == capability else { return below.isEmpty ? alone : min(alone, known.values.max() ?? alone) }
    let rates = below.compactMap { neighbour(of: $0, .real).flatMap { known[$0.label] } }
    return min(alone, rates.min() ?? alone)
  }
}
