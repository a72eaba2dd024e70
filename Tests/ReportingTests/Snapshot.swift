import Foundation
import Testing

/// Compares a text with the file of that name in `Snapshots/`.
///
/// With `RECORD_SNAPSHOTS=1` in the environment, or when the file is missing, the text is written there and the test
/// fails, so that nobody mistakes recording for passing.
func expectSnapshot(_ text: String, named name: String, sourceLocation: SourceLocation = #_sourceLocation)
  throws
{
  let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snapshots/\(name)")
  let isRecording = ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil
  guard !isRecording, let expected = try? String(contentsOf: file, encoding: .utf8) else {
    try text.write(to: file, atomically: true, encoding: .utf8)
    Issue.record("recorded Snapshots/\(name); look at it and run again", sourceLocation: sourceLocation)
    return
  }
  let difference = text.split(separator: "\n", omittingEmptySubsequences: false)
    .difference(from: expected.split(separator: "\n", omittingEmptySubsequences: false))
    .map { change in
      switch change {
      case .insert(let line, let text, _): "+\(line + 1): \(text)"
      case .remove(let line, let text, _): "-\(line + 1): \(text)"
      }
    }
  #expect(
    difference.isEmpty,
    "Snapshots/\(name) differs:\n\(difference.joined(separator: "\n"))",
    sourceLocation: sourceLocation
  )
}
