import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

extension EndToEnd {
  /// inspect and compare, as a person and a CI job run them.
  @Suite("Inspect and compare") struct Inspecting {
    private let shared = SharedBuild.shared

    @Test("a release's inventory is what inspect tells about its folder, and a later run replaces the folder")
    func release() async throws {
      let release = try await shared.split()
      let written = try #require(Files.text(release.out.appending("inventory.json")))
      try await withTemporaryDirectory { folder in
        let told = try await Program.run(["inspect", release.out.string, "--format", "json"], in: folder)
        #expect(told.exitCode == 0 && told.stdout == written, "\(told.stderr)")
        #expect(told.stderr.isEmpty)
        let wheel = try #require(try release.artifacts("wheel").first { $0.file.contains("sm75") }).file
        let table = try await Program.run(["inspect", release.out.appending(wheel).string], in: folder)
        #expect(table.stdout.contains("cubin 7.5") && table.stdout.contains("Kernels by family"))
        let page = try await Program.run(
          ["inspect", release.out.appending(wheel).string, "--format", "html"],
          in: folder
        )
        #expect(page.stdout.hasPrefix("<!DOCTYPE html>"))
      }
    }

    @Test(
      "compare is a gate: 0 within the budgets, 3 over one, 7 for what is no inventory, 64 for wrong words"
    )
    func gate() async throws {
      let release = try await shared.split()
      let wheels = try release.artifacts("wheel").map(\.file)
      let small = release.out.appending(try #require(wheels.first { $0.contains("sm61") })).string
      let large = release.out.appending(try #require(wheels.first { $0.contains("sm86") })).string
      try await withTemporaryDirectory { folder in
        func compare(_ arguments: String...) async throws -> ToolResult {
          try await Program.run(["compare"] + arguments, in: folder)
        }
        #expect(try await compare(small, large).exitCode == 0)
        #expect(try await compare(small, small, "--max-growth", "0").exitCode == 0)
        let over = try await compare(small, large, "--max-growth", "2%")
        #expect(over.exitCode == 3 && over.stdout.contains("no, by"))
        let inventory = release.out.appending("inventory.json").string
        #expect(try await compare(inventory, release.out.string, "--max-growth", "0").exitCode == 0)

        let configuration = folder.appending("llcuda-build.toml").string
        try "[budget]\nmax-size = \"1KiB\"\n".write(toFile: configuration, atomically: true, encoding: .utf8)
        #expect(try await compare(small, small).exitCode == 3)
        try "[budget]\nmax-sise = \"1KiB\"\n".write(toFile: configuration, atomically: true, encoding: .utf8)
        let wrong = try await compare(small, small)
        #expect(
          wrong.exitCode == 64 && wrong.stderr.contains("did you mean 'budget.max-size'?"),
          "\(wrong.stderr)"
        )
        try FileManager.default.removeItem(atPath: configuration)

        try "{}".write(toFile: folder.appending("x.json").string, atomically: true, encoding: .utf8)
        #expect(try await compare("x.json", small).exitCode == 7)
        #expect(try await compare("missing.whl", small).exitCode == 7)
        #expect(try await compare(small).exitCode == 64)
        #expect(try await compare(small, small, "--max-growth", "lots").exitCode == 64)
      }
    }
  }
}
