import Archives
import ReleaseModel
import Testing

@testable import Verification

@Suite struct PackedCheckTests {
  private static let bytes = Array("packed".utf8)

  private func contents(_ change: (inout [String]) -> Void = { _ in }, carried: Bool = true)
    -> ArchiveContents
  {
    var lines = [
      "format 1", "slice all", "real 75 86", "virtual 86", "packed-file all.packed",
      "packed-size \(Self.bytes.count)", "packed-sha256 \(SHA256Digest.of(Self.bytes).hex)",
    ]
    change(&lines)
    var contents = ArchiveContents(file: "x.whl")
    contents.texts["llcuda/bin/cuda/all.kernels"] = Array(lines.joined(separator: "\n").utf8)
    if carried {
      contents.members.append(
        ArchiveContents.Member(
          name: "llcuda/bin/cuda/all.packed",
          kind: .file,
          mode: nil,
          byteCount: Int64(Self.bytes.count),
          time: nil,
          sha256: SHA256Digest.of(Self.bytes)
        )
      )
    }
    return contents
  }

  @Test func whatIsDescribedCounts() {
    let check = PackedCheck(contents())
    #expect(check.findings.isEmpty)
    #expect(check.architectures.map { "\($0)" } == ["7.5", "8.6+PTX"])
  }

  @Test func thePackedFileMustBeTheOneDescribed() {
    #expect(
      PackedCheck(contents(carried: false)).findings.map(\.seen) == [
        "the packed file 'llcuda/bin/cuda/all.packed'"
      ]
    )
    for (line, text) in [(5, "packed-size 5"), (6, "packed-sha256 \(String(repeating: "0", count: 64))")] {
      let seen = PackedCheck(contents { $0[line] = text }).findings.map(\.seen)
      #expect(seen == ["it is not the file that 'llcuda/bin/cuda/all.kernels' describes"])
    }
  }

  @Test func whatIsFetchedNeedNotBeHere() {
    let check = PackedCheck(contents({ $0.append("url https://example.org/all.packed") }, carried: false))
    #expect(check.findings.isEmpty && check.architectures.count == 2)
  }
}
