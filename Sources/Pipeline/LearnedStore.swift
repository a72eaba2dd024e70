import Foundation
import ReleaseModel
import Reporting
public import SizeModel
public import SystemPackage

/// What finished releases weighed on this machine, kept in the user's cache.
public struct LearnedStore: Sendable {
  private let folder: FilePath

  /// The store of a cache folder.
  public init(cache: FilePath) { folder = cache.appending("sizes") }

  /// A machine is rarely outside of this; a compiler cache that had everything is.
  private static let plausible = 0.3...20

  /// Seconds of all compilations together, the last of each unit, from ninja's log; `nil` when there is none.
  ///
  /// A line has start and end in milliseconds, a time, the output and a digest, between tabs (ninja's log version 5 on).
  static func compileSeconds(in tree: FilePath) -> Double? {
    let path = tree.appending(".ninja_log").string
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    var seconds: [Substring: Double] = [:]
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: "\t")
      guard fields.count == 5, fields[3].hasSuffix(".cu.o"), let start = Int(fields[0]),
        let end = Int(fields[1]), end >= start
      else { continue }
      seconds[fields[3]] = Double(end - start) / 1000
    }
    return seconds.isEmpty ? nil : seconds.values.reduce(0, +)
  }

  private func file(_ key: String) -> FilePath {
    let name = key.map { $0.isLetter && $0.isASCII || $0.isNumber && $0.isASCII ? $0 : "-" }
    return folder.appending("\(String(name).prefix(150)).json")
  }

  /// What is known of a subject, `nil` when nothing is or the file is damaged.
  public func sizes(of subject: SizeModel.Subject) -> LearnedSizes? {
    guard let key = LearnedSizes.key(of: subject),
      let data = FileManager.default.contents(atPath: file(key).string),
      let known = try? JSONDecoder().decode(LearnedSizes.self, from: data), known.key == key
    else { return nil }
    return known
  }

  /// Notes what a release weighed; a store that can't be written is no failure of the release.
  ///
  /// - Parameters:
  ///   - manifest: the release.
  ///   - model: what was predicted of it from the program's own figures.
  ///   - kernels: the kernels' tree, whose log has the time of every compilation.
  func learn(from manifest: ReleaseManifest, model: SizeModel, kernels: FilePath) {
    guard let key = LearnedSizes.key(of: model.subject), manifest.upx == nil else { return }
    let overhead = model.figures.wheel
    var sizes = self.sizes(of: model.subject) ?? LearnedSizes(key: key)
    let expected = model.kernelSeconds(manifest.inputs.architectures)
    if let slowness = Self.compileSeconds(in: kernels).map({ $0 / expected }), Self.plausible ~= slowness {
      sizes.slowness = (slowness * 100).rounded() / 100
    }
    for artifact in manifest.artifacts where artifact.kind == "wheel" {
      let own = artifact.role == .core ? overhead.core : overhead.group
      let weight = Weight(
        installed: artifact.installedBytes - ByteCount(own),
        packed: artifact.bytes - ByteCount(own)
      )
      switch (artifact.role, manifest.layout) {
      case (.core, .split), (.core, .thin): sizes.core = weight
      case (.group, .split):
        // A wheel of several slices doesn't say which of them weighs what.
        let inside = manifest.slices.filter { $0.name == artifact.group }
        guard inside.count == 1 else { continue }
        sizes.note(weight, of: artifact.architectures, stored: manifest.inputs.kernelCompression)
      default: continue
      }
    }
    guard let text = try? json(sizes) else { return }
    try? FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    try? text.write(toFile: file(key).string, atomically: true, encoding: .utf8)
  }
}
