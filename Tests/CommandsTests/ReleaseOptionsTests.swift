import ArgumentParser
import ReleaseModel
import Testing

@testable import Commands

@Suite("Options of the main job")
struct ReleaseOptionsTests {
  private func spec(_ arguments: [String], over base: ReleaseSpec = ReleaseSpec()) throws -> ReleaseSpec {
    try ReleaseOptions.parse(LlcudaBuildCommand.normalized(arguments)).applied(to: base)
  }

  @Test(
    "--upx stands alone or has a value, in both spellings",
    arguments: [
      ([], .none), (["--upx"], .executables), (["--upx=all"], .all), (["--upx", "all"], .all),
      (["--upx", "--archs", "75"], .executables), (["--upx=none"], .none),
    ] as [([String], UPXScope)]
  )
  func upx(arguments: [String], expected: UPXScope) throws {
    #expect(try spec(arguments).upx == expected)
  }

  @Test("a wrong value of --upx is refused")
  func wrongUPX() {
    #expect(throws: (any Error).self) { try spec(["--upx=foo"]) }
  }

  @Test("what isn't said leaves the configuration file's value")
  func precedence() throws {
    var base = ReleaseSpec()
    base.architectures = "61"
    base.layout = .split
    base.cmakeDefinitions = ["A=1"]
    let spec = try spec(["--layout", "single", "--no-ptx", "-D", "B=2", "--cap", "50MiB"], over: base)
    #expect(spec.architectures == "61")
    #expect(spec.layout == .single)
    #expect(spec.addPTX == false)
    #expect(spec.cmakeDefinitions == ["A=1", "B=2"])
    #expect(spec.cap == ByteCount(Int64(52_428_800)))
  }

  @Test("groups are name=list; tarballs may be none")
  func groups() throws {
    let spec = try spec(["--group", "desktop=75,86", "--tarball", "none"])
    #expect(spec.groups == [GroupRequest(name: "desktop", architectures: "75,86")])
    #expect(spec.tarballs.isEmpty)
    #expect(throws: (any Error).self) { try self.spec(["--group", "desktop"]) }
    #expect(throws: (any Error).self) { try self.spec(["--jobs", "0"]) }
  }

  @Test("--help lists every exit code")
  func exitCodes() {
    for status in ExitStatus.allCases { #expect(LlcudaBuildCommand.exitCodes.contains(status.meaning)) }
  }
}
