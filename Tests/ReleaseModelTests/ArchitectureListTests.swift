import ReleaseModel
import Testing

@Suite struct ArchitectureListTests {
  @Test(arguments: [
    // Every way to write one number.
    ("75", "75"), ("7.5", "75"), ("sm_75", "75"), ("SM_75", "75"), ("sm75", "75"), ("compute_75", "75"),
    ("cc7.5", "75"), ("sm_7.5", "75"), ("9.0a", "90a"), ("90A", "90a"), ("sm_90a", "90a"),
    // Kinds of code.
    ("86-real", "86"), ("8.6-REAL", "86"), ("75,86-virtual", "75 86v"), ("8.6+PTX", "86+PTX"),
    ("sm_86+ptx", "86+PTX"), ("86-real,86-virtual", "86+PTX"), ("86-virtual;86-real", "86+PTX"),
    ("86,86-virtual", "86+PTX"), ("sm_80-virtual 75", "75 80v"),
    // Separators, order.
    ("86, 75", "75 86"), ("86;75", "75 86"), ("86 75", "75 86"), (",86,,75;", "75 86"),
    ("90\n75\t80", "75 80 90"),
    ("90a,90", "90 90a"),
    // Families.
    ("turing", "75"), ("Ampere", "80 86"), ("ada,hopper", "89 90"), ("maxwell", "50 52"), ("pascal", "60 61"),
    ("volta", "70"), ("ampere+PTX", "80+PTX 86+PTX"), ("75,ampere-virtual", "75 80v 86v"),
    // Everything, without the Tegra parts.
    ("all", "50 52 60 61 70 75 80 86 89 90"), ("all-major", "50 60 70 80 90"),
    ("ALL-real", "50 52 60 61 70 75 80 86 89 90"), ("all-major-real", "50 60 70 80 90"),
    ("all,90a", "50 52 60 61 70 75 80 86 89 90 90a"), ("53", "53"), ("72,87", "72 87"),
  ])
  func formOnCUDA12(text: String, labels: String) throws {
    let list = try ArchitectureList(parsing: text, toolkit: Toolkits.cuda12, addPTX: false)
    #expect(list.labels == labels)
  }

  @Test(arguments: [
    ("blackwell", "100 103 120 121"), ("100f", "100f"), ("12.0a", "120a"), ("10.3f", "103f"), ("110", "110"),
    ("all", "75 80 86 88 89 90 100 103 120 121"), ("all-major", "75 80 90 100 120"), ("ampere", "80 86 88"),
    ("120,120a,120f", "120 120a 120f"), ("9.0,100", "90 100"),
  ])
  func formOnCUDA13(text: String, labels: String) throws {
    let list = try ArchitectureList(parsing: text, toolkit: Toolkits.cuda13, addPTX: false)
    #expect(list.labels == labels)
  }

  @Test(arguments: [
    ("75,80,86", "75 80 86+PTX"), ("86", "86+PTX"), ("7.5", "75+PTX"), ("sm_75", "75+PTX"),
    // So does what is closest to a GPU that its cubin doesn't run on: 7.5 to the A100, 6.1 to the V100.
    ("75,90", "75+PTX 90+PTX"), ("75,86", "75+PTX 86+PTX"), ("61,75,86", "61+PTX 75+PTX 86+PTX"),
    ("75,80,90", "75 80 90+PTX"), ("50,60,61,70,75,80,86,89", "50 60 61 70 75 80 86 89+PTX"),
    ("all", "50 52 60 61 70 75 80 86 89 90+PTX"),
    // Whoever says -real means it, and whoever asks for PTX says which.
    ("75-real", "75"), ("75-real,90", "75 90+PTX"), ("75,90-real", "75+PTX 90"), ("75-REAL 90-real", "75 90"),
    ("all-real", "50 52 60 61 70 75 80 86 89 90"), ("75,90+PTX", "75 90+PTX"),
    ("75,90,90-virtual", "75 90+PTX"),
    ("75+PTX,90", "75+PTX 90"), ("75+PTX,86", "75+PTX 86"), ("75-virtual,86", "75v 86"),
    // PTX of a Tegra part is for its own board.
    ("86,87,90", "86 87 90+PTX"), ("86,87", "86 87+PTX"),
    // PTX with a letter helps no newer GPU, so the highest plain one gets it.
    ("75,90a", "75+PTX 90a"), ("90,90a", "90+PTX 90a"), ("90a", "90a"), ("all-major", "50 60 70 80 90+PTX"),
  ])
  func unaskedPTX(text: String, labels: String) throws {
    #expect(try ArchitectureList(parsing: text, toolkit: Toolkits.cuda12).labels == labels)
  }

