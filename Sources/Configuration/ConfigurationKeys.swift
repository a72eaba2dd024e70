/// The keys at the top of a configuration.
enum TopKey: String, CaseIterable {
  case archs, ptx
  case allowJIT = "allow-jit"
  case layout, slices, groups, cap, prefer
  case maxWheels = "max-wheels"
  case allowMinorFallback = "allow-minor-fallback"
  case minDriver = "min-driver"
  case kernelCompression = "kernel-compression"
  case upx, tarballs
  case llamaCpp = "llama-cpp"
  case cudaHome = "cuda-home"
  case hostCompiler = "host-compiler"
  case out, build, jobs
  case compilerCache = "compiler-cache"
  case flashAttention = "flash-attention"
  case cmakeDefinitions = "cmake-definitions"
  case project, budget

  /// Words that people write instead and that no edit distance finds.
  static let synonyms = [
    "architectures": "archs", "architecture": "archs", "targets": "archs", "cuda": "cuda-home",
    "toolkit": "cuda-home", "output": "out", "outputs": "out", "source": "llama-cpp",
    "compiler": "host-compiler",
    "limit": "cap", "parallel": "jobs", "compression": "kernel-compression",
    "cmake-args": "cmake-definitions",
  ]
}

/// The keys of the project's table.
enum ProjectKey: String, CaseIterable {
  case name, version, summary, author
  case authorEmail = "author-email"
  case license, urls
  case packageFolder = "package-folder"
  case extraFiles = "extra-files"
  case assetURL = "asset-url"

  /// Words that people write instead and that no edit distance finds.
  static let synonyms = [
    "description": "summary", "email": "author-email", "authors": "author", "links": "urls",
    "homepage": "urls",
    "package": "package-folder", "files": "extra-files",
  ]
}
