import Archives
import Building
import Carving
import Foundation
import Packaging
import Planning
import ReleaseModel
import SystemPackage
import Timeline
import ToolExecution

// What wheels say about themselves: names, requirements, extras, descriptions.

extension ReleaseLayout {
  private var packageFolder: FilePath {
    spec.project.packageFolder.map { FilePath($0) } ?? folders.resources.appending("dist/python/llcuda")
  }
  private var packageName: String { packageFolder.lastComponent?.string ?? "llcuda" }
  private var binFolder: String { "\(packageName)/bin" }

  /// Writes the wheel of every parcel and, in layout `split`, the one that requires them all.
  ///
  /// - Returns: the wheels, and the files that they hold deflated.
  func writeWheels(
    _ parcels: [Parcel],
    into folder: FilePath
  ) async throws -> (wheels: [ReleaseManifest.Artifact], deflated: [FilePath: DeflatedFile]) {
    var wheels: [(Wheel, Parcel)] = []
    let version = project.version
    let groups = try parcels.compactMap(\.group).map {
      (group: $0.name, wheel: try project.group($0.name, toolkit: plan.toolkit.version))
    }
    let locked = groups.map { "\($0.wheel.normalized)==\(version)" }
    let coreName = layout == .split ? try project.core() : project.name
    let lockedCore = "\(coreName.normalized)==\(version)"
    for parcel in parcels {
      if let group = parcel.group {
        let name = try project.group(group.name, toolkit: plan.toolkit.version)
        wheels.append(
          (try groupWheel(name, parcel, requirements: [lockedCore] + nvidia.requirements), parcel)
        )
      } else {
        // An extra per group brings one; `all` brings them all without the other project.
        let extras = groups.isEmpty ? [] : zip(groups, locked).map { ($0.group, [$1]) } + [("all", locked)]
        let requirements = parcel.products.isEmpty && parcel.kernels.isEmpty ? [] : nvidia.requirements
        wheels.append((try coreWheel(coreName, parcel, requirements: requirements, extras: extras), parcel))
      }
    }
    if layout == .split {
      let meta = Parcel(role: .meta, group: nil, core: [], products: [], facts: [])
      wheels.append((metaWheel(requirements: [lockedCore] + locked), meta))
    }
    var writer = WheelWriter(generator: "llcuda-build \(LlcudaBuild.version)", timestamp: timestamp)
    writer.deflated = deflated
    var artifacts: [ReleaseManifest.Artifact] = []
    var deflated = deflated
    for (written, (_, parcel)) in zip(try await write(wheels.map(\.0), with: writer, into: folder), wheels) {
      artifacts.append(artifact(written, kind: "wheel", of: parcel))
      deflated.merge(written.deflated) { _, new in new }
    }
    return (artifacts, deflated)
  }

  /// Writes wheels, two at once: at the end of one, which its last chunks leave to a few cores, the next has begun.
  private func write(_ wheels: [Wheel], with writer: WheelWriter, into folder: FilePath) async throws
    -> [WrittenArchive]
  {
    try await wheels.map(atOnce: 2) { wheel in
      try await Span.measure(.archive, wheel.fileName) { try await writer.write(wheel, into: folder) }
    }
  }

  private func metadata(_ name: ProjectName, summary: String? = nil) -> CoreMetadata {
    var metadata = CoreMetadata(name: name, version: project.version, of: spec.project)
    metadata.summary = summary ?? metadata.summary
    metadata.classifiers = [
      "Environment :: GPU :: NVIDIA CUDA :: \(plan.toolkit.version.major)",
      "Operating System :: POSIX :: Linux",
      "Programming Language :: Python :: 3",
    ]
    return metadata
  }

  private func longDescription(_ name: ProjectName) -> String {
    let template = folders.resources.appending("dist/README-wheel.md").string
    let floor = DriverFloor(
      toolkit: plan.toolkit.version,
      compression: spec.kernelCompression,
      hasPTX: plan.compileSet.architectures.contains(where: \.virtual)
    )
    let values = [
      "name": name.text, "version": project.version.text, "architectures": "\(plan.compileSet)",
      "llama_cpp_version": "\(source.version) (\(source.origin))",
      "toolkit": "\(plan.toolkit.version.release)",
      "driver_floor": floor.cubins.release,
    ]
    var text = (try? String(contentsOfFile: template, encoding: .utf8)) ?? ""
    for (key, value) in values { text = text.replacing("{{\(key)}}", with: value) }
    return text
  }

  private func coreWheel(
    _ name: ProjectName,
    _ parcel: Parcel,
    requirements: [String],
    extras: [(name: String, requirements: [String])]
  ) throws -> Wheel {
    var metadata = metadata(name)
    metadata.extras = extras.map(\.name)
    metadata.requirements =
      requirements + extras.flatMap { extra in extra.requirements.map { "\($0) ; extra == '\(extra.name)'" } }
    metadata.description = longDescription(project.name)
    let package = FileTree.files(below: packageFolder).map {
      ZipWriter.Member(name: "\(packageName)/\($0.name)", content: .file($0.path))
    }
    let extra = spec.project.extraFiles.map {
      ZipWriter.Member(name: $0.key, content: .file(FilePath($0.value)))
    }
    let bundled = spec.project.packageFolder == nil
    return Wheel(
      metadata: metadata,
      platform: try PlatformTag(for: parcel.facts.map(\.versions)).description,
      consoleScripts: bundled ? ["llcuda": "llcuda.cli:main", "llcuda-server": "llcuda.cli:server"] : [:],
      licenses: licenses,
      files: package + extra + members(of: parcel, in: binFolder),
      bill: try bill(of: name, parcel)
    )
  }

  private func groupWheel(_ name: ProjectName, _ parcel: Parcel, requirements: [String]) throws -> Wheel {
    let architectures = parcel.products.flatMap(\.contents.architectures).map(\.description).joined(
      separator: ", "
    )
    var metadata = metadata(
      name,
      summary: "CUDA kernels of \(project.name) for compute capability \(architectures)"
    )
    metadata.requirements = requirements
    metadata.description =
      "GPU code of `\(project.name)` for compute capability \(architectures). Install `\(project.name)`, which brings it along.\n"
    return Wheel(
      metadata: metadata,
      platform: try PlatformTag(for: parcel.facts.map(\.versions)).description,
      licenses: licenses,
      files: members(of: parcel, in: binFolder),
      bill: try bill(of: name, parcel)
    )
  }

  private func metaWheel(requirements: [String]) -> Wheel {
    var metadata = metadata(project.name)
    metadata.requirements = requirements
    metadata.description = longDescription(project.name)
    return Wheel(metadata: metadata, platform: "any")
  }
}
