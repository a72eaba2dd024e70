import Building
import Doctor
import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@Suite("Doctor") struct DoctorTests {
  @Test("what nvcc says that it runs: programs once each, and where it looks for them")
  func dryRun() {
    let text = """
      #$ _NVVM_BRANCH_=nvvm
      #$ PATH=/cuda/bin/../nvvm/bin:/cuda/bin:/usr/bin
      #$ INCLUDES="-I/cuda/include"
      #$ g++-12 -D__CUDA_ARCH_LIST__=520 -E "a.cu" -o "a.ii"
      #$ cicc --c++17 "a.ii"
      #$ "/cuda/bin/"ptxas -arch=sm_52 "a.ptx"
      #$ cicc --c++17 "b.ii"
      #$ rm a.ii
      something else
      """
    let run = NVCCDryRun(parsing: text)
    #expect(run.searchPath == ["/cuda/bin/../nvvm/bin", "/cuda/bin", "/usr/bin"])
    #expect(run.programs == ["g++-12", "cicc", "/cuda/bin/ptxas"])
  }

  @Test("a checkup for people: the way out stands below what is wrong, the verdict at the end")
  func text() {
    let checkup = Checkup([
      .ok("CUDA", "12.4"), .missing("cmake", "not on PATH", "pip install cmake"),
      .advice("memory", "1.0 MiB", "say --jobs 1"),
    ])
    #expect(!checkup.isReady)
    #expect(
      checkup.text() == """
        ok      CUDA    12.4
        MISSING cmake   not on PATH
                        → pip install cmake
        advice  memory  1.0 MiB
                        → say --jobs 1

        1 missing, 1 could be better

        """
    )
    #expect(checkup.text(markdown: true).contains("- **cmake** missing: not on PATH\n  → pip install cmake"))
    #expect(Checkup([.ok("a", "b")]).text().hasSuffix("ready to build\n"))
  }

  /// Examines a machine that has nothing but what a folder holds.
  private func examine(_ folder: FilePath, _ change: (inout ReleaseSpec) -> Void = { _ in }) async throws
    -> Checkup
  {
    var spec = ReleaseSpec()
    spec.buildFolder = folder.appending("build").string
    spec.cudaHome = folder.appending("cuda").string
    spec.hostCompiler = folder.appending("g++").string
    change(&spec)
    return try await Examination(
      spec: spec,
      folders: Folders(resources: folder, cache: folder.appending("cache")),
      locator: ToolLocator(path: folder.string),
      runner: ToolRunner(),
      environment: [:]
    ).run()
  }

  private func script(_ text: String, at path: FilePath) throws {
    let folder = path.removingLastComponent().string
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path.string))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
  }

  @Test("a machine with nothing: everything is named with the way to get it")
  func empty() async throws {
    try await withTemporaryDirectory { folder in
      let checkup = try await examine(folder)
      let missing = checkup.findings.filter { $0.state == .missing }
      #expect(missing.map(\.subject) == ["CUDA", "cmake", "ninja", "strip", "llama.cpp"])
      #expect(missing.allSatisfy { $0.remedy?.isEmpty == false })
      #expect(checkup.findings.first { $0.subject == "compiler cache" }?.state == .advice)
      #expect(!checkup.isReady)
    }
  }

  @Test("an nvcc without its ptxas, a host compiler that is too new, a CMake that is too old")
  func unusable() async throws {
    try await withTemporaryDirectory { folder in
      let nvcc = """
        case $1 in
          --version) echo 'Cuda compilation tools, release 12.4, V12.4.131' ;;
          --list-gpu-code) echo sm_75 ;;
          --list-gpu-arch) echo compute_75 ;;
          --dryrun) echo '#$ PATH=\(folder)/cuda/bin'; echo '#$ cicc "x"'; echo '#$ ptxas "y"' ;;
        esac
        """
      try script(nvcc, at: folder.appending("cuda/bin/nvcc"))
      for name in ["cicc", "fatbinary", "cudafe++"] {
        try script("", at: folder.appending("cuda/bin/\(name)"))
      }
      try script("case $1 in -dumpversion) echo 14 ;; *) echo g++ 14.2 ;; esac", at: folder.appending("g++"))
      try script("echo cmake version 3.20.1", at: folder.appending("cmake"))
      let checkup = try await examine(folder) { $0.architectures = "75,90" }
      func finding(_ subject: String) -> Finding? { checkup.findings.first { $0.subject == subject } }
      #expect(finding("nvcc's programs")?.found == "nvcc finds no ptxas")
      #expect(finding("host compiler")?.found.contains("newer than CUDA 12.4 accepts (g++ 13)") == true)
      #expect(finding("host compiler")?.remedy?.contains("apt install g++-12") == true)
      #expect(
        finding("cmake")?.state == .missing && finding("cmake")?.found.contains("3.24 is needed") == true
      )
      #expect(finding("architectures")?.state == .missing)
      #expect(finding("CUDA libraries")?.found.contains("include/cublas_v2.h") == true)
    }
  }

  @Test(
    "this machine, when CUDA is here",
    .enabled(if: CUDAToolkitForTests.isPresent, "\(CUDAToolkitForTests.absence)")
  )
  func real() async throws {
    try await withTemporaryDirectory { folder in
      var spec = ReleaseSpec()
      spec.buildFolder = folder.string
      spec.compilerCache = .none
      spec.architectures = "75"
      let nvcc = try #require(CUDAToolkitForTests.nvcc)
      spec.cudaHome = nvcc.removingLastComponent().removingLastComponent().string
      let folders = Folders(resources: folder, cache: folder)
      let checkup = try await Examination(
        spec: spec,
        folders: folders,
        locator: ToolLocator(),
        runner: ToolRunner()
      )
      .run()
      let byName = Dictionary(checkup.findings.map { ($0.subject, $0) }) { first, _ in first }
      for subject in ["CUDA", "nvcc's programs", "CUDA libraries", "host compiler", "strip", "architectures"]
      {
        #expect(byName[subject]?.state == .ok, "\(String(describing: byName[subject]))")
      }
    }
  }
}
