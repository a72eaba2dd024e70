public import ReleaseModel

/// What a layout needs of a project.
public enum LayoutRequirement {
  /// Every layout, in the order in which `auto` tries them: the one that was preferred first.
  public static func order(_ spec: ReleaseSpec) -> [Layout] {
    let usual: [Layout] = [.single, .packed, .split, .thin]
    guard let preferred = spec.preferredLayout else { return usual }
    return [preferred] + usual.filter { $0 != preferred }
  }

  /// What is in the way of a layout, with the way out; `nil` when nothing is.
  public static func obstacle(to layout: Layout, spec: ReleaseSpec) -> String? {
    guard [.packed, .thin].contains(layout) else { return nil }
    if spec.project.packageFolder != nil {
      return
        "it needs the Python package that comes with llcuda-build, which unpacks; leave out package-folder"
    }
    if layout == .thin, spec.project.assetURL == nil {
      return "nobody says where kernels are fetched from; set asset-url in [project]"
    }
    return nil
  }
}
