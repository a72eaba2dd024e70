#if canImport(Glibc)
import Glibc
#endif

/// Cuts a program's output into lines.
///
/// swift-subprocess can, too, but byte by byte. gcc's warnings about one llama.cpp are 16 MB, a compiler cache repeats them
/// in seconds, and a program whose output isn't read as fast stands still: ninja did.
struct LineSplitter {
  private static let lineFeed = Int32(UInt8(ascii: "\n"))
  /// The beginning of a line whose end hasn't come.
  private var begun: [UInt8] = []

  /// Takes the next bytes, and gives each line that ends in them, without its end.
  mutating func add(_ bytes: UnsafeRawBufferPointer, _ give: (String) -> Void) {
    var rest = bytes
    while let start = rest.baseAddress, let end = memchr(start, Self.lineFeed, rest.count) {
      let length = UnsafeRawPointer(end) - start
      let line = UnsafeRawBufferPointer(rebasing: rest[..<length])
      if begun.isEmpty {
        give(String(decoding: line, as: UTF8.self))
      } else {
        begun.append(contentsOf: line)
        give(String(decoding: begun, as: UTF8.self))
        begun.removeAll(keepingCapacity: true)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
    }
    begun.append(contentsOf: rest)
  }

  /// Gives what came after the last end of a line, if anything.
  mutating func finish(_ give: (String) -> Void) {
    guard !begun.isEmpty else { return }
    give(String(decoding: begun, as: UTF8.self))
    begun = []
  }
}
