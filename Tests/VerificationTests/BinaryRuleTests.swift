import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@testable import Verification

/// The rules for ELF files and GPU code, on libraries that gcc makes.
@Suite("Rules for binaries", .enabled(if: Libraries.compiler != nil, Libraries.absence))
struct BinaryRuleTests {
  private func verify(_ draft: WheelDraft, in folder: FilePath, _ options: Verifier.Options = .init()) async throws
    -> Set<String>
  {
    let path = try draft.write(into: folder)
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    return Set(try await Verifier(options).verify([path]).findings.map(\.rule.id))
  }

  @Test(arguments: [
    ("X05-stripped", [String]()), ("X05-stripped", ["-g"]),
    ("X05-rpath", ["-Wl,--strip-all,-rpath,/opt/cuda/lib64"]),
    ("X05-rpath", ["-Wl,--strip-all,-rpath,$ORIGIN/../../.."]),
    ("X05-rpath", ["-Wl,--strip-all,-rpath,$ORIGINAL/lib"]),
    ("X05-rpath", ["-Wl,--strip-all,-rpath,$ORIGIN:"]),
    ("", ["-Wl,--strip-all,-rpath,$ORIGIN/../../nvidia/lib:$ORIGIN"]),
  ])
  func `What the linker was told`(rule: String, options: [String]) async throws {
    try await withTemporaryDirectory { folder in
      let library = try await Libraries.make(
        "#include <stdlib.h>\nint sample(void) { return abs(-1); }",
        options,
        in: folder
      )
      // Debug sections name the folder of the source: another rule's business.
      var settings = Verifier.Options()
      settings.skipped = ["X05-paths"]
      #expect(try await verify(WheelDraft(library: library), in: folder, settings) == (rule.isEmpty ? [] : [rule]))
    }
  }

  @Test func `Libraries that nobody brings`() async throws {
    try await withTemporaryDirectory { folder in
      _ = try await Libraries.make(named: "libother.so", in: folder)
      let library = try await Libraries.make(
        "int sample2(void); int x(void) { return 0; }",
        ["-Wl,--strip-all,--no-as-needed", "-L.", "-lother"],
        in: folder
      )
      var draft = WheelDraft(library: library)
      #expect(try await verify(draft, in: folder) == ["X05-needed"])
      var options = Verifier.Options()
      options.allowedLibraries = ["libother.so"]
      #expect(try await verify(draft, in: folder, options) == [])
      options.allowedLibraries = ["libot*"]
      #expect(try await verify(draft, in: folder, options) == [])
      draft.metadata.append("Requires-Dist: sample-core==1.2.0")
      #expect(try await verify(draft, in: folder) == [])
    }
  }

  @Test func `The driver's library inside`() async throws {
    try await withTemporaryDirectory { folder in
      var draft = WheelDraft()
      draft.files.append(("sample_kit/bin/libcuda.so.1", try await Libraries.make(named: "libcuda.so.1", in: folder)))
      #expect(try await verify(draft, in: folder) == ["X05-libcuda"])
    }
  }

  @Test func `A tag older than the symbols`() async throws {
    try await withTemporaryDirectory { folder in
      // pthread_create came to libc itself with glibc 2.34.
      let code = "#include <pthread.h>\nint sample(void) { pthread_t t; return pthread_create(&t, 0, 0, 0); }"
      var draft = WheelDraft(library: try await Libraries.make(code, in: folder))
      #expect(try await verify(draft, in: folder) == [])
      draft.tag = "py3-none-manylinux_2_28_x86_64"
      draft.wheel[3] = "Tag: \(draft.tag)"
      #expect(try await verify(draft, in: folder) == ["X05-glibc"])
    }
  }

  @Test func `Bytes of the library changed by hand`() async throws {
    try await withTemporaryDirectory { folder in
      let good = try await Libraries.make(in: folder)
      // The first program header stands at 0x40; PT_LOAD's address at 16, its alignment at 48 of each.
      var shifted = good
      let count = Int(good[0x38])
      let load = try #require((0..<count).map { 0x40 + $0 * 56 }.last { good[$0] == 1 })
      shifted[load + 8] &+= 8
      #expect(try await verify(WheelDraft(library: shifted), in: folder).contains("X05-pages"))
      var cut = good
      cut[0x28 + 7] = 0x7F
      #expect(try await verify(WheelDraft(library: cut), in: folder) == ["X05"])
      let long = Array(good.prefix(100))
      #expect(try await verify(WheelDraft(library: long), in: folder) == ["X05"])
    }
  }

