import BinaryFormats
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// What each layout writes, and that it says the truth about it.
  @Suite("Layouts") struct Layouts {
    private let shared = SharedBuild.shared

    @Test("split: a core, a wheel and three tarballs per group, a meta wheel; slices hold what they promise")
    func split() async throws {
      let release = try await shared.split()
      let manifest = try release.manifest()
      let major = manifest.inputs.toolkit.major
      #expect(manifest.layout == .split)
      let wheels = try release.artifacts("wheel").map { $0.file.split(separator: "-")[0] }
      #expect(
        wheels == [
          "llcuda_core", "llcuda_cu\(major)_sm61", "llcuda_cu\(major)_sm75", "llcuda_cu\(major)_sm86",
          "llcuda",
        ]
      )
      #expect(try release.artifacts("tarball").count == 4 * 3)
      let expected =
        manifest.artifacts.map(\.file) + [
          "SHA256SUMS", "inventory.html", "inventory.json", "inventory.md", "manifest.json",
          "provenance.intoto.json", "report.md",
        ]
      #expect(try Files.names(in: release.out) == expected.sorted())
      #expect(release.result.stdout.contains("llcuda_core-0.1.0"))

      try await withTemporaryDirectory { folder in
        let bin = try await release.install(into: folder.appending("site"))
        for (name, kernels) in [("sm61", ["61"]), ("sm75", ["75"]), ("sm86", ["86", "86-ptx"])] {
          #expect(try await Release.kernels(of: bin.appending("cuda/\(name).so")) == Set(kernels))
        }
        #expect(try Files.names(in: bin.appending("cuda")).count == 6)
        let index = try #require(Files.text(bin.appending("cuda/sm86.index")))
        #expect(index.contains("\ncompile-set 61 75 86\nreal 86\nvirtual 86\n"))
        #expect(try Files.names(in: bin).contains("libggml-base.so.0"))
        #expect(!(try Files.names(in: bin).contains("libggml-base.so")))
      }
    }

    @Test("single: one wheel and one tarball with one library of everything")
    func single() async throws {
      let release = try await shared.release("single", ["--layout", "single"])
      #expect(release.result.exitCode == 0, "\(release.result.stderr)")
      #expect(try release.manifest().artifacts.map(\.kind) == ["wheel", "tarball"])
      try await withTemporaryDirectory { folder in
        let bin = try await release.install(into: folder.appending("site"))
        #expect(try Files.names(in: bin.appending("cuda")) == ["all.index", "all.so"])
        let kernels = try await Release.kernels(of: bin.appending("cuda/all.so"))
        #expect(kernels == ["61", "75", "86", "86-ptx"])
      }
    }

    @Test("auto takes single when it fits")
    func automatic() async throws {
      let release = try await shared.release("auto", ["--tarball", "none"])
      #expect(release.result.exitCode == 0, "\(release.result.stderr)")
      #expect(try release.manifest().layout == .single)
      #expect(try release.manifest().artifacts.count == 1)
    }

    @Test("auto over the cap: exit code 3, everything is written, the report says by how much and what helps")
    func overBudget() async throws {
      // A package of one's own is smaller than the bundled one, and there is no layout packed then.
      try Files.write("", to: shared.root.appending("over/own/__init__.py"))
      let text = "[project]\npackage-folder = \"own\"\n"
      let config = shared.root.appending("over/llcuda-build.toml")
      try Files.write(text, to: config)
      let options = [
        "--cap", "20000", "--group", "every=61,75,86", "--tarball", "none", "--config", config.string,
      ]
      let release = try await shared.release("over", options)
      #expect(release.result.exitCode == 3, "\(release.result.stderr)")
      let manifest = try release.manifest()
      #expect(manifest.layout == .split)
      #expect(release.result.stdout.contains("over the cap of 20,000; split is next"))
      #expect(release.result.stdout.contains("layout packed is passed over: it needs the Python package"))
      #expect(manifest.overBudget.count == 2)
      for artifact in manifest.artifacts {
        #expect(Files.exists(release.out.appending(artifact.file)))
      }
      for artifact in manifest.overBudget {
        let excess = artifact.bytes - manifest.cap
        #expect(release.result.stdout.contains("'\(artifact.file)' by \(excess) bytes"))
      }
      #expect((1...3).contains(manifest.remedies.count))
      #expect(manifest.remedies.contains { $0.action.hasSuffix("instead of --group every") })
      for remedy in manifest.remedies {
        #expect(release.result.stdout.contains(remedy.action))
        #expect(remedy.largestAfterwards < manifest.overBudget.map(\.bytes).max() ?? .zero)
      }
      let written = try #require(Files.text(release.out.appending("report.md")))
      #expect(manifest.remedies.allSatisfy { written.contains($0.action) })
    }

    @Test("single over the cap: the remedies name the split layout, and what it promises is about true")
    func singleOverBudget() async throws {
      let release = try await shared.release("over-single", ["--layout", "single", "--cap", "80000"])
      #expect(release.result.exitCode == 3, "\(release.result.stderr)")
      let remedies = try release.manifest().remedies
      let split = try #require(remedies.first { $0.action == "--layout split" })
      #expect(split.largestAfterwards.bytes <= 80000 && release.result.stdout.contains("--layout split"))
      let real = try #require(try await shared.split().artifacts("wheel").map(\.bytes).max())
      let ratio = Double(split.largestAfterwards.bytes) / Double(real.bytes)
      #expect((0.8...1.25).contains(ratio), "promised \(split.largestAfterwards), came to \(real)")
    }

    @Test("manifest.json says the same as the files")
    func manifestIsTrue() async throws {
      let release = try await shared.split()
      let manifest = try release.manifest()
      let sums = try await runTool("/usr/bin/sha256sum", ["-c", "SHA256SUMS"], in: release.out)
      #expect(sums.isSuccess, "\(sums.stdout)\(sums.stderr)")
      let lines = sums.stdout.split(separator: "\n")
      #expect(lines.count == manifest.artifacts.count + 2)
      #expect(lines.allSatisfy { $0.hasSuffix(": OK") })

      try await withTemporaryDirectory { folder in
        for artifact in manifest.artifacts {
          let data = try #require(Files.bytes(release.out.appending(artifact.file)))
          #expect(artifact.bytes.bytes == Int64(data.count))
        }
        let bin = try await release.install(into: folder.appending("site"))
        #expect(manifest.slices.map(\.name) == ["sm61", "sm75", "sm86"])
        for slice in manifest.slices {
          let path = bin.appending("cuda/\(slice.name).so")
          let file = try ELFFile(path)
          #expect(slice.bytes.bytes == Int64(file.bytes.count))
          let rows = try FatbinInventory(of: file).rows
          #expect(slice.kernels.map(\.images) == rows.map(\.entryCount))
          #expect(slice.kernels.map(\.capability.number) == rows.map(\.architecture.number))
          #expect(slice.kernels.map(\.kind) == rows.map { $0.form == .real ? "real" : "virtual" })
          // All four units have kernels.
          #expect(rows.allSatisfy { $0.entryCount == 4 })
          let group = try #require(manifest.artifacts.first { $0.group == slice.name && $0.kind == "wheel" })
          #expect(Set(group.neededLibraries) == Set(try #require(file.dynamic).neededLibraries))
          #expect(group.architectures.map(\.capability) == Array(Set(slice.kernels.map(\.capability))))
        }
      }
    }

    @Test("--slice puts architectures into one slice, --group puts slices into one wheel")
    func slicesAndGroups() async throws {
      let options = ["--layout", "split", "--slice", "61,75", "--group", "old=61,75", "--tarball", "none"]
      let release = try await shared.release("slices", options)
      #expect(release.result.exitCode == 0, "\(release.result.stderr)")
      #expect(try release.artifacts("wheel").compactMap(\.group) == ["old", "sm86"])
      try await withTemporaryDirectory { folder in
        let bin = try await release.install(into: folder.appending("site"))
        let names = try Files.names(in: bin.appending("cuda"))
        #expect(names == ["sm61-75.index", "sm61-75.so", "sm86.index", "sm86.so"])
        #expect(try await Release.kernels(of: bin.appending("cuda/sm61-75.so")) == ["61", "75"])
      }
    }

    @Test("every slice's host code knows the whole compile set")
    func hostCode() async throws {
      let release = try await shared.split()
      try await withTemporaryDirectory { folder in
        let bin = try await release.install(into: folder.appending("site"))
        let result = try await SliceCalls.closest(["sm61", "sm75", "sm86"], of: release, in: bin)
        #expect(result.stdout == "[75, 75, 75] 75\n", "\(result.stderr)")
      }
    }
  }
}
