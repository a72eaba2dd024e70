/// The family of a kernel: its name without template arguments, parameters and return type.
public enum KernelFamily {
  private static let open = UInt8(ascii: "<")
  private static let close = UInt8(ascii: ">")

  /// The family of a demangled name: `mul_mat_q` of `void mul_mat_q<(ggml_type)2, 64, false>(char const*, int)`.
  ///
  /// Names that nvcc made unique for a translation unit (`_INTERNAL_0f46cb44_7_sort_cu_1b2c`) count as the anonymous
  /// namespaces that they stand for.
  public static func name(of demangled: String) -> String {
    let text = Array(demangled.utf8)
    let mark = Array("(anonymous namespace)".utf8)
    let placeholder: UInt8 = 1
    let call = Array("operator".utf8)
    func stands(_ bytes: [UInt8], at place: Int) -> Bool {
      place + bytes.count <= text.count && text[place..<place + bytes.count].elementsEqual(bytes)
    }
    // A library has a hundred thousand names of a thousand bytes, so this goes through bytes and not characters.
    var bytes: [UInt8] = []
    var depth = 0
    var place = demangled.hasPrefix("void ") ? 5 : 0
    while place < text.count {
      let byte = text[place]
      if byte == UInt8(ascii: "("), stands(mark, at: place) {
        if depth == 0 { bytes.append(placeholder) }
        place += mark.count
        continue
      }
      place += 1
      // operator<, operator<<, operator-> and operator() aren't brackets.
      if depth == 0, bytes.count >= 8, byte != UInt8(ascii: " "),
        bytes[(bytes.count - 8)...].elementsEqual(call)
      {
        bytes.append(byte)
        let next = place < text.count ? text[place] : 0
        if (byte == open && next == open) || (byte == UInt8(ascii: "(") && next == UInt8(ascii: ")")) {
          bytes.append(next)
          place += 1
        }
        continue
      }
      if byte == open {
        depth += 1
      } else if byte == close, depth > 0, text[place - 2] != UInt8(ascii: "-") {
        depth -= 1
      } else if depth == 0 {
        if byte == UInt8(ascii: "(") { break }
        bytes.append(byte)
      }
    }
    // A return type that isn't void stands in front: `std::enable_if<…>::type gemv<…>(…)`.
    let isOperator = bytes.indices.contains { index in
      bytes[index] == call[0] && bytes[index...].starts(with: call)
    }
    while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
    if !isOperator, let space = bytes.lastIndex(of: UInt8(ascii: " ")) { bytes.removeFirst(space + 1) }
    // Its parts, without empty ones, and with the words that the placeholder stands for.
    let colon = UInt8(ascii: ":")
    let unique = Array("_INTERNAL_".utf8)
    var joined: [UInt8] = []
    func append(_ part: ArraySlice<UInt8>) {
      guard !part.isEmpty else { return }
      if !joined.isEmpty { joined += [colon, colon] }
      for byte in part.starts(with: unique) ? [placeholder] : part {
        if byte == placeholder { joined += mark } else { joined.append(byte) }
      }
    }
    var start = 0
    for index in bytes.indices.dropLast() where index >= start {
      guard bytes[index] == colon, bytes[index + 1] == colon else { continue }
      append(bytes[start..<index])
      start = index + 2
    }
    append(bytes[start...])
    return joined.isEmpty ? demangled : String(decoding: joined, as: UTF8.self)
  }
}
