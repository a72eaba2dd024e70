/// The family of a kernel: its name without template arguments, parameters and return type.
public enum KernelFamily {
  private static let open = UInt8(ascii: "<")
  private static let close = UInt8(ascii: ">")

  /// The family of a demangled name: `mul_mat_q` of `void mul_mat_q<(ggml_type)2, 64, false>(char const*, int)`.
  ///
  /// Names that nvcc made unique for a translation unit (`_INTERNAL_0f46cb44_7_sort_cu_1b2c`) count as the anonymous
  /// namespaces that they stand for.
  public static func name(of demangled: String) -> String {
    let anonymous = "(anonymous namespace)"
    var bytes: [UInt8] = []
    var depth = 0
    var previous: UInt8 = 0
    var rest = Substring(demangled).utf8
    if demangled.hasPrefix("void ") { rest = rest.dropFirst(5) }
    while let byte = rest.first {
      if byte == UInt8(ascii: "("), rest.starts(with: anonymous.utf8) {
        if depth == 0 { bytes += Array(anonymous.utf8) }
        rest = rest.dropFirst(anonymous.utf8.count)
        previous = UInt8(ascii: ")")
        continue
      }
      rest = rest.dropFirst()
      // operator<, operator<<, operator-> and operator() aren't brackets.
      let isOperator = depth == 0 && bytes.suffix(8).elementsEqual("operator".utf8)
      if isOperator, !(byte == UInt8(ascii: " ")) {
        bytes.append(byte)
        if byte == open, rest.first == open { rest = rest.dropFirst(); bytes.append(open) }
        if byte == UInt8(ascii: "("), rest.first == UInt8(ascii: ")") {
          rest = rest.dropFirst()
          bytes.append(UInt8(ascii: ")"))
        }
        previous = byte
        continue
      }
      if byte == open {
        depth += 1
      } else if byte == close, previous != UInt8(ascii: "-"), depth > 0 {
        depth -= 1
      } else if depth == 0 {
        if byte == UInt8(ascii: "(") { break }
        bytes.append(byte)
      }
      previous = byte
    }
    // A return type that isn't void stands in front: `std::enable_if<…>::type gemv<…>(…)`.
    let placeholder = "\u{1}"
    let whole = String(decoding: bytes, as: UTF8.self).replacing(anonymous, with: placeholder)
    let last = whole.contains("operator") ? whole[...] : whole.split(separator: " ").last ?? ""
    let trimmed = String(last.reversed().drop { $0 == " " }.reversed())
    let name = trimmed.replacing(placeholder, with: anonymous)
    let parts = name.split(separator: "::", omittingEmptySubsequences: true).map { part in
      part.hasPrefix("_INTERNAL_") ? anonymous : String(part)
    }
    let joined = parts.joined(separator: "::")
    return joined.isEmpty ? demangled : joined
  }
}
