import ReleaseModel
import Testing

@testable import Planning
@testable import SizeModel

/// A model whose figures are small numbers of this test's own.
func tinyModel(
  _ sizes: [Int: Int64],
  ptx: Int64 = 30,
  core: Int64 = 10,
  toolkit: ToolkitVersion = "12.4.131"
) -> SizeModel {
  var images: [SizeFigures.Images] = []
  for (number, size) in sizes {
    for kind in [SizeFigures.Kind.real, .virtual] {
      let bytes = kind == .real ? size : ptx
      var row = SizeFigures.Images(
        family: "other",
        capability: ComputeCapability(number: number),
        kind: kind,
        raw: bytes * 4,
        stored: bytes * 4,
        deflated: bytes
      )
      row.zstd = bytes / 2
      images.append(row)
    }
  }
  let labels = sizes.keys.sorted().map(String.init)
  let figures = SizeFigures(
    llamaCppDigest: "d",
    llamaCpp: "test",
    toolkit: "12.4.131",
    conditions: "test",
    units: ["other": 1],
    images: images,
    solid: .init(
      alone: Dictionary(uniqueKeysWithValues: labels.map { ($0, 0.1) }),
      beside: Dictionary(
        uniqueKeysWithValues: labels.map { label in
          (label, Dictionary(uniqueKeysWithValues: labels.filter { $0 < label }.map { ($0, 0.05) }))
        }
      ),
      ptx: 0.05,
      scale: 1
    ),
    host: .init(installed: 4, deflated: 2, xz: 1),
    core: .init(installed: core * 3, deflated: core, xz: core / 2),
    wheel: .init(core: 1, group: 1, meta: 1),
    time: .init(perUnit: 1, perMillionBytes: 1, core: 1)
  )
  return SizeModel(
    figures: figures,
    subject: .init(llamaCppDigest: "d", llamaCpp: "test", toolkit: toolkit)
  )
}

func request(
  _ list: String,
  cap: Int64,
  ptx: Bool = false,
  _ change: (inout ReleaseSpec) -> Void = { _ in }
)
  -> ReleaseSpec
{
  var spec = ReleaseSpec()
  spec.architectures = list
  spec.addPTX = ptx
  spec.cap = ByteCount(cap)
  spec.tarballs = []
  // Without it nobody could fetch what layout thin leaves out.
  spec.project.assetURL = "https://host/assets"
  change(&spec)
  return spec
}

func planned(
  _ spec: ReleaseSpec,
  _ model: SizeModel,
  toolkit: ToolkitCapabilities = Toolkits.cuda12
) throws -> PlannedRelease {
  try ReleasePlanner(spec: spec, toolkit: toolkit, model: model, cores: 2).plan()
}

@Suite struct PlannerTests {
  private let model = tinyModel([70: 100, 75: 100, 80: 100, 86: 100, 89: 100])

  @Test func `The first layout that fits is taken, in the documented order`() throws {
    // single 10+1+2+300, packed 10+1+1+(40+20+20), split 103 a wheel.
    let list = "75,80,86"
    #expect(try planned(request(list, cap: 400), model).layout == .single)
    #expect(try planned(request(list, cap: 200), model).layout == .packed)
    #expect(try planned(request(list, cap: 50), model).layout == .thin)
    let preferred = try planned(request(list, cap: 200) { $0.preferredLayout = .split }, model)
    #expect(preferred.layout == .split && preferred.plan.groups.count == 3)
    let split = try planned(request(list, cap: 240) { $0.preferredLayout = .split }, model)
    #expect(split.plan.groups.map(\.name) == ["sm75", "sm80-86"] || split.plan.groups.count == 2)
    #expect(split.reasons.contains(.grouped(groups: 2, slices: 3)))
  }

  @Test(arguments: [(260, true), (261, false), (400, false)])
  func `A layout is hopeless when it is a fifth over the cap by measured figures`(cap: Int64, hopeless: Bool)
    throws
  {
    let spec = request("75,80,86", cap: cap)
    let plan = try ReleasePlan(spec: spec, toolkit: Toolkits.cuda12)
    func single(_ model: SizeModel) -> ByteCount? {
      LayoutForecast(.single, of: plan, spec: spec, model: model).hopeless(under: spec.cap)
    }
    #expect(single(model) == (hopeless ? ByteCount(313) : nil))
    #expect(single(tinyModel([75: 100, 80: 100, 86: 100], toolkit: "12.8.93")) == nil, "estimates")
  }

