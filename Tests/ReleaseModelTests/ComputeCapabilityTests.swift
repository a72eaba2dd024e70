import Foundation
import ReleaseModel
import Testing

@Suite struct ComputeCapabilityTests {
  private static func capability(_ label: String) throws -> ComputeCapability {
    try #require(ComputeCapability(parsing: label))
  }

  @Test(arguments: [
    // Same major, same or later minor.
    ("75", "75", true), ("80", "86", true), ("80", "89", true), ("86", "80", false), ("75", "80", false),
    ("86", "90", false), ("100", "103", true), ("100", "120", false), ("120", "121", true),
    ("120", "100", false),
    // Tegra parts keep to themselves.
    ("86", "87", false), ("87", "87", true), ("87", "89", false), ("72", "75", false), ("70", "72", false),
    ("60", "62", false), ("52", "53", false),
    // Letters.
    ("90a", "90", true), ("100a", "100", true), ("100a", "103", false), ("100f", "103", true),
    ("103f", "100", false),
    ("100f", "120", false), ("120a", "121", false),
  ])
  func cubin(of label: String, on device: String, runs: Bool) throws {
    #expect(try Self.capability(label).cubinRuns(on: Self.capability(device)) == runs)
  }

  @Test(arguments: [
    ("50", "121", true), ("86", "87", true), ("86", "86", true), ("90", "89", false), ("90a", "90", true),
    ("90a", "100", false), ("100f", "103", true), ("100f", "110", false), ("100a", "103", false),
  ])
  func ptx(of label: String, on device: String, runs: Bool) throws {
    #expect(try Self.capability(label).ptxRuns(on: Self.capability(device)) == runs)
  }

  @Test func `Capabilities order by number, then letter, and survive JSON`() throws {
    let ordered = try ["75", "89", "90", "90a", "100", "100a", "100f", "103"].map(Self.capability)
    #expect(ordered.shuffled().sorted() == ordered)
    let data = try JSONEncoder().encode(ordered)
    #expect(String(decoding: data, as: UTF8.self).contains("\"100f\""))
    #expect(try JSONDecoder().decode([ComputeCapability].self, from: data) == ordered)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([ComputeCapability].self, from: Data("[\"sm\"]".utf8))
    }
  }

  @Test func `The catalog is ascending, without gaps in its toolkits and with every Tegra part`() {
    let numbers = ArchitectureCatalog.entries.map(\.capability.number)
    #expect(numbers == Set(numbers).sorted())
    for entry in ArchitectureCatalog.entries {
      #expect(entry.firstToolkit > "5.0", "\(entry.capability): a misspelt literal is 0.0")
      #expect(entry.lastToolkit.map { $0 > entry.firstToolkit } ?? true, "\(entry.capability)")
      // No GPU of these two is known by name.
      #expect(entry.devices.isEmpty == [88, 107].contains(entry.capability.number))
    }
    let tegra = ArchitectureCatalog.entries.filter { $0.capability.isTegra }
    #expect(tegra.map(\.capability.number) == [32, 53, 62, 72, 87, 101, 110])
  }

  @Test(arguments: [Toolkits.cuda12, Toolkits.cuda13])
  func `The catalog knows of a toolkit what its nvcc lists`(toolkit: ToolkitCapabilities) {
    let listed = Set(toolkit.real.map(\.number))
    let known = Set(
      ArchitectureCatalog.entries.filter { $0.isKnown(to: toolkit.version) }.map(\.capability.number)
    )
    #expect(listed == known)
  }
}
