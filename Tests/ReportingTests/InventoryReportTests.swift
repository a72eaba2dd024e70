import Foundation
import Inventory
import ReleaseModel
import Reporting
import Testing

/// Inventories and comparisons in every format.
@Suite struct InventoryReportTests {
  @Test func `The sample's sums come out`() { #expect(Inventory.sample.discrepancies == []) }

  @Test func `Table`() throws {
    try expectSnapshot(render(Inventory.sample, as: .table), named: "inventory.txt")
  }

  @Test func `Markdown`() throws {
    try expectSnapshot(render(Inventory.sample, as: .markdown), named: "inventory.md")
  }

  private var comparison: Comparison {
    var new = Inventory.sample
    new.artifacts[0].bytes = ByteCount(112_000_000)
    new.artifacts[0].kernels[0].cells[0].weight = Weight(bytes: 160_000_000, archivedBytes: 62_000_000)
    new.artifacts[0].families[0].cells[0].weight = Weight(bytes: 160_000_000, archivedBytes: 62_000_000)
    return Comparison(old: .sample, new: new, budget: SizeBudget(growth: .hundredths(100)))
  }

  @Test func `A comparison names the kernels that grew and the budget that is broken`() throws {
    #expect(comparison.isOverBudget)
    try expectSnapshot(render(comparison, as: .table), named: "comparison.txt")
    try expectSnapshot(render(comparison, as: .markdown), named: "comparison.md")
  }

  @Test func `A page loads nothing, and names can't break out of it`() throws {
    for page in [try render(Inventory.sample, as: .html), try render(comparison, as: .html)] {
      #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
      #expect(!page.contains("<script>alert") && !page.contains("lib<1>"))
      #expect(page.firstMatch(of: #/(?:src|href)="(?!#)/#) == nil)
      #expect(page.firstMatch(of: #/https?:|@import|url\(/#) == nil)
      #expect(page.contains("prefers-color-scheme:dark"))
      // As many ends as begins: what was meant as text didn't become an element.
      #expect(page.matches(of: #/<script/#).count == page.matches(of: #/<\/script>/#).count)
    }
    let page = try render(Inventory.sample, as: .html)
    #expect(page.contains("&lt;script&gt;alert(1)"))
    #expect(page.contains("<noscript>"))
  }

  @Test func `The map adds up, from the file to the kernel`() throws {
    struct Node: Decodable {
      let n: String
      let v: Int64
      let c: [Node]?
      var wrong: [String] {
        ((c?.reduce(0) { $0 + $1.v }).map { $0 != v } == true ? [n] : []) + (c ?? []).flatMap(\.wrong)
      }
    }
    let page = try render(Inventory.sample, as: .html)
    let trees = try page.matches(of: #/<script type="application\/json">(.*)<\/script>/#).map {
      try JSONDecoder().decode(Node.self, from: Data($0.1.utf8))
    }
    #expect(trees.map(\.v) == Inventory.sample.artifacts.map(\.bytes.bytes))
    #expect(trees.flatMap(\.wrong) == [])
    let library = trees[0].c?.first
    #expect(library?.n == "lib<1>.so")
    let unit = library?.c?.first { $0.n == "cubin 7.5" }?.c?.first
    #expect(unit?.n == "mmq.cu")
    #expect(unit?.c?.first?.n == "mul_mat_q<(ggml_type)2, 64>(char const*)")
  }

  @Test func `A report that is too long for a job's summary is cut with a note`() throws {
    var inventory = Inventory.sample
    let long = String(repeating: "word ", count: 50)
    inventory.artifacts[0].findings += (0..<5000).map { Finding("x", .note, "\($0) \(long)") }
    let text = try render(inventory, as: .markdown)
    #expect(text.utf8.count <= 900 * 1024)
    #expect(text.contains("longer than a job summary may be"))
  }

  private func validate(_ json: String, _ name: String) throws -> SchemaValidator {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../dist/schema/\(name).schema.json").standardized
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
    )
    var validator = SchemaValidator(root: schema)
    validator.check(try JSONSerialization.jsonObject(with: Data(json.utf8)), schema, at: "$")
    return validator
  }

  @Test func `JSON fits the published schemas, which have nothing that is never written`() throws {
    let inventory = try validate(render(Inventory.sample, as: .json), "inventory")
    #expect(inventory.problems == [])
    #expect(inventory.expected.subtracting(inventory.seen) == [])
    let change = try validate(render(comparison, as: .json), "comparison")
    #expect(change.problems == [])
    #expect(change.expected.subtracting(change.seen) == [])
  }

  @Test func `JSON reads back as what was written`() throws {
    let text = try render(Inventory.sample, as: .json)
    #expect(try JSONDecoder().decode(Inventory.self, from: Data(text.utf8)) == .sample)
  }

  @Test func `The schema refuses what is wrong`() throws {
    let text = try render(Inventory.sample, as: .json)
    let wrong = text.replacing("\"kind\" : \"wheel\"", with: "\"kind\" : \"egg\"").replacing(
      "\"bytes\" : 400,",
      with: "\"bytes\" : \"400\","
    )
    #expect(try validate(wrong, "inventory").problems.count == 2)
  }
}
