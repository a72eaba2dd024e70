/// Rows under titled columns, rendered for a terminal or as Markdown.
///
/// For a terminal the last column is not padded and no line ends in a blank, so that a copied line is clean. A table
/// wider than its limit wraps the cells of its widest columns at spaces; a cell without spaces, such as a file name,
/// is never broken.
public struct Table: Hashable, Sendable {
  /// One column.
  public struct Column: Hashable, Sendable {
    /// What stands above it.
    public var title: String
    /// Whether it holds numbers, which line up on the right.
    public var isNumber: Bool

    /// Makes a column of text.
    public static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
    /// Makes a column of numbers.
    public static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
  }

  /// The columns, from the left.
  public var columns: [Column]
  /// The cells, one list per row; missing ones are empty, those beyond the columns are left out.
  public private(set) var rows: [[String]] = []

  /// Makes a table without rows.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row at the end.
  public mutating func append(_ cells: [String]) {
    rows.append(columns.indices.map { $0 < cells.count ? cells[$0] : "" })
  }

  /// The table for a terminal: titles in capitals, two blanks between columns.
  ///
  /// - Parameters:
  ///   - width: the most characters a line should have.
  ///   - indent: blanks before each line, part of `width`.
  public func lines(width: Int = 110, indent: Int = 0) -> [String] {
    let cells = [columns.map { $0.title.uppercased() }] + rows.map { $0.map(\.printable) }
    let widths = fittingWidths(of: cells, room: width - indent - 2 * max(0, columns.count - 1))
    return cells.flatMap { row in
      let wrapped = zip(row, widths).map { Self.wrap($0, to: $1) }
      return (0..<(wrapped.map(\.count).max() ?? 0)).map { line in
        let parts = wrapped.indices.map { column in
          let text = line < wrapped[column].count ? wrapped[column][line] : ""
          let padding = String(repeating: " ", count: max(0, widths[column] - text.count))
          return columns[column].isNumber ? padding + text : text + padding
        }
        let joined = String(repeating: " ", count: indent) + parts.joined(separator: "  ")
        return String(joined.reversed().drop { $0 == " " }.reversed())
      }
    }
  }

  /// The table as GitHub's Markdown.
  ///
  /// Cells must be Markdown already; see ``Markdown``.
  public func markdownLines() -> [String] {
    let header = columns.map { Markdown.text($0.title) }
    let rule = columns.map { $0.isNumber ? "---:" : "---" }
    return ([header, rule] + rows).map { "| \($0.joined(separator: " | ")) |" }
  }

  /// The columns' widths, narrowed at spaces until a row fits `room` or nothing can be wrapped any more.
  private func fittingWidths(of cells: [[String]], room: Int) -> [Int] {
    var widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    let narrowest = columns.indices.map { column in
      cells.flatMap { columns[column].isNumber ? [$0[column][...]] : $0[column].split(separator: " ") }
        .map(\.count).max() ?? 0
    }
    while widths.reduce(0, +) > room,
      let widest = widths.indices.filter({ widths[$0] > narrowest[$0] }).max(by: { widths[$0] < widths[$1] })
    {
      widths[widest] -= 1
    }
    return widths
  }

  private static func wrap(_ text: String, to width: Int) -> [String] {
    guard text.count > width else { return [text] }
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + [line]
  }
}

extension String {
  /// The first characters of a text that is longer than a cell may be.
  func cut(to count: Int) -> String { self.count <= count ? self : String(prefix(count - 1)) + "…" }

  /// The text on one line and without control characters, which a file's name may hold and a terminal would obey.
  var printable: String {
    guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return self }
    var out = UnicodeScalarView()
    for scalar in unicodeScalars {
      let isControl = scalar.properties.generalCategory == .control
      out.append(!isControl ? scalar : scalar == "\n" || scalar == "\t" ? " " : "\u{FFFD}")
    }
    return String(out)
  }
}
