import Inventory
import ReleaseModel
import SystemPackage
import Testing

@testable import Configuration

/// The table `[budget]`.
@Suite struct BudgetTests {
  private func parse(_ text: String) throws -> SizeBudget? {
    try ConfigurationFile.parse(text, path: "/project/llcuda-build.toml")?.budget
  }

  @Test func `Every key is read`() throws {
    let budget = try parse(
      """
      [budget]
      max-growth = "2%"
      max-architecture-growth = 4096
      max-size = "100MiB"
      artifacts = { llcuda_core = "20MiB", "x.tar.gz" = 1000 }
      """
    )
    let expected = SizeBudget(
      growth: .hundredths(200),
      architectureGrowth: .bytes(ByteCount(4096)),
      maximum: .pypiFileLimit,
      artifacts: ["llcuda_core": ByteCount(20 << 20), "x.tar.gz": ByteCount(1000)]
    )
    #expect(budget == expected)
    #expect(try parse("archs = \"75\"") == SizeBudget())
  }

  @Test(
    arguments: [
      ("max-grwth = \"2%\"", "did you mean 'budget.max-growth'?"),
      ("limit = 3", "did you mean 'budget.max-size'?"),
      ("max-growth = \"2\\u0025 more\"", "write a growth such as"),
      ("max-growth = -1", "write a growth such as"),
      ("max-growth = true", "must be a growth such as"), ("max-size = 0", "a size is a positive number"),
      ("max-size = \"big\"", "write a size such as"), ("artifacts = 3", "must be a table of sizes"),
      ("artifacts = { a = false }", "must be a size such as"),
    ]
  )
  func `What is wrong is named with its line and the way out`(_ line: String, _ message: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try parse("[budget]\n\(line)\n") }
    let text = try #require(error).description
    #expect(text.contains(message), "\(text)")
    #expect(text.contains("'/project/llcuda-build.toml', line 2"), "\(text)")
    #expect(try #require(error).exitStatus == .usage)
  }
}
