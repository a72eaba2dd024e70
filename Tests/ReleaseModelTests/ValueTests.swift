import Foundation
import ReleaseModel
import Testing

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("104857600", Int64(104_857_600)), ("104,857,600", 104_857_600), ("104_857_600", 104_857_600),
    ("100MiB", 104_857_600), ("100 MiB", 104_857_600), ("100mib", 104_857_600), ("100M", 104_857_600),
    ("100MB", 100_000_000), ("1.5GiB", 1_610_612_736), ("2G", 2_147_483_648), ("1GB", 1_000_000_000),
    ("1k", 1024), ("1kB", 1000), ("0.5KiB", 512), ("7b", 7), ("0", 0), (" 5 MiB ", 5_242_880),
    // Exact beyond what a Double holds.
    ("9007199254740993", 9_007_199_254_740_993), ("9223372036854775807", .max),
  ])
  func parsing(text: String, bytes: Int64) {
    #expect(ByteCount(parsing: text)?.bytes == bytes)
  }

  @Test(arguments: [
    "", " ", "MiB", "-1", "+1", "1.5", "1.5b", "1e9", "0x10", "nan", "inf", ".5MiB", "5.MiB", "1.2.3MiB",
    "1 0MiB",
    "1,5GiB", "10,00", "1TiB", "½MiB", "５MiB", "100 MiB each", "9223372036854775808", "8796093022208MiB",
    "9223372036854775807k", "1  MiB",
  ])
  func refusing(text: String) {
    #expect(ByteCount(parsing: text) == nil)
  }

  @Test(arguments: [
    (Int64(0), "0", "0.0 MiB"), (999, "999", "0.0 MiB"), (1000, "1,000", "0.0 MiB"),
    (104_857_600, "104,857,600", "100.0 MiB"), (-1_234_567, "-1,234,567", "-1.2 MiB"),
    (.min, "-9,223,372,036,854,775,808", "-8796093022208.0 MiB"),
  ])
  func printing(bytes: Int64, text: String, mebibytes: String) {
    #expect(ByteCount(bytes).description == text)
    #expect(ByteCount(bytes).mebibytes == mebibytes)
    if bytes >= 0 { #expect(ByteCount(parsing: text)?.bytes == bytes) }
  }

  @Test func `Percentages have one decimal and no limit gives none`() {
    #expect(ByteCount(Int64(102_028_000)).percentage(of: .pypiFileLimit) == "97.3 %")
    #expect(ByteCount(Int64(1)).percentage(of: .zero) == "-")
  }

  @Test func `A count is a bare number in JSON`() throws {
    let data = try JSONEncoder().encode([ByteCount.pypiFileLimit])
    #expect(String(decoding: data, as: UTF8.self) == "[104857600]")
    #expect(try JSONDecoder().decode([ByteCount].self, from: data) == [.pypiFileLimit])
  }
}

@Suite struct DriverFloorTests {
  @Test(arguments: [
    ("12.4.131", KernelCompression.none, false, "525.60.13", 12000),
    ("12.4.131", .none, true, "525.60.13 (PTX: 550.54.14)", 12000),
    ("12.4.131", .lz4, true, "525.60.13 (PTX: 550.54.14)", 12000),
    ("12.4.131", .zstd, false, "550.54.14", 12040), ("12.4.131", .zstd, true, "550.54.14", 12040),
    ("12.0", .none, true, "525.60.13", 12000), ("12.9.86", .zstd, true, "550.54.14 (PTX: 575.51.03)", 12040),
    ("12.2", .zstd, true, "550.54.14", 12040), ("13.0.88", .none, true, "580.65.06", 13000),
    ("13.0.88", .zstd, true, "580.65.06", 13000), ("13.1", .none, true, "580.65.06 (PTX: 590.44.01)", 13000),
    ("12.7", .none, true, "525.60.13 (PTX: 560.28.03 or the one of CUDA 12.7)", 12000),
    ("11.8", .none, false, "450.80.02", 11000),
  ])
  func floor(
    toolkit: ToolkitVersion,
    compression: KernelCompression,
    hasPTX: Bool,
    text: String,
    api: Int
  ) {
    let floor = DriverFloor(toolkit: toolkit, compression: compression, hasPTX: hasPTX)
    #expect(floor.description == text)
    #expect(floor.cubins.apiVersion == api)
    #expect((floor.ptx != nil) == hasPTX)
  }
}

@Suite struct ToolkitVersionTests {
  @Test(arguments: ["12.4", "12.4.131", "13.0", "9.2.148"])
  func roundTrip(text: String) throws {
    let version = try #require(ToolkitVersion(parsing: text))
    #expect(version.description == text)
    #expect(try JSONDecoder().decode(ToolkitVersion.self, from: JSONEncoder().encode(version)) == version)
  }

  @Test(arguments: ["", "12", "12.", "12.4.", "12.4.x", "12.4.1.1", "V12.4", "12,4"])
  func refusing(text: String) {
    #expect(ToolkitVersion(parsing: text) == nil)
  }

  @Test func `A release is compared without its build number, which still orders`() {
    #expect(ToolkitVersion(major: 12, minor: 4, patch: 131) > "12.4")
    #expect(ToolkitVersion(major: 12, minor: 4, patch: 131).release == "12.4")
    #expect(Toolkits.cuda13.hasCompressionModes && !Toolkits.cuda12.hasCompressionModes)
    #expect(ToolkitVersion(major: 12, minor: 4).driverAPIVersion == 12040)
  }
}

@Suite struct ExitStatusTests {
  @Test func `The documented exit codes stay as they are`() {
    let codes = ExitStatus.allCases.map(\.rawValue)
    #expect(codes == [0, 1, 2, 3, 4, 5, 6, 7, 8, 64, 130, 143])
    #expect(Set(ExitStatus.allCases.map(\.meaning)).count == codes.count)
  }
}
