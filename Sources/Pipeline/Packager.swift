import Archives
import BinaryFormats
import Building
import Carving
import Foundation
import Inspection
import Inventory
import PackedKernels
import Packaging
import Planning
import ReleaseModel
import Reporting
import SizeModel
import SystemPackage
import ToolExecution

/// Turns staged files into the output folder: decides the layout, writes archives, measures them, writes the manifest.
struct Packager: Sendable {
  let spec: ReleaseSpec
  let plan: ReleasePlan
  let project: ProjectIdentity
  let source: LlamaCppTree
  let toolkit: CUDAToolkit
  let trees: [BuildTree]
  let folders: Folders
  let workspace: Workspace
  let runner: ToolRunner
  let locator: ToolLocator
  let listener: any ProgressListener
  /// The digest of the plan that is executed.
  let planDigest: String
  /// What sizes are predicted from, the same on every machine.
  let model: SizeModel
  let kernels: KernelStage
  /// Slices' libraries that are deflated already.
  let deflated: [FilePath: DeflatedFile]

  /// Makes the release, or finds that it is already there.
  func release(
    core: [CoreStage.File],
    into output: OutputFolder
  ) async throws -> ReleaseManifest {
    let digest = try digest(core: core, objects: kernels.maker.objects)
    // One build folder may serve several output folders, so the stamp says which release it speaks of.
    if let manifest = output.manifest, output.isComplete(manifest), let stored = output.manifestDigest,
      workspace.isCurrent("release", digest: "\(digest) \(stored)", products: [])
    {
      listener.told("nothing changed since the release in \(output.path)")
      return manifest
    }
    workspace.markStale("release")
    let manifest = Box<ReleaseManifest?>(nil)
    try await output.replace { folder in
      manifest.value = try await assemble(core: core, in: folder)
    }
    guard let manifest = manifest.value else { throw CancellationError() }
    if let stored = output.manifestDigest {
      try workspace.markCurrent("release", digest: "\(digest) \(stored)")
    }
    return manifest
  }

  private func assemble(core: [CoreStage.File], in folder: FilePath) async throws -> ReleaseManifest {
    let candidates = LayoutChoice(spec: spec, plan: plan)
    var notes = plan.diagnostics + candidates.notes
    for layout in candidates.layouts.dropLast() {
      // Writing a wheel that nobody can upload takes as long as writing one that fits.
      let forecast = LayoutForecast(layout, of: plan, spec: spec, model: model)
      if let note = candidates.notTried(forecast) {
        listener.told("\(note)")
        notes.append(note)
        continue
      }
      let draft = try await layOut(layout, givingUpOver: spec.cap, core: core, in: folder)
      let largest = draft.artifacts.filter { $0.kind == "wheel" }.map(\.bytes).max() ?? .zero
      guard largest > spec.cap else {
        if !notes.isEmpty { listener.told("layout \(layout.rawValue) is taken") }
        return try await finish(draft, notes: notes, in: folder)
      }
      let note = candidates.passedOver(layout, largest: largest)
      listener.told("\(note)")
      notes.append(note)
      for artifact in draft.artifacts {
        try FileManager.default.removeItem(atPath: folder.appending(artifact.file).string)
      }
    }
    let release = try await layOut(candidates.last, givingUpOver: nil, core: core, in: folder)
    return try await finish(release, notes: notes, in: folder)
  }

  private func layOut(
    _ layout: Layout,
    givingUpOver limit: ByteCount?,
    core: [CoreStage.File],
    in folder: FilePath
  ) async throws -> ReleaseManifest {
    let made = try await self.kernels.products(for: layout)
    let (kernels, products) = (made.packed, made.slices)

    let upx = UPXStage(
      scope: spec.upx,
      workspace: workspace,
      runner: runner,
      locator: locator,
      listener: listener
    )
    let candidates =
      core.map {
        UPXStage.Candidate(
          name: $0.name,
          path: $0.path,
          isProgram: $0.isProgram,
          libraryFolders: [$0.path.removingLastComponent()]
        )
      }
      + products.map {
        UPXStage.Candidate(
          name: $0.slice.libraryName,
          path: $0.library,
          isProgram: false,
          libraryFolders: [
            workspace.stage.appending("core"), toolkit.home.appending("lib64"),
            toolkit.home.appending("lib64/stubs"),
          ]
        )
      }
    let packed = try await upx.pack(candidates)

    listener.began("write archives")
    let layouter = ReleaseLayout(
      layout: layout,
      spec: spec,
      plan: plan,
      project: project,
      source: source,
      folders: folders,
      core: core,
      products: products,
      kernels: kernels,
      hostCompiler: toolkit.hostCompilerVersion,
      packed: packed.packed,
      deflated: deflated
    )
    var manifest = ReleaseManifest(
      project: .init(name: project.name.text, version: project.version.text),
      inputs: inputs,
      layout: layout,
      cap: spec.cap
    )
    manifest.artifacts = try await layouter.write(groups: plan.groups, into: folder, givingUpOver: limit)
    // What a wheel's user gets; the tarballs' slices hold parts of the same.
    manifest.slices = (kernels.isEmpty ? products : kernels.map(\.slice)).map {
      ReleaseManifest.SliceRecord(name: $0.slice.name, bytes: $0.contents.bytes, kernels: $0.contents.kernels)
    }
    manifest.coverage = Coverage.rows(of: plan, layout: layout)
    if spec.upx != .none { manifest.upx = packed.records }
    let bytes = manifest.artifacts.reduce(ByteCount.zero) { $0 + $1.bytes }
    listener.ended("\(manifest.artifacts.count) archives, \(bytes) bytes")
    return manifest
  }

