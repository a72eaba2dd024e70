import Foundation
public import SystemPackage

/// What the kernels' tree says about linking its objects (`llcuda-kernels.json`, written by cmake/).
public struct KernelsRecipe: Hashable, Sendable, Codable {
  /// ggml's version.
  public var ggmlVersion: String
  /// The program that links.
  public var linker: String
  /// Its flags.
  public var linkFlags: [String]
  /// Libraries of the core on the link line, by SONAME.
  public var coreLibraries: [String]
  /// Libraries of others on the link line, as files.
  public var libraries: [String]
  /// Other items on the link line.
  public var linkItems: [String]
  /// Every object, absolute or relative to the tree's folder.
  public var objects: [String]
  /// The architectures as CMake had them in the end.
  public var cudaArchitectures: [String]

  /// Reads the recipe of a built tree.
  ///
  /// - Throws: ``BuildError/unreadable(_:why:)``.
  public static func read(from tree: FilePath) throws -> KernelsRecipe {
    var recipe: KernelsRecipe = try readJSON(tree.appending("llcuda-kernels.json"))
    recipe.objects = recipe.objects.map { tree.pushing(FilePath($0)).string }
    recipe.libraries = recipe.libraries.map { tree.pushing(FilePath($0)).string }
    return recipe
  }

  /// The libraries on the link line, those of the core as it was built.
  ///
  /// - Throws: ``BuildError/notInCore(_:)``.
  public func linkedLibraries(from core: CoreRecipe) throws -> [String] {
    try coreLibraries.map { name in
      guard let library = core.products.first(where: { $0.shipAs == name }) else {
        throw BuildError.notInCore(name)
      }
      return library.file
    } + libraries
  }

  /// The paths of files that lie in the tree, as its build.ninja names them.
  public static func targets(_ files: [String], in tree: FilePath) -> [String] {
    files.compactMap { file in
      var path = FilePath(file)
      return path.removePrefix(tree) ? path.string : nil
    }
  }
}

/// What the core's tree says about the files to ship (`llcuda-core.json`, written by cmake/).
public struct CoreRecipe: Hashable, Sendable, Codable {
  /// A built file and the one name it ships under.
  public struct Product: Hashable, Sendable, Codable {
    /// Where the build put it.
    public var file: String
    /// A library's SONAME, or the file's own name.
    public var shipAs: String

    /// Makes the value.
    public init(file: String, shipAs: String) {
      self.file = file
      self.shipAs = shipAs
    }
  }

  /// llama.cpp's version.
  public var llamaVersion: String
  /// The tools.
  public var executables: [Product]
  /// Libraries that the tools link.
  public var sharedLibraries: [Product]
  /// Backends that are loaded at run time, the selector among them.
  public var modules: [Product]

  /// Every file to ship.
  public var products: [Product] { executables + sharedLibraries + modules }

  /// Makes the recipe of a core that another machine built.
  public init(llamaVersion: String, executables: [Product], sharedLibraries: [Product], modules: [Product]) {
    self.llamaVersion = llamaVersion
    self.executables = executables
    self.sharedLibraries = sharedLibraries
    self.modules = modules
  }

  /// Reads the recipe of a built tree.
  ///
  /// - Throws: ``BuildError/unreadable(_:why:)``.
  public static func read(from tree: FilePath) throws -> CoreRecipe {
    try readJSON(tree.appending("llcuda-core.json"))
  }
}

private func readJSON<Value: Decodable>(_ path: FilePath) throws -> Value {
  do {
    return try JSONDecoder().decode(Value.self, from: Data(contentsOf: URL(fileURLWithPath: path.string)))
  } catch {
    throw BuildError.unreadable(path, why: "\(error)")
  }
}
