import Archives
import Foundation
public import ReleaseModel

/// Everything that decides the bytes of a build's objects and programs, and nothing of the machine that it ran on.
///
/// Parts that agree in it belong together: put into one tree they are what one machine would have made.
public struct BuildIdentity: Hashable, Sendable, Codable {
  /// What identifies llama.cpp's bytes, such as an archive's SHA-256.
  public var source: String
  /// nvcc's full version, such as 12.4.131.
  public var toolkit: ToolkitVersion
  /// The host compiler's own version line.
  public var hostCompiler: String
  /// The C library whose headers were compiled in and whose symbol versions are linked, such as `glibc 2.36`.
  public var libc: String
  /// The compile set in CMake's words, `75-real`.
  public var architectures: [String]
  /// CMake's cache entries of the kernels' tree, without what names folders and programs of the machine.
  public var kernelDefinitions: [String]
  /// CMake's cache entries of the core's tree, likewise.
  public var coreDefinitions: [String]
  /// How nvcc's own symbols come by their names, which differ between a compiler cache and none.
  public var objectNames: ObjectNames

  /// Where nvcc takes the names of its intermediate files from; they end up in the objects' symbol tables.
  public enum ObjectNames: String, Hashable, Sendable, Codable {
    /// From the object's own name (`--objdir-as-tempdir`).
    case nvcc
    /// From sccache, which runs nvcc's steps by itself.
    case sccache
  }

  /// Makes the value.
  public init(
    source: String,
    toolkit: ToolkitVersion,
    hostCompiler: String,
    libc: String,
    architectures: [String],
    kernelDefinitions: [String],
    coreDefinitions: [String],
    objectNames: ObjectNames
  ) {
    self.source = source
    self.toolkit = toolkit
    self.hostCompiler = hostCompiler
    self.libc = libc
    self.architectures = architectures
    self.kernelDefinitions = kernelDefinitions
    self.coreDefinitions = coreDefinitions
    self.objectNames = objectNames
  }

  /// The plan digest: SHA-256, in hexadecimal, of all of it.
  public var digest: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings, numbers and lists of strings always encode.
    return SHA256Digest.of(Array((try? encoder.encode(self)) ?? Data())).hex
  }

  /// What differs first between this and another one, in words; `nil` when nothing does.
  public func difference(from other: BuildIdentity) -> String? {
    func texts(_ what: String, _ mine: String, _ theirs: String) -> String? {
      mine == theirs ? nil : "\(what) '\(mine)' is not '\(theirs)'"
    }
    func lists(_ what: String, _ mine: [String], _ theirs: [String]) -> String? {
      guard mine != theirs else { return nil }
      let only = mine.filter { !theirs.contains($0) }.map { "+ \($0)" }
      let missing = theirs.filter { !mine.contains($0) }.map { "- \($0)" }
      return "\(what): \((only + missing).prefix(4).joined(separator: ", "))"
    }
    return texts("llama.cpp", source, other.source)
      ?? texts("CUDA", "\(toolkit)", "\(other.toolkit)")
      ?? lists("architectures", architectures, other.architectures)
      ?? texts("the host compiler", hostCompiler, other.hostCompiler)
      ?? texts("the C library", libc, other.libc)
      ?? lists("the kernels' CMake entries", kernelDefinitions, other.kernelDefinitions)
      ?? lists("the core's CMake entries", coreDefinitions, other.coreDefinitions)
      ?? texts("--compiler-cache", objectNames.cacheOption, other.objectNames.cacheOption)
  }
}

extension BuildIdentity.ObjectNames {
  /// The option's value that leads to it.
  fileprivate var cacheOption: String { self == .sccache ? "sccache" : "none" }
}