  private func finish(_ draft: ReleaseManifest, notes: [Diagnostic], in folder: FilePath) async throws
    -> ReleaseManifest
  {
    var manifest = draft
    manifest.diagnostics = notes
    manifest.plan = planRecord(of: manifest)
    if !manifest.overBudget.isEmpty {
      let folder =
        [.packed, .thin].contains(manifest.layout) ? workspace.root.appending("packed") : workspace.slices
      let libraries = manifest.slices.map { folder.appending("\($0.name).so") }
      manifest.remedies = try await Remedies(spec: spec, plan: plan, manifest: manifest).cheapest(
        libraries: libraries
      )
    }
    try render(manifest, as: .json).write(
      toFile: folder.appending(OutputFolder.manifestName).string,
      atomically: true,
      encoding: .utf8
    )
    try render(manifest, as: .markdown).write(
      toFile: folder.appending("report.md").string,
      atomically: true,
      encoding: .utf8
    )
    try json(Provenance(manifest)).write(
      toFile: folder.appending(Provenance.fileName).string,
      atomically: true,
      encoding: .utf8
    )
    var sums = manifest.artifacts.map { (file: $0.file, sha256: $0.sha256) }
    for own in [OutputFolder.manifestName, Provenance.fileName] {
      sums.append((own, try SHA256Digest.ofFile(at: folder.appending(own)).hex))
    }
    try ChecksumFile.text(for: sums).write(
      toFile: folder.appending("SHA256SUMS").string,
      atomically: true,
      encoding: .utf8
    )
    // Both read all archives, and neither has work for many cores all the time.
    let check = FinalCheck(spec: spec, workspace: workspace, listener: listener)
    async let report = check.report(on: folder)
    try await writeInventory(of: folder)
    listener.began("verify")
    try check.judge(folder, by: try await report)
    return manifest
  }

  /// Where every byte of the artifacts is, as `inspect` on the finished folder tells it too.
  private func writeInventory(of folder: FilePath) async throws {
    listener.began("measure")
    let inventory = try await Inspector().inspect([folder])
    for (name, format) in [("json", InventoryFormat.json), ("md", .markdown), ("html", .html)] {
      try render(inventory, as: format).write(
        toFile: folder.appending("inventory.\(name)").string,
        atomically: true,
        encoding: .utf8
      )
    }
    listener.ended("\(inventory.bytes) bytes in \(inventory.artifacts.count) files")
  }

  /// What was predicted of each artifact, beside what it came to.
  private func planRecord(of manifest: ReleaseManifest) -> ReleaseManifest.PlanRecord {
    let forecast = LayoutForecast(manifest.layout, of: plan, spec: spec, model: model)
    let predictions = manifest.artifacts.compactMap { artifact in
      forecast.files.first {
        $0.kind.rawValue == artifact.kind && $0.role == artifact.role && $0.group == artifact.group
      }.map {
        ReleaseManifest.Prediction(
          file: artifact.file,
          bytes: $0.weight.packed,
          estimates: $0.weight.estimates
        )
      }
    }
    return ReleaseManifest.PlanRecord(digest: planDigest, predicted: predictions)
  }

  private var inputs: ReleaseManifest.Inputs {
    func definitions(_ kind: BuildTree.Kind) -> [String] {
      trees.first { $0.kind == kind }?.definitions.map { portable($0) } ?? []
    }
    return ReleaseManifest.Inputs(
      llamaCpp: source.origin,
      llamaCppVersion: source.version,
      llamaCppDigest: source.digest,
      toolkit: plan.toolkit.version,
      hostCompiler: toolkit.hostCompilerVersion,
      architectures: plan.compileSet.architectures,
      kernelCompression: spec.kernelCompression,
      kernelDefinitions: definitions(.kernels),
      coreDefinitions: definitions(.core)
    )
  }

  /// Folders of the building machine say nothing about the release and would make manifests differ.
  private func portable(_ definition: String) -> String {
    definition
      .replacing(source.folder, with: "<llama.cpp>").replacing(toolkit.home.string, with: "<cuda>")
      .replacing(folders.resources.string, with: "<llcuda-build>").replacing(
        folders.cache.string,
        with: "<cache>"
      )
      .replacing(workspace.root.string, with: "<build>")
  }

  /// Everything the archives depend on.
  private func digest(core: [CoreStage.File], objects: [FilePath]) throws -> String {
    var comparable = spec
    (comparable.outputFolder, comparable.jobs) = ("", nil)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var digest = InputDigest()
    digest.add("version", LlcudaBuild.version)
    digest.add("spec", String(decoding: try encoder.encode(comparable), as: UTF8.self))
    digest.add("plan", String(decoding: try encoder.encode(plan), as: UTF8.self))
    digest.add("llama.cpp", source.digest)
    digest.add("planned", planDigest)
    digest.add("epoch", ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"] ?? "")
    digest.add(files: core.map(\.path) + objects)
    let package = spec.project.packageFolder.map { FilePath($0) } ?? folders.resources.appending("dist")
    digest.add("package", try SHA256Digest.ofTree(at: package).hex)
    for (name, path) in spec.project.extraFiles.sorted(by: { $0.key < $1.key }) {
      digest.add(name, try SHA256Digest.ofFile(at: FilePath(path)).hex)
    }
    return digest.hex
  }
}

/// A value that a closure fills.
final class Box<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}
