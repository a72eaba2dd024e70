/// Translation units of ggml-cuda that are compiled as one.
///
/// More than half of ggml-cuda's units only instantiate templates of one header, a few each. Reading that header costs
/// every one of them as much as a small unit takes altogether: once for the host, once more for each architecture. Units
/// that instantiate templates of the same header mean the same side by side, so they are compiled side by side; the
/// kernels are the same (`ci/oracle/merged-units` compares their machine code).
///
/// What is merged follows from the source and the measured costs alone, never from the machine: shards agree on it.
public struct MergedUnits: Hashable, Sendable {
  /// Units that are compiled as one.
  public struct Unit: Hashable, Sendable {
    /// The file in their place: `mmq-instances-1.cu`.
    public let name: String
    /// Their file names, sorted.
    public let members: [String]
    /// What it takes, in the unit of the members' costs.
    public let seconds: Double
  }

  /// The units, by name.
  public let units: [Unit]

  /// Merges units as long as none takes longer than the longest that there is anyway: on many cores, that one decides.
  ///
  /// Units that nobody measured stay alone.
  ///
  /// - Parameters:
  ///   - instances: the units that only instantiate templates.
  ///   - costs: what all units take.
  public init(_ instances: [TemplateInstances], costs: UnitCosts) {
    let measured = Dictionary(grouping: instances.filter { costs.isMeasured($0.unit) }, by: \.header)
    var units: [Unit] = []
    var counts: [Substring: Int] = [:]
    for (header, family) in measured.sorted(by: { $0.key < $1.key }) {
      let stem = header.split(separator: "/").last.map { $0.prefix { $0 != "." } } ?? "unit"
      for (members, seconds) in Self.firstFit(family, costs: costs) where members.count > 1 {
        counts[stem, default: 0] += 1
        units.append(
          Unit(
            name: "\(stem)-instances-\(counts[stem, default: 0]).cu",
            members: members.map(\.unit).sorted(),
            seconds: seconds
          )
        )
      }
    }
    self.units = units.sorted { $0.name < $1.name }
  }

  /// Distributes the instances of one header: the longest first, each to the first unit that has room for it.
  private static func firstFit(_ family: [TemplateInstances], costs: UnitCosts) -> [(
    members: [TemplateInstances], seconds: Double
  )] {
    let byName = Dictionary(grouping: family, by: \.unit)
    var bins: [(members: [TemplateInstances], seconds: Double)] = []
    for (name, seconds) in costs.longestFirst(Array(byName.keys)) {
      guard let instance = byName[name]?.first else { continue }
      // A header is read once, however many share it.
      let more = max(0, seconds - costs.least)
      let room = bins.firstIndex { bin in
        bin.seconds + more <= costs.longest
          && bin.members.allSatisfy { $0.instantiations.isDisjoint(with: instance.instantiations) }
      }
      if let room {
        bins[room].members.append(instance)
        bins[room].seconds += more
      } else {
        bins.append(([instance], seconds))
      }
    }
    return bins
  }

  /// All units with their costs as CMake is told, in the form of `cmake/long-units.txt`: the longest first, in each line a
  /// file name, seconds, and the members if it has any.
  ///
  /// - Parameter costs: what units take where these are merged.
  public func list(with costs: UnitCosts) -> String {
    let members = Dictionary(uniqueKeysWithValues: units.map { ($0.name, $0.members) })
    return costs.longestFirst(costs.units).map { name, seconds in
      ([name, "\((seconds * 10).rounded() / 10)"] + (members[name] ?? [])).joined(separator: " ") + "\n"
    }.joined()
  }
}

/// A translation unit that does nothing but instantiate templates of one header.
public struct TemplateInstances: Hashable, Sendable {
  /// Its file name.
  public let unit: String
  /// The header, as it is included.
  public let header: String
  /// Its macro calls, blanks left out.
  public let instantiations: Set<String>

  /// Reads a unit's text; `nil` if there is anything but comments, one include and calls of macros in capitals.
  public init?(unit: String, text: String) {
    var header: String?
    var calls: [String] = []
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.filter { !$0.isWhitespace }
      if line.isEmpty || line.hasPrefix("//") { continue }
      if let include = line.wholeMatch(of: #/#include"([A-Za-z0-9_.\/-]+)"/#) {
        guard header == nil, calls.isEmpty else { return nil }
        header = String(include.1)
      } else if line.wholeMatch(of: #/[A-Z][A-Z0-9_]*\([A-Za-z0-9_,]*\);?/#) != nil {
        calls.append(line.hasSuffix(";") ? String(line.dropLast()) : line)
      } else {
        return nil
      }
    }
    guard let header, !calls.isEmpty, Set(calls).count == calls.count else { return nil }
    self.unit = unit
    self.header = header
    instantiations = Set(calls)
  }
}
