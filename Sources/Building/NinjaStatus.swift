import ToolExecution

/// Reads ninja's status lines, in a form of our own choosing.
enum NinjaStatus {
  /// What `NINJA_STATUS` is set to: finished, total, time left by ninja's own history-based estimate.
  static let format = "@llcuda %f %t %W@ "

  /// The numbers of one line, `nil` for any other output.
  static func parse(_ line: String) -> (done: Int, total: Int, remaining: String?)? {
    guard line.hasPrefix("@llcuda "), let end = line.dropFirst().firstIndex(of: "@") else { return nil }
    let fields = line[..<end].split(separator: " ")
    guard fields.count >= 3, let done = Int(fields[1]), let total = Int(fields[2]) else { return nil }
    let time = fields.count > 3 ? String(fields[3]) : "?"
    return (done, total, time.contains("?") ? nil : time)
  }

  /// The names of the files being compiled by processes below ninja, from their command lines (`-o NAME.o`).
  static func outputs(of commandLines: [[String]]) -> [String] {
    let names = commandLines.compactMap { arguments -> String? in
      guard let flag = arguments.firstIndex(of: "-o"), flag + 1 < arguments.count else { return nil }
      let name = arguments[flag + 1].split(separator: "/").last.map(String.init) ?? ""
      return name.hasSuffix(".o") ? String(name.dropLast(2)) : nil
    }
    return Array(Set(names)).sorted()
  }
}
