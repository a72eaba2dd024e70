import Foundation
public import Planning
import SourceText
import SystemPackage

extension LlamaCppTree {
  private static let kernels = "ggml/src/ggml-cuda"

  /// ggml-cuda's units that do nothing but instantiate templates, by name.
  public var templateInstances: [TemplateInstances] {
    let folder = "\(Self.kernels)/template-instances"
    return units(in: folder).compactMap { name in
      text("\(folder)/\(name)").flatMap { TemplateInstances(unit: name, text: $0) }
    }
  }

  /// ggml-cuda's other units with their headers, by name.
  public var operatorUnits: [UnitFiles] {
    var read: [String: SourceFile?] = [:]
    func file(_ path: String) -> SourceFile? {
      if let known = read[path] { return known }
      let file = text(path).map { SourceFile($0) }
      read[path] = file
      return file
    }
    return units(in: Self.kernels).map { name in
      UnitFiles("\(Self.kernels)/\(name)", file: file) { included, path in
        let folder = FilePath(path).removingLastComponent().string
        return [folder, Self.kernels, "ggml/src", "ggml/include"].lazy
          .map { FilePath($0).pushing(FilePath(included)).lexicallyNormalized().string }
          .first { file($0) != nil }
      }
    }
  }

  /// The CUDA units in a folder, sorted.
  private func units(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path.appending(folder).string)) ?? []
    return names.filter { $0.hasSuffix(".cu") }.sorted()
  }

  private func text(_ file: String) -> String? {
    try? String(contentsOfFile: path.appending(file).string, encoding: .utf8)
  }
}
