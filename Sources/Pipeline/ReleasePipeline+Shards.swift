import Archives
public import Building
import Foundation
public import Planning
public import ReleaseModel
public import Sharding
import SystemPackage
import Timeline
import ToolExecution

extension ReleasePipeline {
  /// Builds this machine's share of a release, and writes it as a part into the output folder.
  ///
  /// - Returns: what the part holds.
  /// - Throws: an error that ``RunFailure`` sorts, ``Planning/ShardPlanError``, ``Sharding/PartError``.
  public func run(shard: ShardSelection) async throws -> PartManifest {
    let part = PartFolder(FilePath(spec.outputFolder))
    try OutputFolder(part.path).checkApart(from: workspace.root)
    try part.checkReplaceable()
    return try await recorded {
      switch shard {
      case .kernels(let share):
        let job = try await prepare(share: 1 / Double(share.count))
        try await job.whileCaching { job in
          try await job.compileKernels { try units(of: share, costs: job.costs) }
        }
        return try await write(try objects(of: share, costs: job.costs), as: shard, of: job, to: part)
      case .core:
        let job = try await prepare(share: 0)
        try await job.whileCaching { job in try await job.compileCore() }
        let recipe = try CoreRecipe.read(from: workspace.core)
        return try await write(Self.files(of: recipe), as: shard, of: job, to: part, core: recipe)
      }
    }
  }

  /// Builds a release from parts, as if this machine had compiled it.
  ///
  /// What the parts have is not compiled; the core is, if no part has it.
  ///
  /// - Returns: the manifest of the release that now lies in the output folder.
  /// - Throws: an error that ``RunFailure`` sorts, ``Sharding/PartError`` naming what is wrong with which part.
  public func merge(_ parts: PartSet) async throws -> ReleaseManifest {
    let output = OutputFolder(FilePath(spec.outputFolder))
    try output.checkApart(from: workspace.root)
    try output.checkReplaceable()
    return try await recorded {
      let all = parts.kernels + (parts.core.map { [$0] } ?? [])
      listener.began("check \(all.count) parts")
      for part in all { try part.folder.verify(part.manifest) }
      listener.ended("\(all.count) parts of one build, plan digest \(parts.identity.digest.prefix(12))")

      let job = try await prepare()
      try parts.check(against: job.identity)
      if Set(parts.kernels.map(\.manifest.sourceFolder)).count > 1 {
        listener.told(
          "the shards had llama.cpp in different folders, which shows in names inside of kernels; one folder on all machines gives the bytes of a single machine"
        )
      }
      try await job.configureKernels()
      let recipe = try KernelsRecipe.read(from: workspace.kernels)
      let targets = KernelsRecipe.targets(recipe.objects, in: workspace.kernels)
      let sources = try parts.sources(of: targets)
      listener.began("take over \(sources.count) objects")
      for (target, source) in zip(targets, sources) {
        try Self.take(source.path, sha256: source.file.sha256, as: workspace.kernels.appending(target))
      }
      listener.ended("\(sources.count) objects in the build folder")

      let core: CoreRecipe
      if let part = parts.core {
        core = try takeCore(part)
      } else {
        try await job.whileCaching { job in try await job.compileCore() }
        core = try CoreRecipe.read(from: workspace.core)
      }
      return try await package(job, core: core, into: output)
    }
  }

  /// The plan of a share: from the tree's own list of objects and the measured costs.
  private func units(of shard: Shard, costs: UnitCosts) throws -> [String] {
    let recipe = try KernelsRecipe.read(from: workspace.kernels)
    let plan = try ShardPlan(
      units: KernelsRecipe.targets(recipe.objects, in: workspace.kernels),
      costs: costs,
      count: shard.count
    )
    return plan.units(of: shard)
  }

  /// How long ggml-cuda's units take, as it was measured.
  public static func costs(_ folders: Folders, flashAttention: Bool) -> UnitCosts {
    let data = FileManager.default.contents(
      atPath: folders.resources.appending("cmake/long-units.txt").string
    )
    let costs = UnitCosts(parsing: data.map { String(decoding: $0, as: UTF8.self) } ?? "")
    return flashAttention ? costs : costs.withoutFlashAttention
  }

  /// A file that goes into a part.
  private struct Member {
    let name: String
    let role: PartManifest.File.Role
    let path: FilePath
    var seconds: Double?
  }

  private func objects(of shard: Shard, costs: UnitCosts) throws -> [Member] {
    let seconds = TreeBuilder.log(of: workspace.kernels).secondsByOutput
    return try units(of: shard, costs: costs).map {
      Member(name: $0, role: .object, path: workspace.kernels.appending($0), seconds: seconds[$0])
    }
  }

  private static func files(of recipe: CoreRecipe) -> [Member] {
    func members(_ products: [CoreRecipe.Product], _ role: PartManifest.File.Role) -> [Member] {
      products.map { Member(name: $0.shipAs, role: role, path: FilePath($0.file)) }
    }
    return members(recipe.executables, .executable) + members(recipe.sharedLibraries, .sharedLibrary)
      + members(recipe.modules, .module)
  }

  private func write(
    _ members: [Member],
    as shard: ShardSelection,
    of job: Compilation,
    to part: PartFolder,
    core: CoreRecipe? = nil
  ) async throws -> PartManifest {
    listener.began("write part \(shard)")
    let manifest = PartManifest(
      shard: shard,
      identity: job.identity,
      request: BuildRequest(spec),
      sourceOrigin: job.source.origin,
      sourceFolder: job.source.folder,
      llamaVersion: core?.llamaVersion,
      files: try members.map {
        try PartFolder.describe($0.path, name: $0.name, role: $0.role, seconds: $0.seconds)
      }
    )
    try await part.write(manifest, from: members.map(\.path))
    listener.ended("\(members.count) files, \(manifest.bytes) bytes")
    return manifest
  }

  /// Puts a part's file in its place, unless the same bytes are there already.
  private static func take(_ source: FilePath, sha256: String, as target: FilePath) throws {
    try Task.checkCancellation()
    let files = FileManager.default
    if files.fileExists(atPath: target.string), try SHA256Digest.ofFile(at: target).hex == sha256 { return }
    try files.createDirectory(
      atPath: target.removingLastComponent().string,
      withIntermediateDirectories: true
    )
    let partial = "\(target).part"
    try? files.removeItem(atPath: partial)
    try? files.removeItem(atPath: target.string)
    try files.copyItem(atPath: source.string, toPath: partial)
    try files.moveItem(atPath: partial, toPath: target.string)
  }

  private func takeCore(_ part: PartSet.Part) throws -> CoreRecipe {
    let folder = workspace.root.appending("merged-core")
    var products: [PartManifest.File.Role: [CoreRecipe.Product]] = [:]
    for file in part.manifest.files {
      let target = folder.appending(file.name)
      try Self.take(part.folder.file(file), sha256: file.sha256, as: target)
      // What carries artifacts from machine to machine often drops the permissions.
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: target.string)
      products[file.role, default: []].append(.init(file: target.string, shipAs: file.name))
    }
    return CoreRecipe(
      llamaVersion: part.manifest.llamaVersion ?? "unknown",
      executables: products[.executable] ?? [],
      sharedLibraries: products[.sharedLibrary] ?? [],
      modules: products[.module] ?? []
    )
  }
}
