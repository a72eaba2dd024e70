import Foundation
import Packaging
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@Suite("PlatformTag")
struct PlatformTagTests {
  @Test(
    "the oldest tag that has everything",
    arguments: [
      ([:], 17),
      (["libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.17"]], 17),
      (["libc.so.6": ["GLIBC_2.18"]], 24),
      (["libc.so.6": ["GLIBC_2.34"]], 34),
      (["libc.so.6": ["GLIBC_2.36"]], 36),
      (["libc.so.6": ["GLIBC_ABI_DT_RELR"]], 36),
      (["libstdc++.so.6": ["GLIBCXX_3.4.19", "CXXABI_1.3.7"]], 17),
      (["libstdc++.so.6": ["GLIBCXX_3.4.30"]], 35),
      (["libstdc++.so.6": ["CXXABI_1.3.9"]], 24),
      (["libstdc++.so.6": ["CXXABI_1.3", "CXXABI_TM_1"]], 17),
      (["libstdc++.so.6": ["CXXABI_FLOAT128"]], 24),
      (["libgcc_s.so.1": ["GCC_3.0", "GCC_7.0.0"]], 27),
      // Somebody else's symbol versions say nothing about the system.
      (["libcudart.so.12": ["libcudart.so.12", "GLIBC_2.99"]], 17),
      (["libc.so.6": ["GLIBC_2.28"], "libstdc++.so.6": ["GLIBCXX_3.4.26"]], 31),
    ] as [([String: [String]], Int)]
  )
  func table(requirements: [String: [String]], minor: Int) throws {
    #expect(try PlatformTag(for: [requirements, [:]]).description == "manylinux_2_\(minor)_x86_64")
  }

  @Test("the newest need of several binaries decides")
  func several() throws {
    let needs = [
      ["libc.so.6": ["GLIBC_2.34"]], ["libc.so.6": ["GLIBC_2.27"]], ["libstdc++.so.6": ["GLIBCXX_3.4.29"]],
    ]
    #expect(try PlatformTag(for: needs).glibcMinor == 34)
    #expect(try PlatformTag(for: []).glibcMinor == 17)
  }

  @Test(
    "versions that no tag promises are named",
    arguments: [
      ("libc.so.6", "GLIBC_2.99"), ("libc.so.6", "GLIBC_3.0"), ("libstdc++.so.6", "GLIBCXX_3.5.0"),
      ("libc.so.6", "GLIBC_PRIVATE"), ("libc.so.6", "GLIBC_ABI_NEVER_SEEN"),
      ("libm.so.6", "GLIBC_2.99999999999999999999"),
    ]
  )
  func tooNew(library: String, version: String) {
    let error = PackagingError.tooNew(library: library, version: version)
    #expect(throws: error) { try PlatformTag(for: [[library: [version]]]) }
    #expect(error.exitStatus == .verificationFailed)
  }

  @Test("libraries are the system's, ours, somebody's known, or named with who needs them")
  func libraries() throws {
    let needed = [
      "tool": ["libc.so.6", "libours.so", "libcudart.so.12"],
      "lib": ["libcuda.so.1", "ld-linux-x86-64.so.2"],
    ]
    let provided: Set = ["libcudart.so.12", "libcuda.so.1"]
    try PlatformTag.checkLibraries(needed, carried: ["libours.so"], provided: provided)
    #expect(throws: PackagingError.foreignLibrary("libours.so", neededBy: ["tool"])) {
      try PlatformTag.checkLibraries(needed, carried: [], provided: provided)
    }
    for foreign in ["libgomp.so.1", "libssl.so.3", "libcurl.so.4", "libcudart.so.11.0"] {
      #expect(throws: PackagingError.foreignLibrary(foreign, neededBy: ["a", "b"])) {
        try PlatformTag.checkLibraries(["b": [foreign], "a": [foreign]], carried: [], provided: provided)
      }
    }
  }

  /// A policy in auditwheel's own table.
  private struct Policy: Decodable {
    let name: String
    let symbols: [String: [String: [String]]]
    let libraries: [String]

    enum CodingKeys: String, CodingKey {
      case name
      case symbols = "symbol_versions"
      case libraries = "lib_whitelist"
    }

    var minor: Int? { name.hasPrefix("manylinux_2_") ? Int(name.dropFirst("manylinux_2_".count)) : nil }
    /// `GLIBC_2.17` and so on, of x86_64.
    var versions: Set<String> {
      Set((symbols["x86_64"] ?? [:]).flatMap { name, versions in versions.map { "\(name)_\($0)" } })
    }
  }

  @Test(
    "every symbol version that auditwheel knows gets auditwheel's tag",
    .enabled(if: PythonTools.has("python", "auditwheel"), PythonTools.absence)
  )
  func agreement() async throws {
    let program =
      "import auditwheel.policy as p, pathlib; print(pathlib.Path(p.__file__).parent / 'manylinux-policy.json')"
    let path = try await PythonTools.run("python", ["-c", program]).trimmingCharacters(in: .newlines)
    let table = try JSONDecoder().decode([Policy].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    let policies = table.filter { ($0.minor ?? 0) >= 17 }.sorted { ($0.minor ?? 0) < ($1.minor ?? 0) }
    try #require(policies.count > 10)
    let libraries = [
      "GLIBC": "libc.so.6", "GLIBCXX": "libstdc++.so.6", "CXXABI": "libstdc++.so.6", "GCC": "libgcc_s.so.1",
    ]
    var checked = 0
    for version in Set(policies.flatMap(\.versions)).sorted() {
      guard let library = libraries[String(version.prefix { $0 != "_" })] else { continue }
      let expected = try #require(policies.first { $0.versions.contains(version) }?.minor)
      #expect((try? PlatformTag(for: [[library: [version]]]))?.glibcMinor == expected, "\(version)")
      checked += 1
    }
    #expect(checked > 60)
    // The loader is exempt there; libmvec is new in 2.22, which the versions of its symbols say too.
    let common = policies.map { Set($0.libraries) }.reduce(Set(policies[0].libraries)) { $0.intersection($1) }
    #expect(PlatformTag.systemLibraries.subtracting(common) == ["ld-linux-x86-64.so.2", "libmvec.so.1"])
  }

  @Test(
    "real programs of this machine get a tag",
    .enabled(if: CUDAToolkitForTests.onPath("readelf") != nil, "needs readelf")
  )
  func realPrograms() async throws {
    let readelf = try #require(CUDAToolkitForTests.onPath("readelf"))
    let said = try await runTool(readelf, ["-V", "-W", "/bin/ls"]).stdout
    let versions = said.matches(of: #/Name: (GLIBC_[0-9.]+)/#).map { String($0.output.1) }
    try #require(!versions.isEmpty)
    #expect(try PlatformTag(for: [["libc.so.6": versions]]).glibcMinor >= 17)
  }
}