  @Test func `Whoever asks for split by name gets a wheel per slice, unless wheels are limited`() throws {
    let all = try planned(request("75,80,86", cap: 10_000) { $0.layout = .split }, model)
    #expect(all.plan.groups.map(\.name) == ["sm75", "sm80", "sm86"] && all.forecast.wheels == 5)
    let few = try planned(
      request("75,80,86", cap: 10_000) {
        $0.layout = .split
        $0.maxWheels = 3
      },
      model
    )
    #expect(few.plan.groups.map(\.name) == ["sm75-80-86"] && few.forecast.wheels == 3)
  }

  @Test func `Groups that were asked for stay`() throws {
    let spec = request("75,80,86,89", cap: 330) {
      $0.preferredLayout = .split
      $0.groups = [GroupRequest(name: "old", architectures: "75")]
    }
    let plan = try planned(spec, model).plan
    #expect(plan.groups.first?.name == "old" && plan.groups.first?.slices.map(\.name) == ["sm75"])
    #expect(plan.groups.count == 2)
  }

  @Test func `Layouts that a project can't have are not planned`() throws {
    let model = tinyModel([75: 60, 86: 60])
    let nowhere = request("75,86", cap: 50) { $0.project.assetURL = nil }
    #expect(try planned(nowhere, model).forecasts.map(\.layout) == [.single, .packed, .split])
    let own = request("75,86", cap: 50) { $0.project.packageFolder = "own" }
    #expect(try planned(own, model).forecasts.map(\.layout) == [.single, .split])
  }

  @Test func `When nothing fits the plan says by how much, and a cap that is enough`() throws {
    let plan = try planned(request("75,80,86", cap: 5), model)
    let shortfall = try #require(plan.shortfall)
    #expect(shortfall.bytes > 0)
    #expect(plan.reasons.count >= 4)
    #expect(plan.proposals.last?.action.hasPrefix("--cap ") == true)
    let enough = request("75,80,86", cap: 5 + shortfall.bytes) { $0.layout = plan.layout }
    #expect(try planned(enough, model).shortfall == nil)
    let short = request("75,80,86", cap: 4 + shortfall.bytes) { $0.layout = plan.layout }
    #expect(try planned(short, model).shortfall == ByteCount(Int64(1)))
  }

  @Test func `zstd is proposed with its price, and not against a driver that can't read it`() throws {
    let spec = request("75,80,86", cap: 250) { $0.layout = .single }
    let plan = try planned(spec, model)
    let zstd = try #require(plan.proposals.first { $0.action == "--kernel-compression zstd" })
    #expect(zstd.fits && zstd.price.contains("550.54.14"))
    var old = spec
    old.minDriver = "525"
    #expect(try !planned(old, model).proposals.contains { $0.action.contains("zstd") })
  }

  @Test func `A lower minor's cubin is proposed, and taken only when that is allowed`() throws {
    let spec = request("80,86", cap: 10_000)
    let plan = try planned(spec, model)
    #expect(plan.plan.slices.count == 2)
    #expect(plan.proposals.contains { $0.action == "drop 8.6 (--allow-minor-fallback)" })
    var allowed = spec
    allowed.allowMinorFallback = true
    let shorter = try planned(allowed, model)
    #expect(shorter.plan.compileSet.description == "8.0")
    #expect(shorter.coverage.first { $0.capability.number == 86 }?.service == .olderCubin)
    #expect(shorter.spec.architectures == "80-real")
  }

