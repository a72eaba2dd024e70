/// The platform tag of a wheel, computed from the symbol versions that its binaries need.
///
/// A tag `manylinux_2_35_x86_64` promises that the wheel works where glibc is 2.35 or newer and, by convention, where
/// the system's libstdc++ is as new as that of distributions of that age. Source: auditwheel 6.8's manylinux policies
/// for x86_64, of which the rows below are the highest versions each policy allows.
public struct PlatformTag: Hashable, Sendable, CustomStringConvertible {
  /// glibc's minor version.
  public let glibcMinor: Int
  /// The tag as it stands in a file name.
  public var description: String { "manylinux_2_\(glibcMinor)_x86_64" }

  private struct Policy {
    let minor: Int
    let versions: [String: [Int]]

    init(_ minor: Int, glibc: Int, glibcxx: [Int], cxxabi: [Int], gcc: [Int]) {
      self.minor = minor
      versions = ["GLIBC": [2, glibc], "GLIBCXX": glibcxx, "CXXABI": cxxabi, "GCC": gcc]
    }
  }

  private static let policies: [Policy] = [
    Policy(17, glibc: 17, glibcxx: [3, 4, 19], cxxabi: [1, 3, 7], gcc: [4, 8, 0]),
    Policy(24, glibc: 24, glibcxx: [3, 4, 22], cxxabi: [1, 3, 10], gcc: [4, 8, 0]),
    Policy(26, glibc: 26, glibcxx: [3, 4, 22], cxxabi: [1, 3, 10], gcc: [4, 8, 0]),
    Policy(27, glibc: 27, glibcxx: [3, 4, 24], cxxabi: [1, 3, 11], gcc: [7, 0, 0]),
    Policy(28, glibc: 28, glibcxx: [3, 4, 24], cxxabi: [1, 3, 11], gcc: [7, 0, 0]),
    Policy(31, glibc: 31, glibcxx: [3, 4, 28], cxxabi: [1, 3, 12], gcc: [7, 0, 0]),
    Policy(34, glibc: 34, glibcxx: [3, 4, 29], cxxabi: [1, 3, 13], gcc: [7, 0, 0]),
    Policy(35, glibc: 35, glibcxx: [3, 4, 30], cxxabi: [1, 3, 13], gcc: [12, 0, 0]),
    Policy(36, glibc: 36, glibcxx: [3, 4, 30], cxxabi: [1, 3, 13], gcc: [12, 0, 0]),
    Policy(38, glibc: 38, glibcxx: [3, 4, 30], cxxabi: [1, 3, 13], gcc: [12, 0, 0]),
    Policy(39, glibc: 39, glibcxx: [3, 4, 33], cxxabi: [1, 3, 15], gcc: [14, 0, 0]),
    Policy(40, glibc: 40, glibcxx: [3, 4, 33], cxxabi: [1, 3, 15], gcc: [14, 0, 0]),
    Policy(41, glibc: 41, glibcxx: [3, 4, 33], cxxabi: [1, 3, 15], gcc: [14, 0, 0]),
  ]

  /// Libraries that every manylinux system has (the policies' white list, without its graphics libraries).
  public static let systemLibraries: Set<String> = [
    "libatomic.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libm.so.6", "libmvec.so.1", "libanl.so.1",
    "libdl.so.2",
    "librt.so.1", "libc.so.6", "libnsl.so.1", "libutil.so.1", "libpthread.so.0", "libresolv.so.2",
    "libz.so.1",
    "ld-linux-x86-64.so.2",
  ]

  /// Finds the oldest tag whose systems have everything.
  ///
  /// - Parameter requirements: for each binary, the symbol versions it needs by library, such as
  ///   `["libc.so.6": ["GLIBC_2.34"]]`.
  /// - Throws: ``PackagingError/tooNew(library:version:)``.
  public init(for requirements: [[String: [String]]]) throws(PackagingError) {
    var fitting = Self.policies[...]
    for (library, versions) in requirements.flatMap({ $0.sorted { $0.key < $1.key } })
    where Self.systemLibraries.contains(library) {
      for version in versions {
        guard let (name, numbers) = Self.parse(version) else {
          // GLIBC_PRIVATE and the GLIBC_ABI_... of the newest releases: promised by none.
          guard !version.hasPrefix("GLIBC_") else { throw .tooNew(library: library, version: version) }
          continue
        }
        fitting = fitting.drop { policy in
          guard let most = policy.versions[name] else { return false }
          return most.lexicographicallyPrecedes(numbers)
        }
        guard !fitting.isEmpty else { throw .tooNew(library: library, version: version) }
      }
    }
    glibcMinor = fitting.first?.minor ?? 17
  }

  /// `GLIBCXX_3.4.30` as a name and numbers; nil for versions without numbers (`libcudart.so.12`).
  private static func parse(_ version: String) -> (String, [Int])? {
    // A library linked with packed relative relocations needs glibc 2.36, whatever its symbols say.
    if version == "GLIBC_ABI_DT_RELR" { return ("GLIBC", [2, 36]) }
    // Came with GCC 4.9's libstdc++, so first promised by the policy of 2.24.
    if version == "CXXABI_FLOAT128" { return ("CXXABI", [1, 3, 8]) }
    guard let split = version.lastIndex(of: "_") else { return nil }
    let parts = version[version.index(after: split)...].split(separator: ".").map { Int($0) }
    guard !parts.isEmpty, !parts.contains(nil) else { return nil }
    return (String(version[..<split]), parts.compactMap(\.self))
  }

  /// Checks that every library a set of binaries needs is among them, on every system, or provided by somebody known.
  ///
  /// - Parameters:
  ///   - needed: for each binary's name, the libraries it needs.
  ///   - carried: names of the libraries that ship with them.
  ///   - provided: libraries that required wheels or the driver bring.
  /// - Throws: ``PackagingError/foreignLibrary(_:neededBy:)``.
  public static func checkLibraries(
    _ needed: [String: [String]],
    carried: Set<String>,
    provided: Set<String>
  ) throws(PackagingError) {
    let known = systemLibraries.union(carried).union(provided)
    for library in Set(needed.values.joined()).sorted() where !known.contains(library) {
      throw .foreignLibrary(library, neededBy: needed.filter { $0.value.contains(library) }.keys.sorted())
    }
  }
}
