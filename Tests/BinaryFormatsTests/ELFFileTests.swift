import BinaryFormats
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct ELFFileTests {
  private func rule(_ bytes: [UInt8]) -> String {
    #expect(throws: BinaryFormatError.self) { try ELFFile(ByteSource(bytes, name: "test")) }?.rule ?? ""
  }

  private let object = ObjectBuilder(containers: [FatbinBuilder.container([FatbinBuilder.cubinEntry(75)])])

  @Test func readsTheSectionsOfAnObject() throws {
    let file = try object.parsed()
    #expect(file.isRelocatable && !file.isSharedObject && !file.isExecutable && !file.isStripped)
    #expect(file.sections.map(\.name).dropFirst().first == ".nv_fatbin")
    let data = try #require(file.section(named: ".data"))
    #expect(data.alignment == 16 && data.offset % 16 == 0 && data.type == .programBits && data.flags == 3)
    #expect(try file.bytes(of: data).array() == ObjectBuilder.data)
    #expect(file.dynamic == nil && file.buildID == nil && file.programHeaders.isEmpty)
  }

  @Test func refusesHeadersOfOtherFiles() {
    func changed(_ place: Int, _ value: UInt8) -> String {
      var bytes = object.bytes
      bytes[place] = value
      return rule(bytes)
    }
    #expect(rule([]).contains("no ELF file"))
    #expect(rule(Array("!<arch>\n".utf8)).contains("no ELF file"))
    #expect(rule(Array(object.bytes.prefix(40))).contains("ELF header"))
    #expect(changed(4, 1).contains("64-bit"))
    #expect(changed(5, 2).contains("little-endian"))
    #expect(changed(6, 7).contains("version"))
    #expect(changed(18, 183).contains("machine"))
    #expect(changed(58, 32).contains("64 bytes long"))
    #expect(changed(62, 1).contains("names of the sections"))
  }

  @Test func refusesSectionsPastTheEnd() throws {
    let bytes = object.bytes
    let table = bytes.count - 8 * 64
    for (field, value) in [
      (24, UInt64(bytes.count)), (24, UInt64.max), (32, UInt64.max), (32, UInt64(1) << 40),
    ] {
      var broken = bytes
      broken.set(value, at: table + 64 + field)
      #expect(rule(broken).contains("section '.nv_fatbin'"))
    }
    var broken = bytes
    broken.set(UInt32(10_000), at: table + 64)
    #expect(rule(broken).contains("name of section 1"))
    broken = bytes
    broken.set(UInt16(0), at: 60)  // the number of sections then stands in section 0
    broken.set(UInt64.max / 8, at: table + 32)
    #expect(rule(broken).contains("number of sections"))
  }

  @Test func errorsNameTheFileThePlaceAndTheRule() {
    let error = #expect(throws: BinaryFormatError.self) {
      try ELFFile(ByteSource(Array(object.bytes.dropLast(64)), name: "cut.o"))
    }
    #expect(error?.kind == .truncated)
    #expect(error?.description.hasPrefix("'cut.o' at byte 0x") == true)
    #expect(error?.description.hasSuffix(".") == false)
  }
}