  @Test(arguments: [
    ("75,100", "75+PTX 100+PTX"), ("90,100", "90 100+PTX"), ("100,120", "100 120+PTX"),
    ("90,120", "90+PTX 120+PTX"),
    ("90a,100", "90a 100+PTX"), ("all", "75 80 86 88 89 90 100 103 120 121+PTX"),
    ("all-major", "75 80 90 100 120+PTX"),
  ])
  func unaskedPTXOnCUDA13(text: String, labels: String) throws {
    #expect(try ArchitectureList(parsing: text, toolkit: Toolkits.cuda13).labels == labels)
  }

  @Test(arguments: [
    ("", ArchitectureListError.empty), (" ,;\n", .empty), ("8", .notAnArchitecture("8")),
    ("7.5.0", .notAnArchitecture("7.5.0")), ("sm_", .notAnArchitecture("sm_")),
    ("turning", .notAnArchitecture("turning")), ("86-fake", .notAnArchitecture("86-fake")),
    ("-real", .notAnArchitecture("-real")), ("+PTX", .notAnArchitecture("+PTX")),
    ("86+PTX-real", .notAnArchitecture("86+PTX-real")), ("86b", .notAnArchitecture("86b")),
    ("0x56", .notAnArchitecture("0x56")), ("-86", .notAnArchitecture("-86")),
    ("8６", .notAnArchitecture("8６")),
    ("086", .notAnArchitecture("086")), ("1000", .notAnArchitecture("1000")),
    ("8.", .notAnArchitecture("8.")),
    (".86", .notAnArchitecture(".86")), ("8.66", .notAnArchitecture("8.66")),
    ("all-minor", .notAnArchitecture("all-minor")),
    ("sm_sm_86", .notAnArchitecture("sm_sm_86")), ("86aa", .notAnArchitecture("86aa")),
    ("86,75,sm_86", .duplicate(ComputeCapability(number: 86), first: "86", second: "sm_86")),
    ("80-virtual,8.0+PTX", .duplicate(ComputeCapability(number: 80), first: "80-virtual", second: "8.0+PTX")),
    ("turing,75", .duplicate(ComputeCapability(number: 75), first: "turing", second: "75")),
    ("all,ada", .duplicate(ComputeCapability(number: 89), first: "all", second: "ada")),
    ("86-virtual", .onlyPTX), ("all-virtual", .onlyPTX),
  ])
  func refused(text: String, error: ArchitectureListError) {
    #expect(throws: error) { try ArchitectureList(parsing: text, toolkit: Toolkits.cuda12) }
    #expect(!error.description.contains("\n") && error.description.last != ".")
    #expect(error.exitStatus == .usage)
  }

