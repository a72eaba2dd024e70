import Testing

@testable import Inspection

/// Names through the C++ runtime, and names made to break it.
@Suite struct DemanglerTests {
  @Test func `Names are demangled, others stay`() {
    func text(_ name: String) -> String { Demangler.text(Array(name.utf8)) }
    #expect(text("_Z5scalePffi") == "scale(float*, float, int)")
    #expect(text("_Z10polynomialILi7EEvPfi") == "void polynomial<7>(float*, int)")
    #expect(text("gemm_kernel") == "gemm_kernel")
    #expect(text("_Zwhatever") == "_Zwhatever")
    #expect(text("i") == "i")
    #expect(text("") == "")
  }

  @Test func `A name of 500 bytes that stands for more text than any memory holds is cut`() {
    // Each pair holds the one before it twice: 2^60 of the first.
    var name = "_Z1f"
    func reference(_ index: Int) -> String {
      index == 0 ? "S_" : "S\(String(index - 1, radix: 36, uppercase: true))_"
    }
    name += "St4pairIiiE"  // S_
    for index in 0..<60 { name += "St4pairI\(reference(index))\(reference(index))E" }
    let text = Demangler.text(Array(name.utf8))
    #expect(text.utf8.count <= 1 << 16)
    #expect(text.hasPrefix("f(std::pair<int, int>"))
  }

  @Test func `Units' names are found where compilers put them`() {
    #expect(UnitNames.source(ofSymbol: "tmpxft_00002b4b_00000000-6_softmax.cudafe1.cpp") == "softmax.cu")
    #expect(UnitNames.source(ofSymbol: "Sort.compute_120.cudafe1.cpp") == "Sort.cu")
    #expect(UnitNames.source(ofSymbol: "x_0.cudafe1.cpp") == nil)
    #expect(UnitNames.source(ofSymbol: "crtstuff.c") == nil)
    let local = "_ZN58_GLOBAL__N__0f46cb44_24_UnarySpecialOpsKernel_cu_1b2c3d4e3addEv"
    #expect(UnitNames.source(ofLocal: Array(local.utf8)[...]) == "UnarySpecialOpsKernel.cu")
    #expect(
      UnitNames.source(ofLocal: Array("_ZN36_GLOBAL__N__0f46cb44_7_sort_cu_1b2c3d4e3addEv".utf8)[...])
        == "sort.cu"
    )
    #expect(UnitNames.source(ofLocal: Array("_Z4sortv".utf8)[...]) == nil)
    #expect(UnitNames.source(ofObject: "dir/softmax.cu.o") == "softmax.cu")
  }
}
