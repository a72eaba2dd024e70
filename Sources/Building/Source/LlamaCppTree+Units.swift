import Foundation
public import Planning
import SystemPackage

extension LlamaCppTree {
  /// ggml-cuda's units that do nothing but instantiate templates, by name.
  public var templateInstances: [TemplateInstances] {
    let folder = path.appending("ggml/src/ggml-cuda/template-instances")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    return names.sorted().filter { $0.hasSuffix(".cu") }.compactMap { name in
      guard let text = try? String(contentsOfFile: folder.appending(name).string, encoding: .utf8) else {
        return nil
      }
      return TemplateInstances(unit: name, text: text)
    }
  }
}