  @Test func `Folders of the building machine`() async throws {
    try await withTemporaryDirectory { folder in
      let code = #"const char *sample(void) { return "/home/jane/llama.cpp/ggml/mmq.cu"; }"#
      let library = try await Libraries.make(code, in: folder)
      #expect(try await verify(WheelDraft(library: library), in: folder) == ["X05-paths"])
      let other = try await Libraries.make(
        #"const char *sample(void) { return "/srv/ci/one/two"; }"#,
        in: folder
      )
      #expect(try await verify(WheelDraft(library: other), in: folder) == [])
      var options = Verifier.Options()
      options.buildFolders = ["/srv/ci"]
      #expect(try await verify(WheelDraft(library: other), in: folder, options) == ["X05-paths"])
    }
  }

  @Test func `Code that is changed at loading`() async throws {
    try await withTemporaryDirectory { folder in
      let code = #"""
        __asm__(".text\n.globl sample\nsample: movabs $where, %rax\nret\n.data\nwhere: .quad 0\n");
        """#
      let library = try await Libraries.make(code, ["-Wl,--strip-all", "-Wl,-z,notext"], in: folder)
      #expect(try await verify(WheelDraft(library: library), in: folder) == ["X05-textrel"])
    }
  }

  @Test func `What wheels with binaries have to say`() async throws {
    try await withTemporaryDirectory { folder in
      let library = try await Libraries.make(in: folder)
      var draft = WheelDraft(library: library)
      draft.bill = nil
      #expect(try await verify(draft, in: folder) == ["X07-sbom"])
      draft = WheelDraft(library: library)
      draft.wheel[2] = "Root-Is-Purelib: true"
      #expect(try await verify(draft, in: folder) == ["X07-purelib"])
      draft = WheelDraft(library: library)
      draft.tag = "py3-none-any"
      draft.wheel[3] = "Tag: py3-none-any"
      #expect(try await verify(draft, in: folder) == ["X07-pure"])
      draft = WheelDraft(library: library)
      draft.files.append(("sample_kit/bin/libsample.so.1", library))
      #expect(try await verify(draft, in: folder) == ["X04"])
      draft = WheelDraft(library: try await Libraries.makeProgram(in: folder))
      #expect(try await verify(draft, in: folder) == ["X02-exec"])
      draft.zip = { $0.change("libsample.so") { $0.mode = 0o100_755 } }
      #expect(try await verify(draft, in: folder) == [])
    }
  }

  @Test(arguments: [
    ("real 75 86\nvirtual 86\n", ""),
    ("real 75 80 86\nvirtual 86\n", "X06-missing"),
    ("real 75 86\nvirtual 80 86\n", "X06-missing"),
    ("real 75\nvirtual 86\n", "X06-foreign"),
    ("real 75 86\n", "X06-foreign"),
    ("real 80 86\nvirtual 86\n", "X06-foreign X06-missing"),
  ])
  func `An index and its library`(promise: String, rules: String) async throws {
    try await withTemporaryDirectory { folder in
      let code = Libraries.fatbin(real: [75, 86], virtual: [86])
      var draft = WheelDraft(library: try await Libraries.make(code, in: folder))
      draft.files.append(("sample_kit/bin/libsample.index", Array("format 1\nslice x\n\(promise)".utf8)))
      #expect(try await verify(draft, in: folder).sorted().joined(separator: " ") == rules)
    }
  }

  @Test func `Architectures that were promised on the command line`() async throws {
    try await withTemporaryDirectory { folder in
      let code = Libraries.fatbin(real: [75, 86], virtual: [86])
      let draft = WheelDraft(library: try await Libraries.make(code, in: folder))
      var options = Verifier.Options()
      let capabilities = [ComputeCapability(number: 75), ComputeCapability(number: 86)]
      options.architectures = capabilities.map { Architecture($0, real: true, virtual: $0.number == 86) }
      #expect(try await verify(draft, in: folder, options) == [])
      options.architectures?.removeLast()
      #expect(try await verify(draft, in: folder, options) == ["X06-foreign"])
      let path = try draft.write(into: folder)
      #expect(try await Verifier().verify([path]).files[0].architectures.map(\.description) == ["7.5", "8.6+PTX"])
    }
  }

  @Test func `GPU code that is broken`() async throws {
    try await withTemporaryDirectory { folder in
      let code = Libraries.fatbin(real: [75], virtual: []).replacing("{80,237,85,186,", with: "{80,237,85,187,")
      let library = try await Libraries.make(code, in: folder)
      #expect(try await verify(WheelDraft(library: library), in: folder) == ["X06"])
    }
  }
}
