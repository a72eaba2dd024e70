import Building
import Foundation
import Packaging
import Planning
import ReleaseModel

extension ReleaseLayout {
  /// The bill of materials of a wheel with binaries.
  func bill(of name: ProjectName, _ parcel: Parcel) throws -> String {
    // Kernels are ggml's own code; what llama.cpp carries of others goes into its programs.
    let parts = parcel.core.isEmpty ? [] : source.parts
    let llamaCpp = BillOfMaterials.Component(
      name: "llama.cpp",
      version: source.version,
      license: "MIT",
      digest: source.digest,
      origin: source.origin,
      parts: parts.map { .init(name: $0.name, version: $0.version, license: $0.license) }
    )
    var tools = [(name: "llcuda-build", version: LlcudaBuild.version)]
    if !parcel.products.isEmpty { tools.append(("nvcc", "\(plan.toolkit.version)")) }
    tools.append(("host compiler", hostCompiler))
    return try BillOfMaterials(
      project: name,
      version: project.version,
      license: spec.project.license,
      components: [llamaCpp],
      tools: tools
    ).text()
  }
}
