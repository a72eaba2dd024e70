import Foundation
import ReleaseModel
import SystemPackage
import TestSupport
import Testing

@testable import Building

@Suite("What the trees say about linking") struct TreeRecipesTests {
  private let kernels = """
    {"schema": 1, "ggmlVersion": "0.25.3", "linker": "/usr/bin/g++-12", "linkFlags": ["-shared"],
     "coreLibraries": ["libggml-base.so.0"], "libraries": ["/cuda/lib64/libcudart.so"], "linkItems": ["-lm"],
     "cudaArchitectures": ["75-real"], "objects": ["ggml/a.cu.o", "/elsewhere/b.cu.o"]}
    """

  private func recipe(_ text: String) async throws -> KernelsRecipe {
    try await withTemporaryDirectory { folder in
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.appending("llcuda-kernels.json").string))
      var recipe = try KernelsRecipe.read(from: folder)
      recipe.objects = recipe.objects.map { $0.replacing(folder.string, with: "TREE") }
      return recipe
    }
  }

  @Test("the core's libraries by their SONAME, from wherever the core was built, before those of others")
  func linkedLibraries() async throws {
    let core = CoreRecipe(
      llamaVersion: "b1",
      executables: [.init(file: "/core/bin/llama-cli", shipAs: "llama-cli")],
      sharedLibraries: [.init(file: "/core/bin/libggml-base.so.0.25.3", shipAs: "libggml-base.so.0")],
      modules: []
    )
    let recipe = try await recipe(kernels)
    #expect(
      try recipe.linkedLibraries(from: core) == [
        "/core/bin/libggml-base.so.0.25.3", "/cuda/lib64/libcudart.so",
      ]
    )
    #expect(recipe.objects == ["TREE/ggml/a.cu.o", "/elsewhere/b.cu.o"])
  }

  @Test("a core without that library is refused by the library's name")
  func missing() async throws {
    let core = CoreRecipe(llamaVersion: "b1", executables: [], sharedLibraries: [], modules: [])
    let recipe = try await recipe(kernels)
    let error = #expect(throws: BuildError.self) { try recipe.linkedLibraries(from: core) }
    #expect(error?.exitStatus == .buildFailed && error?.description.contains("'libggml-base.so.0'") == true)
  }

  @Test("a recipe of another form is refused by its file's name")
  func otherForm() async throws {
    let error = await #expect(throws: BuildError.self) { _ = try await recipe("{\"schema\": 1}") }
    #expect(error?.description.contains("llcuda-kernels.json") == true)
  }
}
