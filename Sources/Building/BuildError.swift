public import ReleaseModel
public import SystemPackage

/// What can go wrong before and around a compilation; a compiler's own failure is a ``ToolExecution/ToolError``.
public enum BuildError: Error, Sendable, CustomStringConvertible, ExitStatusProviding {
  /// `cmake/` and `dist/` aren't near the executable.
  case resourcesNotFound(near: FilePath)
  /// A source has no llama.cpp with a CUDA backend in it.
  case notLlamaCpp(FilePath, missing: String)
  /// A file or folder that was named doesn't exist.
  case sourceMissing(String)
  /// A folder has a name that can't be handed through make files, nvcc and two shells.
  case folderName(FilePath)
  /// git gave nothing for an address and a reference.
  case notFetched(url: String, reference: String, why: String)
  /// A download isn't what was pinned.
  case wrongDigest(name: String, expected: String, found: String)
  /// A file the build should have written isn't there or can't be read.
  case unreadable(FilePath, why: String)
  /// A file or folder that was named isn't what it has to be.
  case unusable(FilePath, why: String)
  /// The kernels are linked with a library that the core doesn't have.
  case notInCore(String)
  /// A unit that several of llama.cpp's were merged into was not compiled.
  case mergedUnit(String, failure: String)
  /// The disk filled up while a tree was compiled, and the compiler failed.
  case diskFilledUp(FilePath, failure: String)
  /// The disk has too little room.
  case diskSpace(FilePath, needed: ByteCount, free: ByteCount)

  /// Missing inputs are bad input, a full disk is its own thing.
  public var exitStatus: ExitStatus {
    switch self {
    case .resourcesNotFound: .toolMissing
    case .notLlamaCpp, .sourceMissing, .notFetched, .wrongDigest, .folderName, .unusable: .badInput
    case .unreadable, .notInCore, .mergedUnit: .buildFailed
    case .diskSpace, .diskFilledUp: .diskFull
    }
  }

  /// The message: what is wrong and the way out.
  public var description: String {
    switch self {
    case .resourcesNotFound(let near):
      "cmake/llcuda-inject.cmake was not found near '\(near)'; set LLCUDA_BUILD_RESOURCES to the folder of llcuda-build's sources"
    case .notLlamaCpp(let folder, let missing):
      "'\(folder)' holds no llama.cpp with a CUDA backend: '\(missing)' is missing; give the folder that has ggml/src/ggml-cuda"
    case .sourceMissing(let name):
      "'\(name)' does not exist; --llama-cpp takes a folder, a tarball or a git URL with @tag"
    case .folderName(let folder):
      "the folder name '\(folder)' has a character that nvcc cannot take (quotes, backslash, dollar sign, comma, semicolon, colon); use another folder"
    case .notFetched(let url, let reference, let why):
      "git could not fetch '\(reference)' from '\(url)': \(why)"
    case .wrongDigest(let name, let expected, let found):
      "\(name) is not the pinned file: its SHA-256 is \(found), expected \(expected); it was thrown away, try again"
    case .unreadable(let path, let why), .unusable(let path, let why): "'\(path)' cannot be used: \(why)"
    case .notInCore(let name):
      "the kernels are linked with '\(name)', which this llama.cpp's core does not build as a shared library; leave BUILD_SHARED_LIBS on"
    case .mergedUnit(let name, let failure):
      "\(failure)\n'\(name)' is several of llama.cpp's units, compiled as one; -D LLCUDA_UNITS=OFF compiles each alone"
    case .diskFilledUp(let folder, let failure):
      "the disk of '\(folder)' is full; free some space and run again, finished work is kept. The compiler failed on it:\n\(failure)"
    case .diskSpace(let folder, let needed, let free):
      "the disk of '\(folder)' has \(free.mebibytes) free, and the build needs about \(needed.mebibytes); free some, or choose another folder with --build"
    }
  }
}
