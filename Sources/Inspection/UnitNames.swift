import CInspection

/// Names of translation units, from what compilers leave behind.
enum UnitNames {
  /// The source behind a name in the linker's symbols: `softmax.cu` of `tmpxft_0000b4b_00000000-6_softmax.cudafe1.cpp`.
  ///
  /// - Returns: `nil` for names that say nothing, such as the `x_0` of sccache.
  static func source(ofSymbol name: String) -> String? {
    let pattern =
      #/(?:tmpxft_[0-9a-f]+_[0-9a-f]+-[0-9]+_)?(.+?)(?:\.compute_[0-9]+[af]?)?\.cudafe1\.(?:cpp|c|gpu)/#
    guard let stem = name.wholeMatch(of: pattern)?.1 else { return name.hasSuffix(".cu") ? name : nil }
    return stem.wholeMatch(of: #/x_[0-9]+/#) == nil ? "\(stem).cu" : nil
  }

  private static let marks = ["_GLOBAL__N__", "_INTERNAL_"].map { Array($0.utf8) }

  /// The source in the name of something local to a unit: `sort.cu` of `_GLOBAL__N__0f46cb44_7_sort_cu_1b2c3d4e`.
  static func source(ofLocal symbol: ArraySlice<UInt8>) -> String? {
    // Cheap for the millions of names without one.
    guard let start = symbol.range(of: marks[0]) ?? symbol.range(of: marks[1]) else { return nil }
    let text = String(decoding: symbol[start...].prefix(300), as: UTF8.self)
    guard let match = text.prefixMatch(of: #/[0-9a-f]{8}_([0-9]{1,3})_(.*)/#), let length = Int(match.1)
    else {
      return nil
    }
    let name = match.2.prefix(length)
    guard name.count == length, length > 3 else { return nil }
    for ending in ["cu", "cpp", "cuh", "cc"] where name.hasSuffix("_\(ending)") {
      return name.dropLast(ending.count + 1) + "." + ending
    }
    return String(name)
  }

  /// A unit's name from that of its object: `softmax.cu` of `softmax.cu.o`.
  static func source(ofObject path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    for ending in [".o", ".obj"] where name.hasSuffix(ending) { return String(name.dropLast(ending.count)) }
    return name
  }
}

extension ArraySlice<UInt8> {
  /// The place behind the first occurrence of some bytes.
  fileprivate func range(of wanted: [UInt8]) -> Index? {
    let place = withUnsafeBytes { llcuda_find($0.baseAddress, $0.count, wanted, wanted.count) }
    return place < 0 ? nil : startIndex + place + wanted.count
  }
}
