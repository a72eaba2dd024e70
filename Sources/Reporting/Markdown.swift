/// Pieces of GitHub's Markdown, escaped (GitHub Flavored Markdown 0.29, sections 2.4, 4.10 and 6.3).
public enum Markdown {
  /// The most bytes of a report: GitHub drops a job summary of more than 1,024 KiB as a whole.
  public static let byteLimit = 900 * 1024

  /// Plain text, also inside a table: nothing in it means anything to Markdown or HTML.
  public static func text(_ text: String) -> String {
    var out = ""
    for character in text.printable {
      switch character {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\\", "`", "*", "_", "[", "]", "|", "~": out += "\\\(character)"
      default: out.append(character)
      }
    }
    return out
  }

  /// Text in code type, also inside a table, where a pipe needs its backslash even in code.
  public static func code(_ text: String) -> String {
    let inner = text.printable.map { $0 == "`" ? "'" : $0 == "|" ? "\\|" : String($0) }.joined()
    return inner.isEmpty ? "" : "`\(inner)`"
  }

  /// Joins lines and keeps the result under `limit` bytes; what doesn't fit is left out from a line's end on.
  ///
  /// A section that is cut while folded is closed, since one left open would swallow the summaries of later steps.
  static func document(
    _ lines: [String],
    limit: Int = byteLimit,
    rest: String = "`manifest.json`"
  ) -> String {
    let whole = lines.map { $0 + "\n" }.joined()
    guard whole.utf8.count > limit else { return whole }
    let note = "\nThis report was longer than a job summary may be; its rest is in \(rest).\n"
    let closing = "\n</details>\n"
    var room = limit - note.utf8.count - closing.utf8.count
    var kept = ""
    var isFolded = false
    for line in lines {
      room -= line.utf8.count + 1
      guard room >= 0 else { break }
      kept += line + "\n"
      if line.hasPrefix("<details>") { isFolded = true }
      if line == "</details>" { isFolded = false }
    }
    return kept + (isFolded ? closing : "") + note
  }
}
