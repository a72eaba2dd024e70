import Foundation

/// Pieces of HTML, escaped.
enum HTML {
  /// Text in an element or an attribute in double quotes.
  static func text(_ text: String) -> String {
    var out = ""
    for character in text.printable {
      switch character {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      default: out.append(character)
      }
    }
    return out
  }

  /// A value as JSON inside of a script element, where `</script` and `<!--` would end it.
  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self).replacing("<", with: "\\u003c")
  }

  /// A whole page with our style and script in it.
  static func page(title: String, generator: String = "", _ body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <meta name="generator" content="\(text(generator))">
    <title>\(text(title))</title>
    <style>
    \(HTMLAssets.style)
    </style>
    </head>
    <body>
    \(body)
    <script>
    \(HTMLAssets.script)
    </script>
    </body>
    </html>

    """
  }

  /// A cell of a table.
  struct Cell {
    /// What it shows, as HTML.
    var html: String
    /// What a column of numbers is sorted by.
    var number: Int64?

    /// Plain text.
    static func text(_ text: String) -> Cell { Cell(html: HTML.text(text)) }
    /// A name of code or of a file.
    static func name(_ text: String) -> Cell { Cell(html: "<span class=\"name\">\(HTML.text(text))</span>") }
    /// A whole number.
    static func number(_ value: Int64, _ text: String) -> Cell { Cell(html: HTML.text(text), number: value) }
  }

  /// A table whose columns can be sorted; the last `totals` rows stay at the end.
  static func table(_ titles: [String], _ rows: [[Cell]], totals: Int = 0) -> String {
    guard let first = rows.first else { return "" }
    let head = zip(titles, first).map { title, cell in
      "<th\(cell.number == nil ? "" : " class=\"n\"") scope=\"col\">\(text(title))</th>"
    }.joined()
    let body = rows.enumerated().map { index, row in
      let cells = row.map { cell in
        cell.number.map { "<td class=\"n\" data-v=\"\($0)\">\(cell.html)</td>" } ?? "<td>\(cell.html)</td>"
      }.joined()
      return "<tr\(index >= rows.count - totals ? " class=\"total\"" : "")>\(cells)</tr>"
    }.joined(separator: "\n")
    return """
      <div class="scroll"><table class="sort"><thead><tr>\(head)</tr></thead><tbody>
      \(body)
      </tbody></table></div>
      """
  }
}
