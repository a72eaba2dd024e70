/// A piece of work with a beginning and an end.
public struct Span: Hashable, Sendable {
  /// What was done.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// A stage of the main job; other spans lie inside.
    case stage
    /// A translation unit was compiled.
    case compile
    /// Something was linked.
    case link
    /// A file was stripped.
    case strip
    /// A slice's objects were carved.
    case carve
    /// Kernels were compressed anew.
    case recompress
    /// A library was packed.
    case pack
    /// An archive was written.
    case archive
    /// Another program ran.
    case tool
  }

  /// What was done.
  public let kind: Kind
  /// On what: a file's name, or a stage's heading.
  public let name: String
  /// Where it belongs: `kernels` or `core` for what Ninja ran, `release` for the rest.
  public let track: String
  /// When it began, in seconds since 1970.
  public let start: Double
  /// How long it took, in seconds.
  public let seconds: Double

  /// Makes a span; a clock that was set back gives no negative time.
  public init(_ kind: Kind, _ name: String, track: String, start: Double, end: Double) {
    self.kind = kind
    self.name = name
    self.track = track
    self.start = start
    self.seconds = max(0, end - start)
  }

  /// When it ended, in seconds since 1970.
  public var end: Double { start + seconds }
}
