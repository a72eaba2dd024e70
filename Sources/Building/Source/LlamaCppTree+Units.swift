import Foundation
public import Planning
import SourceText
import SystemPackage

extension LlamaCppTree {
  private static let kernels = "ggml/src/ggml-cuda"

  /// ggml-cuda's units that do nothing but instantiate templates, by name.
  public var templateInstances: [TemplateInstances] {
    let folder = "\(Self.kernels)/template-instances"
    return files(in: folder, ending: ".cu").compactMap { name in
      text("\(folder)/\(name)").flatMap { TemplateInstances(unit: name, text: $0) }
    }
  }

  /// ggml-cuda's other units with their headers, by name, but for the backend itself, whose host code has more to do.
  public var operatorUnits: [UnitFiles] {
    units(in: Self.kernels, .cuda, includes: [Self.kernels, "ggml/src", "ggml/include"])
      .filter { $0.unit != "ggml-cuda.cu" }
  }

  /// The core's units for kinds of models, and for what they answer, that are no units of sixteen already.
  public var modelUnits: [UnitFiles] {
    units(in: "tools/mtmd/models", .cxx, includes: ["tools/mtmd", "include", "ggml/include", "vendor"])
      + units(in: "common/parsers", .cxx, includes: ["common", "include", "ggml/include", "vendor"])
  }

  private func units(in folder: String, _ language: UnitFiles.Language, includes: [String]) -> [UnitFiles] {
    var read: [String: SourceFile?] = [:]
    func file(_ path: String) -> SourceFile? {
      if let known = read[path] { return known }
      let file = text(path).map { SourceFile($0) }
      read[path] = file
      return file
    }
    return files(in: folder, ending: language == .cuda ? ".cu" : ".cpp").map { name in
      UnitFiles("\(folder)/\(name)", language: language, file: file) { included, path in
        ([FilePath(path).removingLastComponent().string] + includes).lazy
          .map { FilePath($0).pushing(FilePath(included)).lexicallyNormalized().string }
          .first { file($0) != nil }
      }
    }
  }

  private func files(in folder: String, ending: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path.appending(folder).string)) ?? []
    return names.filter { $0.hasSuffix(ending) }.sorted()
  }

  private func text(_ file: String) -> String? {
    try? String(contentsOfFile: path.appending(file).string, encoding: .utf8)
  }
}
