import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@testable import Configuration

@Suite struct ConfigurationFileTests {
  private static func parse(_ text: String, as name: String = "llcuda-build.toml") throws
    -> ConfigurationFile?
  {
    try ConfigurationFile.parse(text, path: FilePath("/project").appending(name))
  }

  static let full = """
    archs = ["75", 80, 8.6]
    ptx = false
    allow-jit = true
    layout = "split"
    slices = ["75,86", [80]]
    cap = "90MiB"
    prefer = "thin"
    max-wheels = 4
    allow-minor-fallback = true
    min-driver = "550"
    kernel-compression = "zstd"
    upx = "all"
    tarballs = ["gz", "zst"]
    llama-cpp = "https://host/llama.cpp.git@b4567"
    cuda-home = "cuda"
    host-compiler = "g++-12"
    out = "../dist"
    build = "/var/tmp/build"
    jobs = 3
    compiler-cache = "sccache"
    flash-attention = false

    [groups]
    desktop = "75,86"
    server = [80]

    [cmake-definitions]
    GGML_NATIVE = false
    LLAMA_X = "y"
    N = 2

    [budget]
    max-size = "90MiB"

    [project]
    name = "mycuda"
    version = "2.0"
    summary = "mine"
    author = "A. Person"
    author-email = "a@example.org"
    license = "Apache-2.0"
    urls = { Home = "https://example.org" }
    package-folder = "python/mycuda"
    extra-files = { "mycuda/data.json" = "data/d.json" }
    asset-url = "https://host/releases/2.0"
    """

  @Test func `Every key reaches the spec`() throws {
    var expected = ReleaseSpec()
    expected.architectures = "75,80,8.6"
    expected.addPTX = false
    expected.allowJIT = true
    expected.layout = .split
    expected.slices = ["75,86", "80"]
    expected.groups = [
      GroupRequest(name: "desktop", architectures: "75,86"),
      GroupRequest(name: "server", architectures: "80"),
    ]
    expected.cap = ByteCount(90 * 1_048_576)
    expected.preferredLayout = .thin
    expected.maxWheels = 4
    expected.allowMinorFallback = true
    expected.minDriver = "550"
    expected.kernelCompression = .zstd
    expected.upx = .all
    expected.tarballs = [.gzip, .zstd]
    expected.source = .git(url: "https://host/llama.cpp.git", reference: "b4567")
    expected.cudaHome = "/project/cuda"
    expected.hostCompiler = "g++-12"
    expected.outputFolder = "/dist"
    expected.buildFolder = "/var/tmp/build"
    expected.jobs = 3
    expected.compilerCache = .sccache
    expected.flashAttention = false
    expected.cmakeDefinitions = ["GGML_NATIVE=OFF", "LLAMA_X=y", "N=2"]
    expected.project.name = "mycuda"
    expected.project.version = "2.0"
    expected.project.summary = "mine"
    expected.project.author = "A. Person"
    expected.project.authorEmail = "a@example.org"
    expected.project.license = "Apache-2.0"
    expected.project.urls = ["Home": "https://example.org"]
    expected.project.packageFolder = "/project/python/mycuda"
    expected.project.extraFiles = ["mycuda/data.json": "/project/data/d.json"]
    expected.project.assetURL = "https://host/releases/2.0"
    #expect(try Self.parse(Self.full)?.applied(to: ReleaseSpec()) == expected)
  }

  @Test func `The full example uses every key there is`() throws {
    let document = try TOMLDocument(parsing: Self.full, path: "/x.toml")
    #expect(Set(document.root.keys) == Set(TopKey.allCases.map(\.rawValue)))
    guard case .table(let project)? = document.root["project"] else { Issue.record("no project"); return }
    #expect(Set(project.keys) == Set(ProjectKey.allCases.map(\.rawValue)))
  }

  @Test func `What the file leaves out stays as it was`() throws {
    var spec = ReleaseSpec()
    spec.architectures = "90"
    spec.cudaHome = "/cuda"
    spec.jobs = 7
    #expect(try Self.parse("")?.applied(to: spec) == spec)
    #expect(try Self.parse("jobs = 2")?.applied(to: spec).jobs == 2)
    #expect(try Self.parse("jobs = 2")?.applied(to: spec).cudaHome == "/cuda")
  }

  @Test(arguments: [
    ("archs = \"75,80\"", "75,80"), ("archs = 86", "86"), ("archs = 8.6", "8.6"), ("archs = [12.0]", "12.0"),
    ("archs = []", ""),
  ])
  func architectures(text: String, list: String) throws {
    #expect(try Self.parse(text)?.architectures == list)
  }

