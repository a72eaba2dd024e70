import Foundation
import ReleaseModel

// Words and numbers that the table and the Markdown report share.

extension ReleaseManifest {
  /// How many remedies a report names.
  static let remediesShown = 3

  var title: String { "\(project.name) \(project.version)" }

  /// What went in, as label and value.
  var facts: [(label: String, value: String)] {
    let compression = inputs.kernelCompression
    return [
      ("layout", layout.rawValue),
      ("architectures", Self.list(inputs.architectures)),
      ("llama.cpp", "\(inputs.llamaCppVersion), from \(inputs.llamaCpp)"),
      ("CUDA toolkit", "\(inputs.toolkit)"),
      ("host compiler", inputs.hostCompiler),
      ("kernels stored", compression == .none ? "uncompressed" : compression.rawValue),
      ("cap per file", "\(cap) bytes (\(cap.mebibytes))"),
    ]
  }

  static func list(_ architectures: [Architecture]) -> String {
    architectures.map(\.description).joined(separator: ", ")
  }

  /// The share of the cap with one decimal, rounded so that 100.0 % is exactly the cap: one byte more reads 100.1 %.
  func share(of bytes: ByteCount) -> String {
    guard cap.bytes > 0 else { return "-" }
    let tenths = Double(bytes.bytes) / Double(cap.bytes) * 1000
    let rounded =
      bytes > cap ? max(tenths.rounded(.up), 1001) : bytes < cap ? min(tenths.rounded(), 999) : 1000
    return String(format: "%.1f %%", rounded / 10)
  }

  /// All artifacts together; the sum of a manifest from elsewhere may be too large to be one.
  var total: ByteCount? {
    var sum: Int64 = 0
    for artifact in artifacts {
      let (next, overflow) = sum.addingReportingOverflow(artifact.bytes.bytes)
      guard !overflow else { return nil }
      sum = next
    }
    return ByteCount(sum)
  }

  /// What was predicted and what it came to: file, predicted, measured, difference, basis.
  var predictions: Table? {
    guard let plan, !plan.predicted.isEmpty else { return nil }
    var table = Table([
      .text("file"), .number("predicted"), .number("measured"), .number("difference"), .text("basis"),
    ])
    for prediction in plan.predicted {
      guard let artifact = artifacts.first(where: { $0.file == prediction.file }) else { continue }
      let basis =
        prediction.estimates.isEmpty ? "measured figures" : prediction.estimates.joined(separator: "; ")
      let (real, guess) = (Double(artifact.bytes.bytes), Double(prediction.bytes.bytes))
      table.append([
        artifact.file, "\(prediction.bytes)", "\(artifact.bytes)",
        guess > 0 ? String(format: "%+.1f %%", (real / guess - 1) * 100) : "", basis,
      ])
    }
    return table.rows.isEmpty ? nil : table
  }

  /// By how much an artifact is over the cap, in words.
  func excess(of artifact: Artifact) -> String {
    let (excess, overflow) = artifact.bytes.bytes.subtractingReportingOverflow(cap.bytes)
    return excess == 1 ? "1 byte" : "\(ByteCount(overflow ? Int64.max : excess)) bytes"
  }
}

extension ReleaseManifest.UPXRecord {
  /// What came of it, in words.
  var outcome: String { keptBecause.map { "kept as it was: \($0)" } ?? "packed" }

  /// The time to load before and after: `0.3 -> 19.4 ms`.
  var loadTimes: String {
    guard let before = loadSecondsBefore else { return "" }
    let after = loadSecondsAfter.map(Self.milliseconds) ?? "-"
    return "\(Self.milliseconds(before)) -> \(after) ms"
  }

  private static func milliseconds(_ seconds: Double) -> String { String(format: "%.1f", seconds * 1000) }
}
