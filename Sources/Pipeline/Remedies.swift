import Archives
import BinaryFormats
import Carving
import Foundation
import Planning
import ReleaseModel
import SystemPackage

/// The ways to get a release under its cap, each computed on the finished files.
///
/// A sample of every architecture's images is deflated and compressed with zstd; what an architecture weighs in a wheel
/// is its stored size times what the sample gave. The sample takes every nth image, so it holds large and small units.
struct Remedies: Sendable {
  let spec: ReleaseSpec
  let plan: ReleasePlan
  let manifest: ReleaseManifest

  /// Bytes of images looked at per architecture and kind; level 19 of zstd takes about a second for 3 MB.
  private static let sampleBytes = 3_000_000

  /// What one architecture and kind weighs in a wheel.
  private struct Weight {
    var plain: Double
    var zstd: Double
  }

  /// The three cheapest ways that help, those that reach the cap first.
  func cheapest(libraries: [FilePath]) async throws -> [ReleaseManifest.Remedy] {
    let wheels = manifest.artifacts.filter { $0.kind == "wheel" }
    guard let largest = wheels.max(by: { $0.bytes < $1.bytes }) else { return [] }
    let weights = try await weigh(libraries)
    let inside = ObjectCarver.images(of: largest.architectures)
    func sum(_ images: Set<ObjectCarver.Image>, _ weight: (Weight) -> Double) -> Double {
      images.reduce(0) { $0 + (weights[$1].map(weight) ?? 0) }
    }
    let now = Double(largest.bytes.bytes)
    let stored: (Weight) -> Double = spec.kernelCompression == .zstd ? { $0.zstd } : { $0.plain }
    let rest = max(0, now - sum(inside, stored))
    var found: [ReleaseManifest.Remedy] = []
    func add(_ action: String, _ bytes: Double, _ price: String) {
      guard bytes < now * 0.999 else { return }
      found.append(.init(action: action, largestAfterwards: ByteCount(Int64(bytes.rounded())), price: price))
    }

    if manifest.layout == .single {
      let groups = plan.groups.map { group in
        sum(ObjectCarver.images(of: group.slices.flatMap(\.architectures)), stored) + rest / 2
      }
      add("--layout split", max(groups.max() ?? now, rest), "several wheels, which pip installs together")
    } else if let group = plan.groups.first(where: { $0.name == largest.group }), group.slices.count > 1 {
      let slices = group.slices.map { sum(ObjectCarver.images(of: $0.architectures), stored) + rest }
      add("a wheel per architecture instead of --group \(group.name)", slices.max() ?? now, "more wheels")
    }
    if spec.kernelCompression != .zstd {
      add(
        "--kernel-compression zstd",
        rest + sum(inside) { $0.zstd },
        "needs driver \(DriverVersion.zstdKernels) or newer"
      )
    }
    let unasked = plan.unaskedPTX(in: spec)
    func add(_ action: String, withoutPTX ptx: [Architecture]) {
      let without = inside.subtracting(ptx.map { .init($0.capability, isReal: false) })
      add(action, rest + sum(without, stored), plan.price(ofLeavingOut: ptx))
    }
    // `--no-ptx` is all that nobody asked for; where that is only one, it says the same as the one.
    for architecture in largest.architectures where architecture.virtual && architecture.real {
      if unasked != [architecture] { add(architecture.droppingPTX, withoutPTX: [architecture]) }
    }
    add("--no-ptx", withoutPTX: unasked)
    for architecture in largest.architectures where architecture.real {
      let covering = plan.compileSet.architectures.last {
        $0.real && $0 != architecture && $0.capability < architecture.capability
          && $0.capability.cubinRuns(on: architecture.capability)
      }
      guard let covering else { continue }
      let without = inside.subtracting([.init(architecture.capability, isReal: true)])
      add(
        "leave out \(architecture.capability)",
        rest + sum(without, stored),
        "its GPUs run the code of \(covering.capability), somewhat slower"
      )
    }
    // The order above is by what users pay; those that are enough come before those that only help.
    let enough = found.filter { $0.largestAfterwards <= spec.cap }
    let helping = found.filter { $0.largestAfterwards > spec.cap }.sorted {
      $0.largestAfterwards < $1.largestAfterwards
    }
    return Array((enough + helping).prefix(3))
  }

  private func weigh(_ libraries: [FilePath]) async throws -> [ObjectCarver.Image: Weight] {
    var weights: [ObjectCarver.Image: Weight] = [:]
    for library in libraries {
      guard let fatbin = try Fatbin(in: ELFFile(library)) else { continue }
      let images = Dictionary(grouping: fatbin.entries) { ObjectCarver.image(of: $0) }
      for case (let image?, let entries) in images {
        let total = entries.reduce(0) { $0 + $1.storedSize }
        let step = max(1, total / Self.sampleBytes)
        let sample = stride(from: 0, to: entries.count, by: step).map { entries[$0] }
        let stored = sample.reduce(0) { $0 + $1.storedSize }
        guard stored > 0 else { continue }
        var plain = 0.0
        var zstd = 0.0
        for entry in sample {
          try Task.checkCancellation()
          plain += Double(try await CompressedSize.deflated(Data(entry.storedPayload.array())))
          zstd += Double(try entry.recompressed(as: .zstd(level: 19)).storedSize)
        }
        let scale = Double(total) / Double(stored)
        weights[image] = Weight(plain: plain * scale, zstd: zstd * scale)
      }
    }
    return weights
  }
}
