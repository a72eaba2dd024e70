import CInspection

/// C++ names as people read them, by the C++ runtime's own demangler.
enum Demangler {
  /// The most bytes of a name that is looked at, and of the text that it gives.
  private static let limit = 1 << 16

  /// The text for a mangled name; the name itself for what is none.
  static func text(_ symbol: some Collection<UInt8>) -> String {
    let plain = String(decoding: symbol, as: UTF8.self)
    guard symbol.count < limit, symbol.starts(with: [UInt8(ascii: "_"), UInt8(ascii: "Z")]) else {
      return plain
    }
    let name = symbol.map { CChar(bitPattern: $0) } + [0]
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: limit) { buffer in
      let count = llcuda_demangle(name, buffer.baseAddress, buffer.count)
      guard count > 0 else { return plain }
      return String(
        decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]),
        as: UTF8.self
      )
    }
  }
}
