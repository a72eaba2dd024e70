import Foundation
import Planning
import ReleaseModel
import Sharding
import SystemPackage

enum Samples {
  static let identity = BuildIdentity(
    source: "sha256:1",
    toolkit: "12.4.131",
    hostCompiler: "g++-12 12.2.0",
    libc: "glibc 2.36",
    architectures: ["75-real", "86-real"],
    kernelDefinitions: ["GGML_CUDA=ON", "GGML_CUDA_FA=ON"],
    coreDefinitions: ["GGML_CUDA=OFF"],
    objectNames: .nvcc
  )

  static func manifest(
    _ shard: String,
    _ files: [PartManifest.File],
    _ change: (inout BuildIdentity) -> Void = { _ in }
  ) -> PartManifest {
    var identity = identity
    change(&identity)
    return PartManifest(
      shard: ShardSelection(parsing: shard) ?? .core,
      identity: identity,
      request: BuildRequest(ReleaseSpec()),
      sourceOrigin: "a folder",
      llamaVersion: shard == "core" ? "1.0" : nil,
      files: files
    )
  }

  static func object(_ name: String) -> PartManifest.File {
    PartManifest.File(name: name, role: .object, sha256: String(repeating: "a", count: 64), bytes: .zero)
  }

  static func part(
    _ folder: String,
    _ shard: String,
    _ units: [String],
    _ change: (inout BuildIdentity) -> Void = { _ in }
  )
    -> PartSet.Part
  {
    PartSet.Part(folder: PartFolder(FilePath(folder)), manifest: manifest(shard, units.map(object), change))
  }

  /// Writes a part of files with the given contents, named `0.o`, `1.o` ...
  static func write(_ shard: String, _ contents: [String], to folder: FilePath, scratch: FilePath)
    async throws
    -> PartManifest
  {
    var files: [PartManifest.File] = []
    var sources: [FilePath] = []
    for (index, content) in contents.enumerated() {
      let source = scratch.appending("\(index).o")
      try Data(content.utf8).write(to: URL(fileURLWithPath: source.string))
      sources.append(source)
      files.append(try PartFolder.describe(source, name: "x/\(index).o", role: .object, seconds: 1.5))
    }
    let manifest = manifest(shard, files)
    try await PartFolder(folder).write(manifest, from: sources)
    return manifest
  }
}
