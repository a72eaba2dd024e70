extension ReleaseManifest.Inputs {
  /// Whether CUDA's units were compiled through sccache.
  ///
  /// It gives nvcc's intermediate files names of its own, which show in the names of what is internal to a unit. ccache
  /// never stands there without sccache behind it.
  public var wentThroughSccache: Bool {
    kernelDefinitions.contains { entry in
      entry.hasPrefix("CMAKE_CUDA_COMPILER_LAUNCHER=")
        && ["sccache", "ccache"].contains { entry.hasSuffix("/\($0)") }
    }
  }

  /// What makes the binaries of these inputs differ from those of others, in words; `nil` when nothing known does.
  public func difference(from other: Self) -> String? {
    func texts(_ what: String, _ mine: String, _ theirs: String) -> String? {
      mine == theirs ? nil : "\(what) was '\(mine)' and is '\(theirs)'"
    }
    func entries(_ what: String, _ mine: [String], _ theirs: [String]) -> String? {
      // Programs lie elsewhere on another machine.
      let named = { (entry: String) in !entry.prefix { $0 != "=" }.contains("COMPILER") }
      let changed = Set(mine.filter(named)).symmetricDifference(theirs.filter(named)).sorted()
      return changed.isEmpty
        ? nil : "CMake was told something else for the \(what): \(changed.joined(separator: ", "))"
    }
    return texts("llama.cpp", llamaCppDigest, other.llamaCppDigest)
      ?? texts("CUDA", "\(toolkit)", "\(other.toolkit)")
      ?? texts("the host compiler", hostCompiler, other.hostCompiler)
      ?? texts(
        "the list",
        ArchitectureList(architectures).description,
        ArchitectureList(other.architectures).description
      )
      ?? texts("kernel compression", kernelCompression.rawValue, other.kernelCompression.rawValue)
      ?? (wentThroughSccache == other.wentThroughSccache
        ? nil
        : "one was compiled through sccache, which shows in the kernels' names; use the same --compiler-cache")
      ?? entries("kernels", kernelDefinitions, other.kernelDefinitions)
      ?? entries("core", coreDefinitions, other.coreDefinitions)
  }
}
