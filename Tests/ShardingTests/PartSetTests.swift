import Planning
import ReleaseModel
import Sharding
import SystemPackage
import Testing

@Suite("Parts that belong together") struct PartSetTests {
  private let one = Samples.part("p1", "1/3", ["a.o"])
  private let two = Samples.part("p2", "2/3", ["b.o"])
  private let three = Samples.part("p3", "3/3", ["c.o"])
  private let core = Samples.part("pc", "core", [])

  private func refusal(_ parts: PartSet.Part...) -> PartError? {
    #expect(throws: PartError.self) { try PartSet(parts) }
  }

  @Test("all there, in any order, with the core or without")
  func complete() throws {
    let set = try PartSet([three, core, one, two])
    #expect(set.kernels.map(\.folder.path) == ["p1", "p2", "p3"])
    #expect(set.core?.folder.path == "pc")
    #expect(try PartSet([one, two, three]).core == nil)
    let sources = try set.sources(of: ["c.o", "a.o", "b.o"])
    #expect(
      sources.map(\.path.string)
        == ["p3", "p1", "p2"].map { "\($0)/files/" + String(repeating: "a", count: 64) }
    )
    try set.check(against: Samples.identity)
  }

  @Test("missing shards are named with the option that builds them")
  func missing() throws {
    let error = refusal(two)
    #expect(error == .missing([try #require(Shard(1, of: 3)), try #require(Shard(3, of: 3))]))
    #expect(error?.description.contains("--shard 1/3, --shard 3/3") == true)
    #expect(error?.exitStatus == .badInput)
    #expect(refusal(core)?.description.contains("shard 1/1 is missing") == true)
  }

  @Test("the same shard twice names both folders")
  func twice() {
    let error = refusal(one, two, three, Samples.part("again", "2/3", ["b.o"]))
    #expect(error?.description == "shard 2/3 is there twice: 'p2' and 'again'; leave one out")
    #expect(refusal(one, core, Samples.part("again", "core", [])) == .twice(.core, "pc", "again"))
    #expect(refusal(one, two, Samples.part("p3", "3/3", ["a.o"])) == .unitTwice("a.o", "p1", "p3"))
  }

  @Test("another split of the build")
  func counts() {
    #expect(refusal(one, Samples.part("x", "2/2", [])).map { "\($0)" }?.contains("2/2") == true)
  }

  @Test("a part of another build names what differs")
  func foreign() throws {
    let changes: [(String, (inout BuildIdentity) -> Void)] = [
      ("llama.cpp 'sha256:2' is not 'sha256:1'", { $0.source = "sha256:2" }),
      ("CUDA '12.8' is not '12.4.131'", { $0.toolkit = "12.8" }),
      ("the host compiler 'clang' is not", { $0.hostCompiler = "clang" }),
      ("the C library 'musl' is not", { $0.libc = "musl" }),
      ("architectures: + 90-real, - 86-real", { $0.architectures = ["75-real", "90-real"] }),
      ("the kernels' CMake entries: + GGML_CUDA_FA=OFF", { $0.kernelDefinitions[1] = "GGML_CUDA_FA=OFF" }),
      ("the core's CMake entries", { $0.coreDefinitions = [] }),
      ("--compiler-cache 'sccache' is not 'none'", { $0.objectNames = .sccache }),
    ]
    for (says, change) in changes {
      let other = Samples.part("other", "2/3", ["b.o"], change)
      #expect(other.manifest.planDigest != one.manifest.planDigest)
      let error = refusal(one, other, three)
      #expect(
        error?.description.hasPrefix("part 'other' is of another build than 'p1': \(says)") == true,
        "\(String(describing: error))"
      )
    }
  }

  @Test("the merging machine's own build is compared, but not its compiler cache")
  func here() throws {
    let set = try PartSet([one, two, three])
    var here = Samples.identity
    here.objectNames = .sccache
    try set.check(against: here)
    here.toolkit = "12.5"
    let error = #expect(throws: PartError.self) { try set.check(against: here) }
    #expect(error?.description.contains("CUDA '12.4.131' is not '12.5'") == true)
  }

  @Test("units that the build has and the parts don't, and the other way round")
  func units() throws {
    let set = try PartSet([one, two, three])
    #expect(throws: PartError.unitMissing("d.o")) { try set.sources(of: ["a.o", "b.o", "c.o", "d.o"]) }
    #expect(throws: PartError.unitUnknown("c.o", "p3")) { try set.sources(of: ["a.o", "b.o"]) }
  }
}
