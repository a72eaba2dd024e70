import Testing

@testable import ToolExecution

@Suite("Lines of a program's output") struct LineSplitterTests {
  /// The lines of pieces that arrive one after the other.
  private func lines(_ pieces: [[UInt8]]) -> [String] {
    var splitter = LineSplitter()
    var lines: [String] = []
    for piece in pieces { piece.withUnsafeBytes { splitter.add($0) { lines.append($0) } } }
    splitter.finish { lines.append($0) }
    return lines
  }

  @Test("the same lines, however the output is cut into pieces", arguments: 1...12)
  func pieces(size: Int) {
    let text = "one\n\ntwo ‘quoted’\r\nlong enough to be cut\nno end"
    let bytes = Array(text.utf8)
    let pieces = stride(from: 0, to: bytes.count, by: size).map {
      Array(bytes[$0..<min($0 + size, bytes.count)])
    }
    #expect(lines(pieces) == ["one", "", "two ‘quoted’\r", "long enough to be cut", "no end"])
  }

  @Test("nothing, empty pieces, an end without a line behind it, bytes that are no text")
  func edges() {
    #expect(lines([]).isEmpty)
    #expect(lines([[], Array("a".utf8), [], Array("\n".utf8)]) == ["a"])
    #expect(lines([[0x66, 0xFF, 0x0A]]) == ["f\u{FFFD}"])
  }
}