  @Test(arguments: [
    // No GPU has it: the nearest are named.
    ("85", true, "no GPU has compute capability 8.5; the nearest are 8.0 and 8.6"),
    ("10", true, "no GPU has compute capability 1.0; the nearest are 3.0"),
    ("999", true, "no GPU has compute capability 99.9; the nearest are 12.1"),
    // Too old or too new for the toolkit: the toolkits that know it are named.
    (
      "37", true,
      "CUDA 12.4.131 does not compile for 3.7; CUDA 6.5 to 11.8 does; choose another toolkit with --cuda-home or drop it"
    ),
    (
      "120", true,
      "CUDA 12.4.131 does not compile for 12.0; CUDA 12.8 and newer does; choose another toolkit with --cuda-home or drop it"
    ),
    (
      "100a", true,
      "CUDA 12.4.131 does not compile for 10.0a; CUDA 12.8 and newer does; choose another toolkit with --cuda-home or drop it"
    ),
    (
      "kepler", true,
      "CUDA 12.4.131 does not compile for kepler; CUDA 6.5 to 11.8 does; choose another toolkit with --cuda-home or drop it"
    ),
    (
      "70", false,
      "CUDA 13.0.88 does not compile for 7.0; CUDA 9.0 to 12.9 does; choose another toolkit with --cuda-home or drop it"
    ),
    (
      "volta", false,
      "CUDA 13.0.88 does not compile for volta; CUDA 9.0 to 12.9 does; choose another toolkit with --cuda-home or drop it"
    ),
    (
      "101", false,
      "CUDA 13.0.88 does not compile for 10.1; CUDA 12.8 to 12.9 does; choose another toolkit with --cuda-home or drop it"
    ),
    (
      "107", false,
      "CUDA 13.0.88 does not compile for 10.7; CUDA 13.5 and newer does; choose another toolkit with --cuda-home or drop it"
    ),
    // The number is known, the letter isn't.
    ("90f", true, "CUDA 12.4.131 knows 9.0 but not 9.0f; leave the letter out or use a newer toolkit"),
    ("75a", false, "CUDA 13.0.88 knows 7.5 but not 7.5a; leave the letter out or use a newer toolkit"),
  ])
  func unknownToTheToolkit(text: String, isCUDA12: Bool, message: String) {
    let error = #expect(throws: ArchitectureListError.self) {
      try ArchitectureList(parsing: text, toolkit: isCUDA12 ? Toolkits.cuda12 : Toolkits.cuda13)
    }
    #expect(error?.description == message)
  }

  @Test func `PTX only is accepted when asked for`() throws {
    let list = try ArchitectureList(parsing: "86-virtual", toolkit: Toolkits.cuda12, allowJIT: true)
    #expect(list.labels == "86v")
    #expect(ArchitectureListError.onlyPTX.description.contains("--allow-jit"))
    #expect(ArchitectureListError.onlyPTX.description.contains("40 seconds"))
  }

  @Test func `PTX isn't given where the toolkit makes none`() throws {
    var toolkit = Toolkits.cuda12
    toolkit.virtual.removeAll { $0.number == 90 }
    #expect(try ArchitectureList(parsing: "75,90", toolkit: toolkit).labels == "75+PTX 90")
    #expect(throws: ArchitectureListError.self) {
      try ArchitectureList(parsing: "75,90+PTX", toolkit: toolkit)
    }
    toolkit = Toolkits.cuda12
    toolkit.virtual.removeAll { $0.number == 75 }
    #expect(try ArchitectureList(parsing: "75,90", toolkit: toolkit).labels == "75 90+PTX")
  }

  @Test func `The description can be read again`() throws {
    let list = try ArchitectureList(parsing: "75,80+PTX,86", toolkit: Toolkits.cuda12)
    #expect(list.description == "7.5, 8.0+PTX, 8.6")
    #expect(try ArchitectureList(parsing: list.description, toolkit: Toolkits.cuda12) == list)
  }

  @Test func `Entries for CMake name both kinds`() throws {
    let list = try ArchitectureList(parsing: "75,80,86,90a", toolkit: Toolkits.cuda12)
    #expect(
      list.architectures.flatMap(\.cmakeEntries) == [
        "75-real", "80-real", "86-real", "86-virtual", "90a-real",
      ]
    )
  }
}
