/// How far a long step is.
public struct BuildProgress: Hashable, Sendable {
  /// The step, such as `kernels`.
  public var step: String
  /// Finished pieces.
  public var done: Int
  /// All pieces.
  public var total: Int
  /// What is being worked on now, short names.
  public var running: [String]
  /// Time left as `h:mm:ss` or `mm:ss`, `nil` while nobody can tell.
  public var remaining: String?

  /// Makes the value.
  public init(step: String, done: Int, total: Int, running: [String] = [], remaining: String? = nil) {
    self.step = step
    self.done = done
    self.total = total
    self.running = running
    self.remaining = remaining
  }
}

/// Where the pipeline tells a person what it does; everything goes to standard error.
public protocol ProgressListener: Sendable {
  /// A step has begun: `compile kernels for 7.5, 8.0, 8.6+PTX`.
  func began(_ step: String)
  /// A step goes on.
  func moved(_ progress: BuildProgress)
  /// A step has ended, with what came of it.
  func ended(_ summary: String)
  /// Something to know in between.
  func told(_ message: String)
}
