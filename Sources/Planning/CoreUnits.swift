/// C++ units of the core that are compiled as one.
///
/// llama.cpp has dozens of small files for kinds of models, each of which takes a second to read its headers and a tenth of
/// one for what is in it. For those of libllama its own CMake makes units of sixteen (`UNITY_BUILD`), for those of libmtmd
/// it doesn't.
public struct CoreUnits: Hashable, Sendable {
  /// Paths of the files of each unit, from llama.cpp's folder.
  public let groups: [[String]]

  /// As many as llama.cpp's own CMake takes together.
  private static let most = 16

  /// Puts units together that mean the same side by side (``UnitFiles/conflict(with:)``): each into the first group that has
  /// room.
  public init(_ units: [UnitFiles]) {
    var groups: [[UnitFiles]] = []
    for unit in units.sorted(by: { $0.path < $1.path }) {
      let room = groups.firstIndex { group in
        group.count < Self.most && group.allSatisfy { $0.conflict(with: unit) == nil }
      }
      if let room { groups[room].append(unit) } else { groups.append([unit]) }
    }
    self.groups = groups.filter { $0.count > 1 }.map { $0.map(\.path) }
  }

  /// The groups as CMake is told: a line for each, its files' paths.
  public var list: String { groups.map { $0.joined(separator: " ") + "\n" }.joined() }
}
