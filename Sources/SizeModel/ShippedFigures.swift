import Foundation

extension SizeFigures {
  /// The figures that come with the program, for the pinned llama.cpp and toolkit.
  public static let shipped: SizeFigures = {
    do {
      return try JSONDecoder().decode(SizeFigures.self, from: Data(PackageResources.figures_json))
    } catch {
      // Built into the program and read by its tests; there is no way to go on without them.
      preconditionFailure("the size figures in the program are damaged: \(error)")
    }
  }()
}