  @Test func `Smaller conveniences`() throws {
    #expect(try Self.parse("upx = true")?.upx == .executables)
    #expect(try Self.parse("upx = false")?.upx == UPXScope.none)
    #expect(try Self.parse("cap = 1000")?.cap == ByteCount(1000))
    #expect(try Self.parse("tarballs = []")?.tarballs == [])
    #expect(
      try Self.parse("cmake-definitions = [\"A=b c\", \"B:BOOL=ON\"]")?.cmakeDefinitions == [
        "A=b c", "B:BOOL=ON",
      ]
    )
    #expect(try Self.parse("host-compiler = \"bin/g++\"")?.hostCompiler == "/project/bin/g++")
    let home = FileManager.default.homeDirectoryForCurrentUser.path
    #expect(try Self.parse("out = \"~/out\"")?.outputFolder == FilePath(home).appending("out").string)
  }

  @Test(arguments: [
    // Unknown keys, with what was meant.
    ("\n\narch = 75", "line 3: there is no key 'arch'; did you mean 'archs'?"),
    ("architectures = 75", "line 1: there is no key 'architectures'; did you mean 'archs'?"),
    (
      "kernel_compression = \"lz4\"",
      "line 1: there is no key 'kernel_compression'; did you mean 'kernel-compression'?"
    ),
    ("Layuot = 1", "line 1: there is no key 'Layuot'; did you mean 'layout'?"),
    ("name = \"x\"", "line 1: there is no key 'name'; did you mean 'project.name'?"),
    (
      "[project]\n# name\nversoin = 1",
      "line 3: there is no key 'project.versoin'; did you mean 'project.version'?"
    ),
    (
      "[project]\ndescription = 1",
      "line 2: there is no key 'project.description'; did you mean 'project.summary'?"
    ),
    ("project = { nam = \"x\" }", "line 1: there is no key 'project.nam'; did you mean 'project.name'?"),
    ("[gruops]\na = 75", "line 1: there is no key 'gruops'; did you mean 'groups'?"),
    (
      "[project]\nzzzzzz = 1",
      "line 2: there is no key 'project.zzzzzz'; the keys are name, version, summary, author, author-email, license, urls, package-folder, extra-files, asset-url"
    ),
    // Wrong types.
    ("ptx = \"no\"", "line 1: 'ptx' must be true or false, not a string"),
    (
      "archs = true",
      "line 1: 'archs' must be an architecture list such as \"75,80\" or [75, 80], not a boolean"
    ),
    (
      "archs = [[75]]",
      "line 1: 'archs' must be an architecture list such as \"75,80\" or [75, 80], not an array with an array"
    ),
    ("jobs = 1.5", "line 1: 'jobs' must be an integer, not a floating-point number"),
    ("jobs = 2024-01-01", "line 1: 'jobs' must be an integer, not a date or time"),
    ("tarballs = \"gz\"", "line 1: 'tarballs' must be an array of strings, not a string"),
    ("tarballs = [1]", "line 1: 'tarballs' must be an array of strings, not one with an integer"),
    ("project = 1", "line 1: 'project' must be a table, not an integer"),
    (
      "[groups]\na = true",
      "line 2: 'groups.a' must be an architecture list such as \"75,80\" or [75, 80], not a boolean"
    ),
    ("[project.urls]\nHome = 1", "line 2: 'project.urls.Home' must be a string, not an integer"),
    (
      "cap = 1.5", "line 1: 'cap' must be a size such as \"100MiB\" or 104857600, not a floating-point number"
    ),
    (
      "[cmake-definitions]\nA = [1]",
      "line 2: 'cmake-definitions.A' must be a string, an integer or a boolean, not an array"
    ),
    // Wrong values.
    (
      "layout = \"tight\"",
      "line 1: 'layout' cannot be 'tight'; choose one of single, split, packed, thin, auto"
    ),
    (
      "kernel-compression = \"ztsd\"",
      "line 1: 'kernel-compression' cannot be 'ztsd'; choose one of none, lz4, zstd; did you mean 'zstd'?"
    ),
    ("tarballs = [\"gz\", \"gz\"]", "line 1: 'tarballs' cannot be 'gz'; it is listed twice"),
    ("cap = \"1,5GiB\"", "line 1: 'cap' cannot be '1,5GiB'; write a size such as \"100MiB\" or 104857600"),
    ("cap = 0", "line 1: 'cap' cannot be '0'; a cap is a positive number of bytes"),
    ("jobs = 0", "line 1: 'jobs' cannot be '0'; at least one job is needed"),
    ("cmake-definitions = [\"-DA=1\"]", "line 1: 'cmake-definitions' cannot be '-DA=1'; write NAME=VALUE"),
    ("out = \" \"", "line 1: 'out' cannot be ' '; name a path"),
    (
      "[project.extra-files]\n\"../x\" = \"x\"",
      "line 2: 'project.extra-files.../x' cannot be '../x'; a path in the wheel is relative and has no '..'"
    ),
    (
      "[project.extra-files]\n\"/x\" = \"x\"",
      "line 2: 'project.extra-files./x' cannot be '/x'; a path in the wheel is relative and has no '..'"
    ),
    (
      "llama-cpp = \"https://host/x.git\"",
      "line 1: 'llama-cpp': 'https://host/x.git' does not say what to check out; add a tag, branch or commit, such as 'https://host/x.git@b4567'"
    ),
  ])
  func refused(text: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) { try Self.parse(text) }
    #expect(error?.description == "'/project/llcuda-build.toml', \(message)")
    #expect(error?.exitStatus == .usage)
  }

  @Test(arguments: [
    ("archs = [75\nptx = true", 2), ("archs = 75\narchs = 80", 2), ("= 1", 1), ("a = 1\u{0}", 1),
    (String(repeating: "[", count: 5000), 1), ("x = " + String(repeating: "[", count: 100_000), 1),
  ])
  func notTOML(text: String, line: Int) {
    let error = #expect(throws: ConfigurationError.self) { try Self.parse(text) }
    guard case .notTOML(let place, _)? = error else { Issue.record("\(String(describing: error))"); return }
    #expect(place.line == line)
  }

  @Test func `Keys and strings that hold a NUL are no reason to crash`() {
    #expect(throws: ConfigurationError.self) { try Self.parse("\"a\\u0000b\" = 1") }
    #expect(throws: ConfigurationError.self) { try Self.parse("project = { \"\\u0000\" = 1 }") }
  }

  @Test func `A key inside a multi-line string isn't taken for its line`() {
    let text = "[project]\nsummary = \"\"\"\nnmae = 1\n\"\"\"\nnmae = 2"
    let error = #expect(throws: ConfigurationError.self) { try Self.parse(text) }
    #expect(error?.description.contains("line 5") == true)
  }
}
