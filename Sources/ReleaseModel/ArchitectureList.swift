/// The architectures of a release, checked against a toolkit, ascending and without duplicates.
///
/// The grammar: items separated by commas, semicolons or spaces; an item is a number (`75`, `7.5`, `sm_75`,
/// `90a`), optionally with `-real`, `-virtual` or `+PTX`, a family (`turing`), `all` or `all-major`. A bare number
/// is real. `-real` is a cubin and nothing else, as in CMake.
///
/// A list that asks for no PTX gets some unasked, unless the caller says otherwise: of the highest architecture, for GPUs
/// that don't exist yet, and of every architecture that is closest to a GPU which its cubin doesn't run on. The second keeps
/// GPUs served when an architecture is added above theirs: `75` serves 8.6 by PTX, and `75,90` must not do less.
public struct ArchitectureList: Hashable, Sendable, Codable {
  /// The architectures, ascending.
  public let architectures: [Architecture]

  /// Makes a list of what is already known to be right, for tests and for values read back from files.
  public init(_ architectures: [Architecture]) { self.architectures = architectures.sorted() }

  /// Reads and checks a list.
  ///
  /// - Parameters:
  ///   - text: what the user wrote.
  ///   - toolkit: what the nvcc at hand can compile for.
  ///   - addPTX: whether architectures get PTX unasked if nothing in the list asks for PTX.
  ///   - allowJIT: whether a list that embeds no cubin at all is accepted.
  /// - Throws: ``ArchitectureListError``, one case per way to be wrong.
  public init(
    parsing text: String,
    toolkit: ToolkitCapabilities,
    addPTX: Bool = true,
    allowJIT: Bool = false
  ) throws(ArchitectureListError) {
    let items = text.split(whereSeparator: { ",; \t\n".contains($0) }).map(String.init)
    guard !items.isEmpty else { throw .empty }

    var found: [ComputeCapability: (architecture: Architecture, item: String)] = [:]
    var onlyReal: Set<ComputeCapability> = []
    for item in items {
      let isOnlyReal = item.lowercased().hasSuffix("-real")
      for architecture in try Self.expand(item, toolkit: toolkit) {
        let capability = architecture.capability
        if isOnlyReal { onlyReal.insert(capability) }
        guard let earlier = found[capability] else {
          found[capability] = (architecture, item)
          continue
        }
        let old = earlier.architecture
        // `75-real,75-virtual` is CMake's way to ask for both; anything else said twice is a slip.
        guard !(old.real && architecture.real), !(old.virtual && architecture.virtual) else {
          throw .duplicate(capability, first: earlier.item, second: item)
        }
        found[capability]?.architecture = Architecture(capability, real: true, virtual: true)
      }
    }

    var list = found.values.map(\.architecture).sorted()
    guard allowJIT || list.contains(where: \.real) else { throw .onlyPTX }
    if addPTX, !list.contains(where: \.virtual) {
      let unasked = Self.unaskedPTX(of: list, toolkit: toolkit).subtracting(onlyReal)
      for index in list.indices where unasked.contains(list[index].capability) { list[index].virtual = true }
    }
    self.architectures = list
  }

  /// Whose PTX a list without any needs.
  ///
  /// PTX with a letter helps no newer GPU. A Tegra part gets it as the highest only: its PTX is for its own board.
  private static func unaskedPTX(
    of list: [Architecture],
    toolkit: ToolkitCapabilities
  ) -> Set<ComputeCapability> {
    let able = list.map(\.capability).filter { $0.variant == .base && toolkit.virtual.contains($0) }
    var needed = Set(able.suffix(1))
    for device in ArchitectureCatalog.entries where device.isOwned {
      let number = list.closestNumber(to: device.capability)
      guard let closest = able.first(where: { $0.number == number }), !closest.isTegra else { continue }
      if !closest.cubinRuns(on: device.capability) { needed.insert(closest) }
    }
    return needed
  }

