import SourceText
import Testing

@Suite("What a C++ or CUDA file declares") struct SourceFileTests {
  @Test(
    "names at namespace scope",
    arguments: [
      ("static __global__ void acc_f32(const float * x, half * dst, int n) { int i = n; }", ["acc_f32"]),
      (
        "template <typename T, int N = 3>\nstatic void __launch_bounds__(N, 1) k(T (&values)[N]) {}\nvoid g();",
        ["k", "g"]
      ),
      ("namespace a { inline namespace { int x = 1, y[3] = {4}; } }", ["x", "y"]),
      ("extern \"C\" { void c(void); }\nextern \"C\" int d;", ["c", "d"]),
      ("struct alignas(16) layout { int inside; } one, *two;", ["layout", "one", "two"]),
      ("static struct layout make(int a) { return {}; }\nint after;", ["layout", "make", "after"]),
      ("struct layout;\nstruct derived : layout { void f() {} };", ["layout", "derived"]),
      (
        "enum kind : int { A, B = sizeof(x), C };\nenum class other { D };", ["kind", "A", "B", "C", "other"]
      ),
      ("typedef void (*callback)(int);\ntypedef struct { int i; } pair;", ["callback", "pair"]),
      ("using half_t = __half;\nusing std::min;\nnamespace fs = std::filesystem;", ["half_t", "min", "fs"]),
      ("int (*table[2])(int) = { f, g };\nint (Class::*member)(int);", ["table", "member"]),
      ("void Class::method(int a) const { a; }\nint Class::value = 3;", []),
      (
        "template <typename T> constexpr int size_v<T *> = 8;\ntemplate void launch<int>(int);",
        ["size_v", "launch"]
      ),
      (
        "template <int I> struct tile<I, 8, half2> {};\nbool less = 1 < 2, more = 2 > 1;",
        ["tile", "less", "more"]
      ),
      ("auto f = [](int a) { return a; };\nstd::array<int, 3> z{1, 2, 3};", ["f", "z"]),
      ("[[maybe_unused]] static int a() noexcept(false) { return 1'000; }\nint b;", ["a", "b"]),
      ("static_assert(sizeof(int) == 4, \"int\");", []),
      // Comments and strings hold no names, and a line may go on behind a backslash.
      (
        "// int a;\n/* int b; */ const char * s = \"int c;\"; auto r = R\"x(int d; )\" )x\"; cha\\\nr e;",
        ["s", "r", "e"]
      ),
      // Whatever the preprocessor chooses.
      ("#ifdef A\nint a() {\n#else\nint b() {\n#endif\n}\nint c;", ["a", "b", "c"]),
      (
        "#define BLOCK 256\n#undef OTHER\nvoid f() {\n#define INSIDE(x) x\n}",
        ["BLOCK", "OTHER", "INSIDE", "f"]
      ),
    ] as [(String, [String])]
  )
  func declared(text: String, names: [String]) {
    let file = SourceFile(text)
    #expect(file.names == Set(names))
    #expect(file.reach == nil)
  }

  @Test(
    "what no name shows",
    arguments: [
      ("using namespace std;", "using namespace"),
      ("static half2 operator+(half2 a, half2 b) { return a; }", "operator"),
      ("#pragma GCC diagnostic ignored \"-Wpedantic\"", "#pragma"),
      ("DECLARE_KERNELS(float)\nint a;", "DECLARE_KERNELS(…)"),
      ("static DECLARE_KERNELS(float) int a;", "DECLARE_KERNELS(…)"),
      ("DECLARE_KERNELS(float);", "DECLARE_KERNELS(…)"),
      ("int f(), g;", "f(…)"),
      ("void f() { _Pragma(\"GCC optimize 0\") }", "#pragma"),
      ("#define KERNEL(name) void name()\nstatic KERNEL(f) {}", "the macro KERNEL"),
      ("void f() {", "braces that don't match"),
      ("}", "braces that don't match"),
    ]
  )
  func reach(text: String, what: String) {
    #expect(SourceFile(text).reach == what)
  }

  @Test("pragmas of a file and of a loop reach no further")
  func harmless() {
    #expect(SourceFile("#pragma once\nvoid f() {\n#pragma unroll 4\nfor (;;) {}\n}").reach == nil)
  }

  @Test(
    "what is read once",
    arguments: [
      ("#pragma once\nint a;", true),
      ("// A\n#ifndef A_H\n#define A_H\n#ifdef B\n#else\n#endif\nint a;\n#endif // A_H\n", true),
      ("int a;", false), ("#ifndef A_H\nint a;\n#endif", false),
      ("#ifndef A_H\n#define B_H\nint a;\n#endif", false),
      ("#ifndef A_H\n#define A_H\n#endif\nint a;", false),
      ("#ifndef A_H\n#define A_H\n#else\nint a;\n#endif", false),
      ("#ifndef A_H\n#define A_H\nint a;", false), ("#pragma unroll\n", false), ("", false),
    ]
  )
  func once(text: String, isReadOnce: Bool) {
    #expect(SourceFile(text).isReadOnce == isReadOnce)
  }

  @Test("every name in it, and what it includes")
  func mentioned() {
    let file = SourceFile(
      "#include \"acc.cuh\"\n# include <cub/cub.cuh> // sort\n#if defined(A)\nint x = f(L\"y\");\n#endif"
    )
    #expect(file.mentioned == ["defined", "A", "int", "x", "f"])
    #expect(file.includes.map(\.file) == ["acc.cuh", "cub/cub.cuh"])
    #expect(file.includes.map(\.isQuoted) == [true, false])
  }

  @Test("any bytes are read, torn ones too", arguments: 0..<200)
  func torn(cut: Int) {
    let text =
      "#include \"a\n#define\\\n R\"(x\nenum e { A, /* ' \" */ B }; (*&::[<{ ]) > template < using namespace ; 'a\\"
    _ = SourceFile(String(text.prefix(cut % text.count)))
    _ = SourceFile(String(text.suffix(cut % text.count)) + String(text.prefix(cut)))
  }
}
