/// Translation units of ggml-cuda that are compiled as one.
///
/// Reading headers costs a unit as much as a small one takes altogether: on the host twice, once more for each
/// architecture. Two kinds of units mean the same side by side as each alone, so they are compiled side by side:
///
/// - those that only instantiate templates of one header, more than half of all;
/// - small ones with code of their own, where nothing that one declares is mentioned in another
///   (``UnitFiles/conflict(with:)``).
///
/// The kernels are the same (`ci/oracle/merged-units` compares their machine code). What is merged follows from the source
/// and the measured costs alone, never from the machine: shards agree on it.
public struct MergedUnits: Hashable, Sendable {
  /// Units that are compiled as one.
  public struct Unit: Hashable, Sendable {
    /// The file that is compiled: one in their place, `mmq-instances-1.cu`, or the last of them, which the others are included
    /// in front of.
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
  ///   - operators: the others.
  ///   - costs: what all units take.
  public init(_ instances: [TemplateInstances], operators: [UnitFiles] = [], costs: UnitCosts) {
    let measured = Dictionary(grouping: instances.filter { costs.isMeasured($0.unit) }, by: \.header)
    let small = operators.filter {
      costs.isMeasured($0.unit) && costs.seconds(of: $0.unit) <= Self.small * costs.least
    }
    var bins: [(stem: String?, members: [String], seconds: Double)] = []
    for (header, family) in measured.sorted(by: { $0.key < $1.key }) {
      let stem = header.split(separator: "/").last.map { $0.prefix { $0 != "." } } ?? "unit"
      bins += Self.firstFit(family, name: \.unit, costs: costs) {
        $0.instantiations.isDisjoint(with: $1.instantiations)
      }
      .map { ("\(stem)-instances", $0.members, $0.seconds) }
    }
    bins += Self.firstFit(small, name: \.unit, costs: costs) { $0.conflict(with: $1) == nil }
      .map { (nil, $0.members, $0.seconds) }

    var counts: [String: Int] = [:]
    var units: [Unit] = []
    for bin in bins where bin.members.count > 1 {
      let members = bin.members.sorted()
      var name = members[members.count - 1]
      if let stem = bin.stem {
        counts[stem, default: 0] += 1
        name = "\(stem)-\(counts[stem, default: 0]).cu"
      }
      units.append(Unit(name: name, members: members, seconds: bin.seconds))
    }
    self.units = units.sorted { $0.name < $1.name }
  }

  /// A unit is small when it takes at most this many times what the shortest one takes.
  ///
  /// Of longer ones, headers are a small part, and each is worth a cache entry of its own.
  private static let small = 4.0

  /// Distributes units: the longest first, each to the first bin that has room for it and where it fits all others.
  private static func firstFit<Member>(
    _ members: [Member],
    name: (Member) -> String,
    costs: UnitCosts,
    fits: (Member, Member) -> Bool
  ) -> [(members: [String], seconds: Double)] {
    let byName = Dictionary(grouping: members, by: name)
    var bins: [(members: [Member], seconds: Double)] = []
    for (unit, seconds) in costs.longestFirst(Array(byName.keys)) {
      guard let member = byName[unit]?.first else { continue }
      // Headers are read once, however many share them.
      let more = max(0, seconds - costs.least)
      let room = bins.firstIndex { bin in
        bin.seconds + more <= costs.longest && bin.members.allSatisfy { fits($0, member) }
      }
      if let room {
        bins[room].members.append(member)
        bins[room].seconds += more
      } else {
        bins.append(([member], seconds))
      }
    }
    return bins.map { ($0.members.map(name), $0.seconds) }
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
