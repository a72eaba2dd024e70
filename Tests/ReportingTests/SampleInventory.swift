import Inventory
import ReleaseModel

extension Inventory {
  /// A wheel with everything in it that an inventory can hold, and an object beside it; the sums come out.
  static var sample: Inventory {
    var wheel = Artifact(
      name: "x_core-0.1.0-py3-none-manylinux_2_28_x86_64.whl",
      kind: .wheel,
      bytes: 110_000_000
    )
    wheel.installedBytes = ByteCount(300_000_300)
    wheel.structure = [Row("local headers", 600), Row("central directory", 400)]
    var library = FileRecord(path: "x/lib<1>.so", kind: .library, weight: weight(300_000_000, 109_998_900))
    library.sections = [
      SectionRow(name: ".nv_fatbin", category: .fatbin, weight: weight(250_000_000, 100_000_000)),
      SectionRow(name: ".text", category: .code, weight: weight(40_000_000, 9_000_000)),
      SectionRow(name: ".symtab", category: .symbols, weight: weight(10_000_000, 998_900)),
    ]
    var facts = BinaryFacts()
    (facts.neededLibraries, facts.soname, facts.searchPath) = (["libcudart.so.12"], "lib.so.0", "$ORIGIN")
    (facts.versionFloors, facts.isStripped) = (["GLIBC": "2.34"], false)
    library.binary = facts
    var link = FileRecord(path: "x/lib.so.0", kind: .link, weight: weight(300, 50))
    link.target = "lib<1>.so"
    var copy = FileRecord(path: "x/copy.txt", kind: .other, weight: weight(0, 50))
    copy.sections = [SectionRow(name: "content", category: .content, weight: weight(0, 50))]
    copy.sameAs = "x/text.txt"
    wheel.files = [library, link, copy]
    let real = weight(200_000_000, 80_000_000)
    let virtual = weight(49_000_000, 19_000_000)
    wheel.images = [
      ImageRow(
        .init(architecture: "75", kind: .real, compression: .none),
        count: 3,
        weight: real,
        payloadBytes: 199_999_000
      ),
      ImageRow(
        .init(architecture: "90a", kind: .virtual, compression: .lz4),
        count: 1,
        weight: virtual,
        payloadBytes: 48_999_000
      ),
    ]
    let kernel = weight(150_000_000, 60_000_000)
    wheel.kernels = [
      KernelRecord(
        name: "void mul_mat_q<(ggml_type)2, 64>(char const*)",
        symbol: "_Z9mul_mat_qIL9ggml_type2ELi64EEvPKc",
        family: "mul_mat_q",
        cells: [KernelCell(architecture: "75", weight: kernel)]
      )
    ]
    wheel.families = [
      FamilyRecord(name: "mul_mat_q", kernelCount: 1, cells: [KernelCell(architecture: "75", weight: kernel)])
    ]
    wheel.kernelCount = 1
    wheel.outsideKernels = [KernelCell(architecture: "75", weight: weight(50_000_000, 20_000_000))]
    wheel.units = [
      UnitRecord(
        file: "x/lib<1>.so",
        index: 0,
        name: "mmq.cu",
        evidence: .symbols,
        weight: weight(249_000_016, 99_000_010),
        images: [
          .init(architecture: "75", kind: .real, weight: real, kernels: [.init(kernel: 0, weight: kernel)]),
          .init(architecture: "90a", kind: .virtual, weight: virtual),
        ]
      ),
      UnitRecord(
        file: "x/lib<1>.so",
        index: 1,
        name: "scale",
        evidence: .family,
        weight: weight(16, 6),
        images: []
      ),
    ]
    wheel.service = [
      ServiceRow(
        capability: ComputeCapability(number: 61),
        devices: "GTX 1060",
        way: .none,
        architecture: nil
      ),
      ServiceRow(capability: ComputeCapability(number: 75), devices: "T4", way: .native, architecture: "75"),
      ServiceRow(capability: ComputeCapability(number: 90), devices: "H100", way: .jit, architecture: "90a"),
    ]
    wheel.findings = [
      Finding("over-cap", .warning, "5,142,400 bytes over the limit", bytes: 5_142_400),
      Finding("path", .error, "member '<script>alert(1)</script>' & more | `code`"),
    ]
    wheel.remedies = [
      Remedy(
        "recompress-zstd",
        "compress with zstd",
        saved: 90_000_000,
        archived: 9_000_000,
        isEstimate: true,
        price: "driver 550"
      ),
      Remedy("drop-ptx", "drop the PTX", saved: 49_000_000, archived: 19_000_000, price: "no newer GPUs"),
    ]
    var object = Artifact(name: "softmax.cu.o", kind: .object, bytes: 1000)
    object.files = [FileRecord(path: "softmax.cu.o", kind: .object, weight: Weight(bytes: 1000))]
    object.files[0].sections = [SectionRow(name: ".text.*", category: .code, weight: Weight(bytes: 1000))]
    return Inventory(artifacts: [wheel, object])
  }

  private static func weight(_ bytes: Int64, _ archived: Int64) -> Weight {
    Weight(bytes: bytes, archivedBytes: archived)
  }
}