  @Test func `It is never taken where ggml would launch what the cubin can't`() throws {
    let spec = request("75,86,89", cap: 10_000, ptx: true) { $0.allowMinorFallback = true }
    let plan = try planned(spec, model)
    #expect(plan.plan.compileSet.description == "7.5+PTX, 8.6, 8.9+PTX")
    let kept = plan.reasons.compactMap { if case .kept(let fallback) = $0 { fallback } else { nil } }
    #expect(kept.map(\.dropped.number) == [89] && kept[0].obstacle?.contains("mmvq.cu") == true)
    // Code without int8 tensor cores loads on 7.5, and no more than that.
    let volta = MinorFallback.candidates(in: architectures("70 75"))
    #expect(volta[0].obstacle?.contains("int8 tensor cores") == true)
    #expect(MinorFallback.candidates(in: architectures("60 61"))[0].obstacle?.contains("__dp4a") == true)
    #expect(MinorFallback.candidates(in: architectures("50 52 100 103")).allSatisfy { $0.obstacle == nil })
  }

  @Test func `PTX goes to the architecture below when its own is dropped`() {
    let dropped: Set = [ComputeCapability(number: 86)]
    #expect(MinorFallback.list(architectures("75 80 86+PTX"), without: dropped) == architectures("75 80+PTX"))
    #expect(MinorFallback.candidates(in: architectures("86 87")).isEmpty)
    #expect(MinorFallback.candidates(in: architectures("100 100a")).isEmpty)
  }

  private static func gaps(_ plan: PlannedRelease) -> [String] {
    plan.reasons.filter { if case .gapFilled = $0 { true } else { false } }.map(\.description)
  }

