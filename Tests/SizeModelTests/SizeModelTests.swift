import ReleaseModel
import Testing

@testable import SizeModel

@Suite struct SizeModelTests {
  private static func subject(_ change: (inout SizeModel.Subject) -> Void = { _ in }) -> SizeModel.Subject {
    var subject = SizeModel.Subject(
      llamaCppDigest: SizeFigures.shipped.llamaCppDigest,
      llamaCpp: "this",
      toolkit: SizeFigures.shipped.toolkit
    )
    change(&subject)
    return subject
  }

  private static func architecture(_ number: Int, virtual: Bool = false) -> Architecture {
    Architecture(ComputeCapability(number: number), real: true, virtual: virtual)
  }

  @Test func `The shipped figures are complete`() {
    let figures = SizeFigures.shipped
    let real = Set(figures.images.filter { $0.kind == .real }.map(\.capability.number))
    #expect(real.isSuperset(of: [50, 60, 61, 70, 75, 80, 86, 89]))
    for number in real {
      let rows = figures.images.filter { $0.capability.number == number && $0.kind == .real }
      #expect(Set(rows.map(\.family)) == Set(figures.units.keys))
      #expect(rows.allSatisfy { $0.raw >= $0.deflated && $0.deflated > 0 })
      #expect(rows.allSatisfy { ($0.zstd ?? 1) > 0 && ($0.zstd ?? 0) < $0.raw })
    }
    #expect(figures.units.values.reduce(0, +) == 144)
    for (label, rates) in figures.solid.beside {
      let alone = figures.solid.alone[label] ?? 0
      #expect(rates.values.allSatisfy { $0 > 0 && $0 < alone * 1.05 }, "\(label)")
    }
  }

  @Test func `What was measured is no estimate, and slices add up`() {
    let model = SizeModel(subject: Self.subject())
    let one = model.slice([Self.architecture(80)], stored: .none)
    let both = model.slice([Self.architecture(80), Self.architecture(86)], stored: .none)
    let images = model.images(of: Self.architecture(86), stored: .none)
    #expect(one.estimates == [] && both.estimates == [])
    #expect(both.packed == one.packed + images.packed)
    #expect(both.installed == one.installed + images.installed)
    #expect(one.margin == 0.03 && one.packedAtMost > one.packed)
  }

  @Test func `Neighbours stand in and say so`() {
    let model = SizeModel(subject: Self.subject { $0.toolkit = "12.8.93" })
    let hopper = model.slice([Self.architecture(90)], stored: .none)
    #expect(
      hopper.estimates.contains("9.0 like 8.9") && hopper.estimates.contains("CUDA 12.8 like CUDA 12.4")
    )
    #expect(hopper.margin == 0.15)
    let ada = model.slice([Self.architecture(89)], stored: .none)
    #expect(hopper.packed == ada.packed)
    // A neighbour of the same major goes before a nearer number of another.
    #expect(model.neighbour(of: ComputeCapability(number: 52), .real)?.number == 50)
    #expect(model.neighbour(of: ComputeCapability(number: 88), .real)?.number == 89)
    let other = SizeModel(
      subject: Self.subject {
        $0.llamaCppDigest = "git:1"; $0.definitions = ["A=1"]
      }
    )
    #expect(other.core.estimates.count == 2)
  }

  @Test func `Fewer kernels are smaller: without flash attention, with fewer instances`() {
    let whole = SizeModel(subject: Self.subject()).slice([Self.architecture(80)], stored: .zstd)
    let without = SizeModel(subject: Self.subject { $0.flashAttention = false })
      .slice([Self.architecture(80)], stored: .zstd)
    #expect(without.packed < whole.packed && without.packed.bytes * 4 > whole.packed.bytes)
    var units = SizeFigures.shipped.units
    units["mmq"] = (units["mmq"] ?? 0) / 2
    let fewer = SizeModel(subject: Self.subject { [units] in $0.units = units })
      .slice([Self.architecture(80)], stored: .zstd)
    #expect(fewer.packed < whole.packed)
  }

  @Test func `One stream of neighbours is smaller than the sum of streams, and never smaller than its parts`()
  {
    let model = SizeModel(subject: Self.subject())
    let list = [75, 80, 86].map { Self.architecture($0) }
    let together = model.solid(list).packed
    let apart = list.reduce(ByteCount.zero) { $0 + model.solid([$1]).packed }
    #expect(together < apart)
    for part in list { #expect(model.solid([part]).packed < together) }
    #expect(together < model.slice(list, stored: .zstd).packed)
  }

  @Test func `PTX costs no compile time of its own, more architectures cost more`() {
    let model = SizeModel(subject: Self.subject())
    let one = model.compileSeconds([Self.architecture(80)])
    #expect(model.compileSeconds([Self.architecture(80, virtual: true)]) == one)
    #expect(model.compileSeconds([Self.architecture(80), Self.architecture(86)]) > one)
  }

  @Test func `What was learned of the same subject goes first, of another it is left aside`() throws {
    let subject = Self.subject()
    var learned = LearnedSizes(key: try #require(LearnedSizes.key(of: subject)))
    let exact = Weight(installed: ByteCount(7), packed: ByteCount(5))
    learned.note(exact, of: [Self.architecture(75)], stored: .none)
    learned.core = exact
    let model = SizeModel(subject: subject, learned: learned)
    #expect(model.slice([Self.architecture(75)], stored: .none) == exact && model.core == exact)
    #expect(model.slice([Self.architecture(75)], stored: .zstd) != exact)
    let other = SizeModel(subject: Self.subject { $0.flashAttention = false }, learned: learned)
    #expect(other.slice([Self.architecture(75)], stored: .none) != exact && other.core != exact)
  }
}
