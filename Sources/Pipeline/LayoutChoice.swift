import Planning
public import ReleaseModel

/// Which layouts are tried, and why others are not.
struct LayoutChoice: Sendable {
  /// The layouts in the order in which they are tried; the first that fits the cap is taken, the last one anyhow.
  let layouts: [Layout]
  /// Why some are left out.
  let notes: [Diagnostic]
  private let cap: ByteCount

  /// - Throws: nothing; what can't be done with the layout that was asked for is refused by ``check(_:)``.
  init(spec: ReleaseSpec, plan: ReleasePlan) {
    cap = spec.cap
    guard plan.layout == .auto else {
      (layouts, notes) = ([plan.layout], [])
      return
    }
    var layouts: [Layout] = []
    var notes: [Diagnostic] = []
    for layout in LayoutRequirement.order(spec) {
      if let obstacle = LayoutRequirement.obstacle(to: layout, spec: spec) {
        // Nobody who names no place for assets expects to be told.
        if layout != .thin { notes.append(.note("layout \(layout.rawValue) is passed over: \(obstacle)")) }
      } else {
        layouts.append(layout)
      }
    }
    (self.layouts, self.notes) = (layouts, notes)
  }

  /// The layout that is taken when none fits.
  var last: Layout { layouts.last ?? .split }

  /// The layout that is taken if sizes are as foreseen.
  func likely(_ forecast: (Layout) -> LayoutForecast) -> Layout {
    layouts.dropLast().first { notTried(forecast($0)) == nil } ?? last
  }

  /// Refuses a layout that can't be made of a spec.
  ///
  /// - Throws: ``LayoutError``.
  static func check(_ spec: ReleaseSpec) throws(LayoutError) {
    if let obstacle = LayoutRequirement.obstacle(to: spec.layout, spec: spec) {
      throw LayoutError(layout: spec.layout, why: obstacle)
    }
  }

  /// What is said about a layout whose largest file is over the cap.
  func passedOver(_ layout: Layout, largest: ByteCount) -> Diagnostic {
    .note(
      "layout \(layout.rawValue): its largest file would have \(largest) bytes, over the cap of \(cap); "
        + "\(next(after: layout).rawValue) is next"
    )
  }

  /// What is said about a layout that isn't tried, as its largest wheel is foreseen to be far over the cap; `nil` for one
  /// that is worth a try.
  func notTried(_ forecast: LayoutForecast) -> Diagnostic? {
    forecast.hopeless(under: cap).map { largest in
      .note(
        "layout \(forecast.layout.rawValue) is not tried: its largest wheel would have about \(largest.mebibytes), over the "
          + "cap of \(cap.mebibytes); \(next(after: forecast.layout).rawValue) is next"
      )
    }
  }

  private func next(after layout: Layout) -> Layout {
    layouts.drop { $0 != layout }.dropFirst().first ?? last
  }
}

/// A layout that can't be made of what was asked for.
public struct LayoutError: Error, Sendable, Hashable, CustomStringConvertible, ExitStatusProviding {
  /// The layout.
  public let layout: Layout
  /// What is in the way, and the way out.
  public let why: String
  /// A wrong combination is wrong usage.
  public var exitStatus: ExitStatus { .usage }
  /// The message.
  public var description: String { "--layout \(layout.rawValue): \(why)" }
}
