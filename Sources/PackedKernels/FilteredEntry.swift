import BinaryFormats
import PTXText

/// An entry of PTX as it stands in a block: its header as it is, then its text with names counted back
/// (`RecentNames`).
enum FilteredEntry {
  /// The place of the field in which an entry says how long its header is, and the field's length in bytes.
  private static let headerSizeField = 4..<8
  /// The most bytes of a text; ggml's largest has 20 million.
  private static let textLimit = 1 << 28

  /// The filtered bytes; `nil` for an entry that stays as it is.
  static func filter(_ entry: FatbinEntry) -> [UInt8]? {
    guard entry.kind == .ptx, entry.compression == .none, entry.paddedPayload.count <= textLimit,
      let text = RecentNames.encode(entry.paddedPayload.array())
    else { return nil }
    return entry.header.array() + text
  }

  /// The entry that was filtered.
  ///
  /// - Parameter size: the length that it must have.
  /// - Throws: `RecentNames.Fault` when the bytes are not a filtered entry of that length.
  static func restore(_ bytes: ArraySlice<UInt8>, size: Int) throws(RecentNames.Fault) -> [UInt8] {
    guard bytes.count >= headerSizeField.upperBound else {
      throw RecentNames.Fault(place: 0, rule: "an entry must have a header")
    }
    let length = headerSizeField.reversed().reduce(0) { $0 << 8 | Int(bytes[bytes.startIndex + $1]) }
    guard length <= bytes.count, length <= size else {
      throw RecentNames.Fault(place: 4, rule: "an entry's header of \(length) bytes must fit into the entry")
    }
    let text = try RecentNames.decode(Array(bytes.dropFirst(length)), limit: size - length)
    guard length + text.count == size else {
      throw RecentNames.Fault(
        place: length,
        rule: "the text must have \(size - length) bytes; it has \(text.count)"
      )
    }
    return Array(bytes.prefix(length)) + text
  }
}
