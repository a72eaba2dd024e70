import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// Each rule has a wheel that breaks it and nothing else, made of a good one by one change.
@Suite("Rules", .enabled(if: Libraries.compiler != nil, Libraries.absence))
struct RuleTests {
  /// A way to spoil a wheel.
  struct Case: Sendable, CustomTestStringConvertible {
    let rule: String
    let spoil: @Sendable (inout WheelDraft) -> Void

    init(_ rule: String, _ spoil: @escaping @Sendable (inout WheelDraft) -> Void) {
      self.rule = rule
      self.spoil = spoil
    }

    var testDescription: String { rule }
  }

  private func verify(_ draft: WheelDraft, in folder: FilePath, _ options: Verifier.Options = .init())
    async throws
    -> [Finding]
  {
    let path = try draft.write(into: folder)
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    return try await Verifier(options).verify([path]).findings
  }

  @Test func `A good wheel breaks no rule`() async throws {
    try await withTemporaryDirectory { folder in
      let library = try await Libraries.make(in: folder)
      #expect(try await verify(WheelDraft(library: library), in: folder).isEmpty)
      #expect(try await verify(WheelDraft(), in: folder).isEmpty)
    }
  }

  @Test(arguments: Self.names + Self.frames + Self.metadata + Self.contents)
  func `One change breaks one rule`(change: Case) async throws {
    try await withTemporaryDirectory { folder in
      var draft = WheelDraft()
      change.spoil(&draft)
      let findings = try await verify(draft, in: folder)
      #expect(
        Set(findings.map(\.rule.id)) == [change.rule],
        "\(findings.map { "\($0.rule.id) \($0.place ?? "") \($0.seen)" })"
      )
    }
  }

  static let names: [Case] = [
    Case("P02") {
      $0.fileName = "sample_kit-1.2.0-py3-none-manylinux_2_36_x86_64\u{1}.whl"; $0.tag += "\u{1}"
    },
    Case("F01") { $0.fileName = "sample_kit-1.2.0-sm75-py3-none-manylinux_2_36_x86_64.whl" },
    Case("F01") { $0.fileName = "sample_kit-1.2.0-py3-none-manylinux_2_36_x86_64-sm75.whl" },
    Case("F02") {
      $0.tag = "py3-none-linux_x86_64"; $0.wheel[3] = "Tag: py3-none-linux_x86_64"
    },
    Case("F03") { $0.name = "Sample_Kit" },
    Case("F04") { $0.replace("Version", with: "Version: 1.2.1") },
    Case("F05") {
      $0.version = "1.2.0+cu12"; $0.replace("Version", with: "Version: 1.2.0+cu12")
    },
    Case("F06") { $0.wheel[3] = "Tag: py3-none-manylinux_2_28_x86_64" },
    Case("F06") { $0.wheel.append("Tag: py2-none-manylinux_2_36_x86_64") },
    Case("M01") { draft in
      let platforms = (27...36).map { "manylinux_2_\($0)_x86_64" }
      draft.tag = "py3-none-" + platforms.joined(separator: ".")
      draft.wheel = draft.wheel.dropLast() + platforms.map { "Tag: py3-none-\($0)" }
    },
  ]

  static let frames: [Case] = [
    Case("Z01") { $0.zip = { $0.whole = Array("not a zip archive, and longer than an end record".utf8) } },
    Case("Z02") {
      $0.zip = {
        $0.change("cli.py") {
          $0.method = 8; $0.uncompressed = 100 << 20
        }
      }
    },
    Case("Z03") { $0.zip = { $0.change("cli.py") { $0.method = 12 } } },
    Case("Z04") {
      $0.wheel = [];
      $0.zip = { $0.entries.removeAll { String(decoding: $0.name, as: UTF8.self).hasSuffix("/WHEEL") } };
      $0.record = { $0.withoutRow("/WHEEL") }
    },
    Case("Z05") {
      $0.files.append(("sample_kit/secret.py", Array("from pyarmor_runtime_0 import x\n".utf8)))
    },
    Case("Z06") {
      $0.zip = { $0.entries.append(.init("sample_kit/cli.py", Array("def main(): pass\n".utf8))) }
    },
    Case("Z06") {
      $0.zip = { $0.change("cli.py") { $0.isInDirectory = false } }; $0.record = { $0.withoutRow("cli.py") }
    },
    Case("Z06") {
      $0.zip = {
        var more = ZipBuilder.Entry("sample_kit/more.py", [1]); more.isInDirectory = false;
        $0.entries.append(more)
      }
    },
    Case("Z07") { $0.zip = { $0.change("cli.py") { $0.flags = 8 } } },
    Case("Z08") { $0.zip = { $0.change("cli.py") { $0.localUncompressed = 3 } } },
    Case("Z09") { $0.zip = { $0.change("cli.py") { $0.comment = [0x41] } } },
    Case("Z09-archive") { $0.zip = { $0.comment = [0x41] } },
    Case("Z10") { $0.zip = { $0.suffix = [0] } },
    Case("Z10") { $0.zip = { $0.gap = [1, 2, 3, 4] } },
    Case("Z11") { $0.zip = { $0.countOffset = 1 } },
    Case("Z11") { $0.zip = { $0.change("cli.py") { $0.localExtra = [1, 0, 3, 0, 1, 2, 3] } } },
    Case("R01") { $0.record = { _ in nil } },
    Case("R01") { $0.record = { $0.replacing("cli.py,", with: "cli.py,,") } },
    Case("R02") { $0.record = { $0.withoutRow("cli.py") } },
    Case("R02") { $0.record = { $0 + "sample_kit/,,\n" } },
    Case("R03") { $0.record = { $0.replacing("cli.py,sha256=", with: "cli.py,sha256=A") } },
    Case("R03") { $0.record = { $0.replacing("cli.py,sha256=", with: "cli.py,md5=") } },
  ]

  static let metadata: [Case] = [
    Case("E01") { $0.entryPoints = "[console_scripts]\n../evil = a:b\n" },
    Case("E01") { $0.entryPoints = "[console_scripts]\na: b\n" },
    Case("M01") { draft in
      draft.zip = { $0.entries.removeAll { String(decoding: $0.name, as: UTF8.self).hasSuffix("/METADATA") } }
      draft.record = { $0.withoutRow("/METADATA") }
    },
    Case("M02") { $0.replace("Metadata-Version", with: "Metadata-Version: 2.6") },
    Case("M03-field") { $0.metadata.append("Name: Sample.Kit") },
    Case("M03-field") { $0.metadata.append("Obsolete: yes") },
    Case("M03-field") { $0.replace("Version") },
    Case("M03-summary") { $0.replace("Summary", with: "Summary: " + String(repeating: "é", count: 513)) },
    Case("M03-summary") { $0.replace("Summary", with: "Summary: one\n  two") },
    Case("M03-email") { $0.replace("Author-email", with: "Author-email: Jane <jane>") },
    Case("M03-classifier") { $0.metadata.append("Classifier: Topic :: Kittens") },
    Case("M03-classifier") { $0.metadata.append("Classifier: Natural Language :: Ukranian") },
    Case("M03-url") {
      $0.replace("Project-URL", with: "Project-URL: \(String(repeating: "x", count: 33)), https://a.org")
    },
    Case("M03-url") { $0.replace("Project-URL", with: "Project-URL: Home, example") },
    Case("M06") { $0.metadata.append("Project-URL: Home, https://example.org/") },
    Case("M06") { $0.metadata.append("Description: Another text") },
    Case("M03-requirement") { $0.metadata.append("Requires-Dist: more @ https://example.com/more.whl") },
    Case("M03-requirement") { $0.metadata.append("Requires-Dist: more >= ") },
    Case("M03-requirement") { $0.metadata.append("Requires-Dist: more ; python_versoin > '3'") },
    Case("M03-requirement") { $0.replace("Requires-Python", with: "Requires-Python: 3.9+") },
    Case("M03-extra") { $0.metadata.append("Provides-Extra: sm 80") },
    Case("M03-extra-form") { $0.metadata.append("Provides-Extra: SM_80") },
    Case("M03-extra-form") { $0.metadata.append("Provides-Extra: sm75") },
    Case("M03-dynamic") { $0.metadata.append("Dynamic: Version") },
    Case("M03-license") { $0.replace("License-Expression", with: "License-Expression: MIT License") },
    Case("M03-license") { $0.metadata.append("License: MIT") },
    Case("M03-spdx") { $0.replace("License-Expression", with: "License-Expression: MTI") },
    Case("M04") { $0.metadata.append("License-File: NOTICE") },
    Case("M05") { $0.replace("Description-Content-Type", with: "Description-Content-Type: text/html") },
    Case("M05") {
      $0.replace("Description-Content-Type", with: "Description-Content-Type: text/markdown; variant=MD")
    },
    Case("M05-type") { $0.replace("Description-Content-Type") },
    Case("M05-empty") { $0.description = "" },
    Case("X07") { $0.wheel[2] = "Root-Is-Purelib: maybe" },
    Case("X07") { $0.wheel.append("Root-Is-Purelib: false") },
    Case("X07-bom") { $0.bill = "{" },
    Case("X07-bom") { $0.bill = $0.bill?.replacing("sample-kit", with: "other") },
  ]

  static let contents: [Case] = [
    Case("X01") { $0.files.append(("../evil.py", [1])) },
    Case("X01") { $0.files.append(("/etc/evil", [1])) },
    Case("X01") { $0.files.append(("C:evil.py", [1])) },
    Case("X01") { $0.files.append(("sample_kit/\u{202E}yp.evil", [1])) },
    Case("X01") { $0.files.append(("sample_kit/\u{85}.py", [1])) },
    Case("X01-case") { $0.files.append(("sample_kit/CLI.py", [1])) },
    Case("X01-case") { $0.files.append(("sample_kit/cli.py/more.py", [1])) },
    Case("X01-portable") { $0.files.append(("sample_kit/a file.txt", [1])) },
    Case("X01-portable") { $0.files.append(("sample_kit/é.txt", [1])) },
    Case("X02") { $0.zip = { $0.change("cli.py") { $0.mode = 0o120_777 } } },
    Case("X02") { $0.zip = { $0.change("cli.py") { $0.mode = 0o010_644 } } },
    Case("X02-mode") { $0.zip = { $0.change("cli.py") { $0.mode = 0o104_755 } } },
    Case("X02-write") { $0.zip = { $0.change("cli.py") { $0.mode = 0o100_666 } } },
    Case("X03") { $0.zip = { $0.change("cli.py") { $0.crc = 7 } } },
    Case("X03") { $0.zip = { $0.change("cli.py") { $0.localCRC = 7 } } },
    Case("X03") {
      $0.zip = {
        $0.change("cli.py") {
          $0.method = 8; $0.uncompressed = 17
        }
      }
    },
    Case("X03") { $0.zip = { $0.change("cli.py") { $0.flags = 1 } } },
    Case("X04-files") { draft in
      for name in ["one", "two"] {
        draft.files.append(("sample_kit/\(name).bin", [UInt8](repeating: 7, count: 5000)))
      }
    },
    Case("X08") { $0.zip = { $0.change("cli.py") { $0.date = 0x5922 } } },
    Case("X08") { $0.zip = { $0.change("cli.py") { $0.date = 0 } } },
  ]
}

extension String {
  /// RECORD without the row of a file.
  func withoutRow(_ suffix: String) -> String {
    split(separator: "\n").filter { !$0.split(separator: ",")[0].hasSuffix(suffix) }.joined(separator: "\n")
      + "\n"
  }
}