/// Reads what the host's own compiler and linker make.
@Suite(.enabled(if: CUDAToolkitForTests.hostCompiler != nil, "needs g++"), .timeLimit(.minutes(5)))
struct LinkedFileTests {
  private func build(
    _ options: [String],
    in folder: FilePath,
    _ name: String = "out"
  ) async throws -> FilePath {
    let compiler = try #require(CUDAToolkitForTests.hostCompiler)
    let source = folder.appending("source.cpp")
    let text = """
      #include <cmath>
      #include <cstdlib>
      #include <string>
      std::string text(double value) { return std::to_string(std::pow(value, 1.5)) + getenv("HOME"); }
      int main(int count, char **) { return text(count).size() == 1; }
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: source.string))
    let output = folder.appending(name)
    let result = try await runTool(compiler, options + ["-o", output.string, source.string, "-lm"])
    try #require(result.isSuccess, "\(result.stderr)")
    return output
  }

  @Test func readsWhatTheDynamicLinkerReads() async throws {
    try await withTemporaryDirectory { folder in
      let path = try await build(
        [
          "-shared", "-fPIC", "-g", "-Wl,-soname,libmine.so.1", "-Wl,--build-id=0x0102abcd",
          "-Wl,--enable-new-dtags,-rpath,$ORIGIN:$ORIGIN/..",
        ],
        in: folder
      )
      let file = try ELFFile(path)
      let dynamic = try #require(file.dynamic)
      #expect(file.isSharedObject && !file.isExecutable && !file.isRelocatable)
      #expect(dynamic.soname == "libmine.so.1")
      #expect(dynamic.runpath == "$ORIGIN:$ORIGIN/..")
      #expect(dynamic.rpath == nil)
      #expect(dynamic.hasInit && !dynamic.hasTextRelocations)
      #expect(file.buildID == "0102abcd")
      #expect(!file.isStripped && file.hasDebugSections)

      // Every library and version that readelf prints, and no other.
      let readelf = try #require(CUDAToolkitForTests.onPath("readelf"))
      let printed = try await runTool(readelf, ["-dVW", path.string], environment: ["LC_ALL": "C"]).stdout
      let needed = printed.matches(of: /Shared library: \[(.+?)\]/).map { String($0.1) }
      #expect(dynamic.neededLibraries == needed && needed.contains("libc.so.6"))
      let requirements = try #require(printed.firstRange(of: "Version needs section"))
      let names = printed[requirements.lowerBound...].matches(of: /Name: (\S+)/).map { String($0.1) }
      #expect(dynamic.versionRequirements.values.flatMap { $0 }.sorted() == names.sorted())
      #expect(dynamic.versionRequirements["libc.so.6"]?.contains("GLIBC_2.2.5") == true)
    }
  }

  @Test func tellsProgramsFromLibraries() async throws {
    try await withTemporaryDirectory { folder in
      for (name, options) in [("pie", ["-fPIE", "-pie"]), ("fixed", ["-no-pie"]), ("static", ["-static"])] {
        let file = try await ELFFile(build(options + ["-s"], in: folder, name))
        #expect(
          file.isExecutable && !file.isSharedObject && file.isStripped && !file.hasDebugSections,
          "\(name)"
        )
        #expect((file.dynamic == nil) == (name == "static"))
      }
      let old = try await ELFFile(
        build(
          ["-Wl,--disable-new-dtags,-rpath,/opt/x", "-nostartfiles", "-shared", "-fPIC"],
          in: folder,
          "old"
        )
      )
      #expect(old.dynamic?.rpath == "/opt/x" && old.dynamic?.runpath == nil)
      #expect(old.dynamic?.hasInit == false)
    }
  }

  @Test func readsDynamicDataWithoutSectionHeaders() async throws {
    try await withTemporaryDirectory { folder in
      let path = try await build(["-shared", "-fPIC", "-Wl,-soname,libmine.so"], in: folder)
      let whole = try ELFFile(path)
      var bytes = whole.bytes.array()
      bytes.set(UInt64(0), at: 40)
      bytes.set(UInt16(0), at: 60)
      let bare = try ELFFile(ByteSource(bytes, name: "bare"))
      #expect(bare.sections.isEmpty && bare.isStripped)
      #expect(bare.dynamic == whole.dynamic && bare.dynamic != nil)
      #expect(bare.buildID == whole.buildID)
      #expect(bare.isSharedObject)
    }
  }

  @Test(.timeLimit(.minutes(2))) func brokenLibrariesNeverCrash() async throws {
    try await withTemporaryDirectory { folder in
      let library = try await ELFFile(build(["-shared", "-fPIC"], in: folder)).bytes.array()
      for count in stride(from: 0, to: library.count, by: 64) {
        #expect(throws: BinaryFormatError.self) {
          try ELFFile(ByteSource(Array(library.prefix(count)), name: "cut"))
        }
      }
      var generator = SeededGenerator.printingSeed("broken libraries")
      // Most of a library is code, which is not read: aim at headers and the dynamic data.
      let header = 0..<0x800
      for round in 0..<2_000 {
        var bytes = library
        for _ in 0...Int.random(in: 0..<4, using: &generator) {
          let place =
            round % 2 == 0
            ? Int.random(in: header, using: &generator) : bytes.indices.randomElement(using: &generator) ?? 0
          bytes[place] = UInt8.random(in: 0...255, using: &generator)
        }
        if let file = try? ELFFile(ByteSource(bytes, name: "mutated")) {
          _ = (file.isExecutable, file.hasDebugSections, file.isStripped)
          _ = try? FatbinInventory(of: file)
        }
      }
    }
  }
}
