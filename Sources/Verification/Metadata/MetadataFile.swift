/// METADATA or PKG-INFO: fields in their order and the description, read as Python's email parser does.
struct MetadataFile: Sendable {
  /// A field as it stands there; continuation lines are joined by line ends.
  struct Field: Sendable, Hashable {
    let name: String
    let value: String
  }

  let fields: [Field]
  let description: String
  /// Whether the description stands there twice: as a field and below the fields.
  let hasTwoDescriptions: Bool
  /// Lines of the header that are no fields, by number from 1.
  let strayLines: [Int]

  init(_ text: String) {
    var fields: [Field] = []
    var stray: [Int] = []
    // One kind of line end for all; scalars, because Swift takes \r\n for one character.
    let lines = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
    var index = 0
    while index < lines.count, !lines[index].isEmpty {
      let line = lines[index]
      if line.first == " " || line.first == "\t", let last = fields.popLast() {
        fields.append(Field(name: last.name, value: last.value + "\n" + line))
      } else if let colon = line.firstIndex(of: ":"), colon != line.startIndex,
        line[..<colon].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
      {
        fields.append(Field(name: String(line[..<colon]), value: line[line.index(after: colon)...].trimmed))
      } else {
        stray.append(index + 1)
      }
      index += 1
    }
    self.fields = fields
    strayLines = stray
    let body = lines.dropFirst(index + 1).joined(separator: "\n")
    // Old metadata has the description as a field, with bars in front of lines.
    let field = fields.first { $0.name.lowercased() == "description" }
    description = body.isEmpty ? field?.value ?? "" : body
    hasTwoDescriptions = field != nil && !body.trimmed.isEmpty
  }

  /// The values of a field, letters' case of its name aside.
  func values(_ name: String) -> [String] {
    fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }

  /// The first value of a field; nil when it is missing.
  func value(_ name: String) -> String? { values(name).first }
}
