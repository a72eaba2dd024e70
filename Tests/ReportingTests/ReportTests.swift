import Foundation
import ReleaseModel
import Testing

@testable import Reporting

@Suite struct ReportTests {
  @Test(arguments: [(ReportFormat.table, "report.txt"), (.json, "report.json"), (.markdown, "report.md")])
  func goldenReport(format: ReportFormat, file: String) throws {
    try expectSnapshot(render(.sample, as: format), named: file)
  }

  @Test func `A release that fits and asked for nothing special has no empty sections`() throws {
    var manifest = ReleaseManifest.sample
    manifest.artifacts.removeAll { $0.bytes > manifest.cap }
    manifest.upx = nil
    manifest.diagnostics = []
    manifest.coverage = []
    manifest.slices = []
    try expectSnapshot(render(manifest, as: .table), named: "small.txt")
    let markdown = try render(manifest, as: .markdown)
    #expect(!markdown.contains("UPX") && !markdown.contains("Over the cap") && !markdown.contains("GPUs"))
  }

  @Test func `JSON decodes to the same manifest and ends in one newline`() throws {
    let text = try render(.sample, as: .json)
    #expect(try JSONDecoder().decode(ReleaseManifest.self, from: Data(text.utf8)) == .sample)
    #expect(text.hasSuffix("}\n") && !text.contains("\\/"))
  }

  @Test func `A wheel one byte over the cap never reads as exactly 100 %`() throws {
    let text = try render(.sample, as: .table)
    #expect(text.contains("100.1 %") && text.contains("by 1 byte\n"))
    var manifest = ReleaseManifest.sample
    manifest.artifacts[2].bytes = manifest.cap
    #expect(try render(manifest, as: .table).contains("100.0 %"))
    manifest.artifacts[2].bytes = ByteCount(manifest.cap.bytes - 1)
    let below = try render(manifest, as: .table)
    #expect(below.contains("99.9 %") && !below.contains("over the cap"))
  }

  @Test(arguments: [ReportFormat.table, .markdown])
  func `Lines hold no trailing blanks and the text ends in one newline`(format: ReportFormat) throws {
    let text = try render(.sample, as: format)
    #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n\n"))
    for line in text.split(separator: "\n") { #expect(!line.hasSuffix(" "), "\(line)") }
  }

  @Test func `A release of every architecture stays within 110 columns`() throws {
    var manifest = ReleaseManifest.sample
    let all = [50, 52, 60, 61, 70, 75, 80, 86, 89, 90].map {
      Architecture(ComputeCapability(number: $0), real: true, virtual: $0 == 90)
    }
    manifest.inputs.architectures = all
    for index in manifest.artifacts.indices { manifest.artifacts[index].architectures = all }
    for line in try render(manifest, as: .table).split(separator: "\n") {
      #expect(line.count <= 110, "\(line)")
    }
  }

  @Test func `A file's name can't send commands to the terminal or break out of a Markdown table`() throws {
    var manifest = ReleaseManifest.sample
    manifest.artifacts[2].file = "a\u{1B}[2J|b`c\nd.whl"
    manifest.coverage[0].devices = "a|b <script> *c*"
    let table = try render(manifest, as: .table)
    #expect(!table.contains("\u{1B}") && table.contains("a\u{FFFD}[2J|b`c d.whl"))
    let markdown = try render(manifest, as: .markdown)
    #expect(markdown.contains("`a\u{FFFD}[2J\\|b'c d.whl`"))
    #expect(markdown.contains("a\\|b &lt;script&gt; \\*c\\*"))
  }

  @Test func `A manifest from elsewhere with impossible sizes is rendered all the same`() throws {
    var manifest = ReleaseManifest.sample
    manifest.cap = ByteCount(Int64.min)
    for index in manifest.artifacts.indices { manifest.artifacts[index].bytes = ByteCount(Int64.max) }
    #expect(try render(manifest, as: .table).contains("9,223,372,036,854,775,807"))
    #expect(try !render(manifest, as: .markdown).contains("all files"))
  }
}

@Suite struct MarkdownTests {
  @Test func `A report too long for a job summary is cut at a line with its section closed and a note`() {
    var manifest = ReleaseManifest.sample
    let entry = manifest.coverage[0]
    manifest.coverage = Array(repeating: entry, count: 40_000)
    let text = Markdown.document(MarkdownReport(manifest).lines)
    #expect(text.utf8.count <= 900 * 1024)
    #expect(text.utf8.count > 890 * 1024)
    #expect(text.ranges(of: "<details>").count == text.ranges(of: "</details>").count)
    #expect(text.hasSuffix("its rest is in `manifest.json`.\n"))
    #expect(text.contains("Over the cap"))
  }

  @Test(arguments: 150...400)
  func `The limit holds at every length`(limit: Int) {
    let lines =
      ["start", "<details><summary>x</summary>", ""] + (0..<40).map { "line \($0)" } + ["</details>"]
    let text = Markdown.document(lines, limit: limit)
    #expect(text.utf8.count <= limit)
    #expect(text.contains("<details>") == text.contains("</details>"))
  }
}

@Suite struct TableTests {
  @Test func `Numbers line up on the right, the last column isn't padded`() {
    var table = Table([.text("name"), .number("bytes"), .text("note")])
    table.append(["a", "1,000", "long note"])
    table.append(["longer", "5"])
    #expect(table.lines() == ["NAME    BYTES  NOTE", "a       1,000  long note", "longer      5"])
    #expect(table.lines(indent: 2).first == "  NAME    BYTES  NOTE")
  }

  @Test func `Wide cells wrap at blanks and only there`() {
    var table = Table([.text("file"), .text("architectures")])
    table.append(["a-file-name-without-blanks", "7.5, 8.0, 8.6+PTX"])
    #expect(
      table.lines(width: 40) == [
        "FILE                        ARCHITECTURES",
        "a-file-name-without-blanks  7.5, 8.0,",
        "                            8.6+PTX",
      ]
    )
    #expect(table.lines(width: 60).count == 2)
  }

  @Test func `Cells beyond the columns are left out, missing ones are empty`() {
    var table = Table([.text("a"), .text("b")])
    table.append(["1", "2", "3"])
    table.append([])
    #expect(table.lines() == ["A  B", "1  2", ""])
    #expect(table.markdownLines() == ["| a | b |", "| --- | --- |", "| 1 | 2 |", "|  |  |"])
  }

  @Test func `A table without columns or rows is no reason to crash`() {
    #expect(Table([]).lines() == [])
    #expect(Table([.number("n")]).lines(width: 0) == ["N"])
  }
}