  /// One item of the list as architectures the toolkit can compile for.
  private static func expand(
    _ item: String,
    toolkit: ToolkitCapabilities
  ) throws(ArchitectureListError) -> [Architecture] {
    let lower = item.lowercased()
    let suffixes: [(text: String, real: Bool, virtual: Bool)] = [
      ("-real", true, false), ("-virtual", false, true), ("+ptx", true, true),
    ]
    let suffix = suffixes.first { lower.hasSuffix($0.text) }
    let name = suffix.map { String(lower.dropLast($0.text.count)) } ?? lower
    let real = suffix?.real ?? true
    let virtual = suffix?.virtual ?? false

    let capabilities: [ComputeCapability]
    if name == "all" || name == "all-major" {
      let desktop = toolkit.real.filter { !$0.isTegra && $0.variant == .base }
      // Like CMake's all-major: the x.0 of each generation, and the lowest that the toolkit knows.
      capabilities = name == "all" ? desktop : desktop.filter { $0.minor == 0 || $0 == desktop.first }
    } else if ArchitectureCatalog.families.contains(name) {
      let members = ArchitectureCatalog.entries.filter { $0.family == name && !$0.capability.isTegra }
      capabilities = members.map(\.capability).filter(toolkit.real.contains)
      guard !capabilities.isEmpty else {
        throw .unknownToToolkit(
          name,
          toolkit: toolkit.version,
          knownTo: members.last?.toolkits ?? "no toolkit"
        )
      }
    } else {
      capabilities = [try check(name, item: item, real: real, virtual: virtual, toolkit: toolkit)]
    }
    return capabilities.map { Architecture($0, real: real, virtual: virtual) }
  }

  private static func check(
    _ name: String,
    item: String,
    real: Bool,
    virtual: Bool,
    toolkit: ToolkitCapabilities
  ) throws(ArchitectureListError) -> ComputeCapability {
    guard let capability = ComputeCapability(parsing: name) else { throw .notAnArchitecture(item) }
    let compiles =
      (!real || toolkit.real.contains(capability)) && (!virtual || toolkit.virtual.contains(capability))
    if compiles { return capability }
    guard let entry = ArchitectureCatalog.entry(for: capability) else {
      // A toolkit newer than the catalog may know it; then `compiles` was true. Nobody knows this one.
      throw .doesNotExist(capability, nearest: nearest(to: capability))
    }
    if capability.variant != .base, toolkit.real.contains(capability.base) {
      throw .noSuchVariant(capability, toolkit: toolkit.version)
    }
    throw .unknownToToolkit("\(capability)", toolkit: toolkit.version, knownTo: entry.toolkits)
  }

  private static func nearest(to capability: ComputeCapability) -> [ComputeCapability] {
    let known = ArchitectureCatalog.entries.map(\.capability)
    let below = known.last { $0.number < capability.number }
    let above = known.first { $0.number > capability.number }
    return [below, above].compactMap(\.self)
  }
}

extension ArchitectureList: CustomStringConvertible {
  /// The list in the grammar it is read in: `7.5, 8.0, 8.6+PTX`.
  public var description: String { architectures.map(\.description).joined(separator: ", ") }
}

/// What can be wrong with an architecture list.
public enum ArchitectureListError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Nothing is in the list.
  case empty
  /// An item has no shape that the grammar knows.
  case notAnArchitecture(String)
  /// NVIDIA never made such a capability.
  case doesNotExist(ComputeCapability, nearest: [ComputeCapability])
  /// The capability or family exists, but this toolkit dropped it or doesn't know it yet.
  case unknownToToolkit(String, toolkit: ToolkitVersion, knownTo: String)
  /// The number is fine, the letter behind it isn't.
  case noSuchVariant(ComputeCapability, toolkit: ToolkitVersion)
  /// The same kind of code is asked for twice.
  case duplicate(ComputeCapability, first: String, second: String)
  /// Only PTX would be embedded.
  case onlyPTX

  /// The message: what is wrong and the way out, in one line.
  public var description: String {
    switch self {
    case .empty:
      "the architecture list is empty; name at least one, such as --archs 75,80,86 or --archs all"
    case .notAnArchitecture(let item):
      """
      '\(item)' is not an architecture; write a number such as 86, 8.6, sm_86, 90a, 86-real, 86-virtual or 8.6+PTX, \
      a family (\(ArchitectureCatalog.families.joined(separator: ", "))), all or all-major
      """
    case .doesNotExist(let capability, let nearest):
      "no GPU has compute capability \(capability); the nearest are \(nearest.map(\.description).joined(separator: " and "))"
    case .unknownToToolkit(let name, let toolkit, let knownTo):
      "CUDA \(toolkit) does not compile for \(name); \(knownTo) does; choose another toolkit with --cuda-home or drop it"
    case .noSuchVariant(let capability, let toolkit):
      "CUDA \(toolkit) knows \(capability.base) but not \(capability); leave the letter out or use a newer toolkit"
    case .duplicate(let capability, let first, let second):
      first == second
        ? "\(capability) is listed twice, as '\(first)'; list it once"
        : "\(capability) is listed twice, in '\(first)' and in '\(second)'; list it once"
    case .onlyPTX:
      """
      the list embeds PTX only, so the driver compiles every kernel at the first run, which takes 40 seconds and more; \
      add a real architecture, or accept that with --allow-jit
      """
    }
  }
}
