public import SourceText

/// A translation unit and the files of the project that are read with it.
public struct UnitFiles: Hashable, Sendable {
  /// The language of a unit.
  public enum Language: Sendable {
    case cxx, cuda
  }

  /// The unit's path.
  public let path: String
  /// Its files, by path: each behind those that it includes, the unit itself at the end.
  let order: [String]
  let files: [String: SourceFile]
  /// Who includes a file.
  private let includers: [String: Set<String>]
  /// What else it includes, C++'s own headers left out: they declare the same in whichever order.
  let foreign: Set<String>

  /// The unit's file name.
  public var unit: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Follows a unit's includes.
  ///
  /// - Parameters:
  ///   - path: the unit.
  ///   - language: what it is written in.
  ///   - file: what lies at a path; `nil` for nothing.
  ///   - resolve: the path of what a file, the second value, includes in quotes; `nil` if it is none of the project.
  public init(
    _ path: String,
    language: Language,
    file: (String) -> SourceFile?,
    resolve: (String, String) -> String?
  ) {
    var order: [String] = []
    var files: [String: SourceFile] = [:]
    var includers: [String: Set<String>] = [:]
    var foreign: Set<String> = []
    func follow(_ path: String) {
      guard files[path] == nil, let text = file(path) else { return }
      files[path] = text
      for include in text.includes {
        if include.isQuoted, let found = resolve(include.file, path) {
          includers[found, default: []].insert(path)
          follow(found)
        } else if !Self.isStandard(include.file, language) {
          foreign.insert(include.file)
        }
      }
      order.append(path)
    }
    follow(path)
    self.path = path
    (self.order, self.files, self.includers, self.foreign) = (order, files, includers, foreign)
  }

  /// Headers of C++'s library, which have no ending, and those that it takes over from C.
  ///
  /// Not those that add overloads to C's functions, such as `abs`: a call would mean another one. Of these, nvcc reads
  /// <cmath> and <cstdlib> in front of every unit.
  private static func isStandard(_ header: String, _ language: Language) -> Bool {
    if ["cmath", "cstdlib", "math.h", "stdlib.h"].contains(header) { return language == .cuda }
    if ["complex", "valarray"].contains(header) { return false }
    let fromC: Set<String> = [
      "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "stdbool.h", "stddef.h",
      "stdint.h", "stdio.h", "string.h", "time.h",
    ]
    return !header.contains("/") && (!header.contains(".") || fromC.contains(header))
  }

  /// Whether this unit and another mean the same behind one another, in either order, as each alone.
  ///
  /// They do when nothing that only one of them reads declares a name that the other one mentions anywhere, or does what no
  /// name shows, no header sees names that it would not see otherwise, and
  /// headers that both read say nothing the second time.
  ///
  /// - Returns: what speaks against it; `nil` if nothing does.
  public func conflict(with other: UnitFiles) -> String? {
    if foreign != other.foreign {
      return
        "only one includes \(foreign.symmetricDifference(other.foreign).sorted().joined(separator: ", "))"
    }
    return repetition(with: other) ?? intrusion(into: other) ?? other.intrusion(into: self)
      ?? disorder(with: other)
  }

  private func file(_ path: String) -> SourceFile { files[path] ?? SourceFile("") }

  /// What of this unit's own would be seen by another one.
  private func intrusion(into other: UnitFiles) -> String? {
    let shared = order.filter { other.files[$0] != nil }.map(file)
    for path in order where other.files[path] == nil {
      let own = file(path)
      if let reach = own.reach { return "\(path) has \(reach)" }
      if let name = own.declared.first(where: { name in order.contains { file($0).macros.contains(name) } }) {
        return "\(path) declares what the macro \(name) stands for"
      }
      for read in other.order {
        // A function that a header declares for both is the same function, whether its body is seen or not.
        let mentioned = other.file(read).mentioned
        if let name = own.names.first(where: { mentioned.contains($0) && !own.repeats($0, of: shared) }) {
          return "\(path) declares \(name), which \(read) mentions"
        }
      }
      // Alone, this file doesn't see the shared headers that are included behind it.
      for later in order.drop(while: { $0 != path }) where other.files[later] != nil {
        if let name = own.mentioned.first(where: file(later).names.contains) {
          return "\(path) mentions \(name), which \(later) declares behind it"
        }
      }
    }
    return nil
  }

  /// A header that would be read twice, and says something each time.
  private func repetition(with other: UnitFiles) -> String? {
    let shared = order.filter { other.files[$0] != nil }
    let repeated = shared.first { header in
      // What only headers of both include is read with them, once.
      let who = includers[header, default: []].union(other.includers[header, default: []])
      return !file(header).isReadOnce && !who.isSubset(of: shared)
    }
    return repeated.map { "\($0) says something each time that it is read" }
  }

  /// A header that both read, in another order.
  private func disorder(with other: UnitFiles) -> String? {
    let mine = order.filter { other.files[$0] != nil }
    let theirs = other.order.filter { files[$0] != nil }
    guard mine != theirs else { return nil }
    let rank = Dictionary(uniqueKeysWithValues: theirs.enumerated().map { ($1, $0) })
    for (index, first) in mine.enumerated() {
      for second in mine[(index + 1)...] where rank[first, default: 0] > rank[second, default: 0] {
        let (one, two) = (file(first), file(second))
        if !one.names.isDisjoint(with: two.mentioned) || !two.names.isDisjoint(with: one.mentioned) {
          return "\(first) and \(second) are read in another order"
        }
      }
    }
    return nil
  }
}