  @Test func `PTX for a gap has a reason, with its bytes, and a price`() throws {
    let model = tinyModel([75: 100, 90: 100])
    let plan = try planned(request("75,90", cap: 10_000, ptx: true) { $0.layout = .split }, model)
    let devices = [80, 86, 89].map { ComputeCapability(number: $0) }
    let code = ComputeCapability(number: 75)
    #expect(
      plan.reasons.contains(
        .gapFilled(devices, code: code, added: ByteCount(Int64(30)), wayOut: "75-real")
      )
    )
    for device in devices {
      let row = plan.coverage.first { $0.capability == device }
      #expect(row?.service == .ptx && row?.code == code && row?.slice == "sm75" && row?.group == "sm75")
      // The core, 11, the slice's cubin and PTX, its host part and wheel.
      #expect(row?.downloads["split"] == ByteCount(Int64(11 + 100 + 30 + 2 + 1)))
    }
    let proposals = plan.proposals.filter { $0.action.contains("tx") || $0.action.contains("PTX") }
    #expect(
      proposals.map { "\($0.action), \($0.saved.bytes): \($0.price)" } == [
        "--no-ptx, 60: GPUs of 8.0, 8.6, 8.9 and those newer than 9.x use the CPU",
        "drop PTX of 7.5 (75-real), 30: GPUs of 8.0, 8.6, 8.9 use the CPU",
        "drop PTX of 9.0 (90-real), 30: GPUs newer than 9.x use the CPU",
      ]
    )
    let message = PlanReason.gapFilled(devices, code: code, added: .pypiFileLimit, wayOut: "75-real")
    #expect(
      message.description
        == "GPUs of 8.0, 8.6, 8.9: nothing else in the list runs there, so PTX of 7.5 is added, 100.0 MiB without tarballs; 75-real leaves it out"
    )
  }

  @Test func `No reason where there is no gap, and none but a proposal for PTX that was asked for`() throws {
    let model = tinyModel([75: 100, 80: 100, 86: 100, 90: 100])
    #expect(try Self.gaps(planned(request("75,80,86", cap: 10_000, ptx: true), model)) == [])
    #expect(try Self.gaps(planned(request("75-real,90", cap: 10_000, ptx: true), model)) == [])
    let asked = try planned(request("75+PTX,90", cap: 10_000, ptx: true), model)
    #expect(Self.gaps(asked) == [])
    let actions = asked.proposals.map(\.action)
    #expect(actions.contains("drop PTX of 7.5 (75-real)") && !actions.contains("--no-ptx"))
  }

  @Test func `An old driver runs the cubins, and the plan says what PTX needs, wherever it is`() throws {
    let model = tinyModel([75: 100, 90: 100])
    for list in ["75,90", "75,90-real", "90"] {
      let plan = try planned(request(list, cap: 10_000, ptx: true) { $0.minDriver = "525" }, model)
      #expect(plan.shortfall == nil)
      #expect(plan.reasons.contains(.ptxNeedsDriver("550.54.14", cubins: "525.60.13")), "\(list)")
    }
  }

  @Test func `PTX for a gap goes down with its architecture, and then only --no-ptx leaves it out`() throws {
    let spec = request("50,52,75", cap: 10_000, ptx: true) { $0.allowMinorFallback = true }
    let plan = try planned(spec, tinyModel([50: 100, 52: 100, 75: 100]))
    #expect(plan.plan.compileSet.description == "5.0+PTX, 7.5+PTX")
    #expect(Self.gaps(plan).count == 1)
    #expect(Self.gaps(plan).first?.hasPrefix("GPUs of 6.0, 6.1, 7.0: ") == true)
    #expect(Self.gaps(plan).first?.hasSuffix("; --no-ptx leaves it out") == true)
    #expect(plan.proposals.map(\.action).contains("drop PTX of 7.5 (75-real)"))
    #expect(!plan.proposals.map(\.action).contains("drop PTX of 5.0 (50-real)"))
  }

  @Test(
    arguments: [
      (request("75", cap: 0), "a cap of 0 bytes holds nothing; give one such as 100MiB"),
      (
        request("75", cap: 9) { $0.maxWheels = 0 },
        "--max-wheels 0 leaves no wheel; it must be at least 1"
      ),
      (
        request("75", cap: 9) {
          $0.layout = .split; $0.maxWheels = 2
        },
        "--layout split has at least 3 wheels (core, kernels, and the one that requires both), and --max-wheels is 2"
      ),
      (
        request("75", cap: 9) {
          $0.layout = .split; $0.preferredLayout = .thin
        },
        "--prefer thin and --layout split contradict each other; leave one out"
      ),
      (
        request("75", cap: 9) { $0.preferredLayout = .auto },
        "--prefer auto prefers nothing; name single, packed, split or thin"
      ),
      (
        request("75", cap: 9) { $0.minDriver = "new" },
        "--min-driver 'new' is no driver release; write one such as 525 or 550.54.14"
      ),
      (
        request("75", cap: 9) { $0.minDriver = "470" },
        "CUDA 12.4 needs driver 525.60.13, and --min-driver is 470; choose an older toolkit"
      ),
      (
        request("75", cap: 9) {
          $0.minDriver = "525"; $0.kernelCompression = .zstd
        },
        "--kernel-compression zstd needs driver 550.54.14, and --min-driver is 525; leave one out"
      ),
      (
        request("75,80-virtual", cap: 9) { $0.minDriver = "525" },
        "8.0 is asked for as PTX only, which needs driver 550.54.14, and --min-driver is 525; ask for 80-real"
      ),
    ] as [(ReleaseSpec, String)]
  )
  func contradictions(spec: ReleaseSpec, message: String) {
    let error = #expect(throws: PlanError.self) { try planned(spec, model) }
    #expect(error?.description == message)
    #expect(error?.exitStatus == .usage)
  }

  @Test func `Drivers are compared as far as they are written`() {
    let floor = DriverVersion.zstdKernels
    #expect(floor.isMet(by: "550") && floor.isMet(by: "550.54.14") && floor.isMet(by: "550.90"))
    #expect(!floor.isMet(by: "550.54.13") && !floor.isMet(by: "549") && !floor.isMet(by: "x"))
  }

  @Test func `Disk and time grow with the list`() throws {
    let one = try planned(request("75", cap: 10_000), model).effort
    let two = try planned(request("75,80", cap: 10_000), model).effort
    #expect(two.disk > one.disk && two.coreSeconds >= one.coreSeconds && one.jobs == 2)
  }

  @Test func `The ways out name what each costs`() throws {
    let plan = try planned(request("75,80,86", cap: 104_857_600), model)
    let rows = WaysOut(plan, model: model).rows
    #expect(rows.count == 12)
    let ptx = try #require(rows.first { $0.name == "PTX only (7.5)" })
    #expect(ptx.driver == "550.54.14" && ptx.firstRun.contains("compiles"))
    #expect(rows.first { $0.name.hasSuffix("thin") }?.isOffline == false)
    #expect(rows.allSatisfy { $0.basis.hasPrefix("predicted") })
  }
}
