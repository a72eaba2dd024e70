/// The rules for entry_points.txt (E01): Python's configparser with '=' only, and safe names of scripts.
struct EntryPoints {
  let file: String
  let place: String

  func findings(_ bytes: [UInt8]) -> [Finding] {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return [Finding(.entryPoints, in: file, at: place, "it is no UTF-8")]
    }
    var findings: [Finding] = []
    var section: String?
    var seen: Set<String> = []
    var sections: Set<String> = []
    let lines = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      func report(_ seen: String) {
        findings.append(Finding(.entryPoints, in: file, at: "\(place), line \(index + 1)", seen))
      }
      let content = line.trimmed
      if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
      if content.hasPrefix("["), let end = content.lastIndex(of: "]") {
        let name = String(content[content.index(after: content.startIndex)..<end])
        section = name
        seen = []
        if !sections.insert(name).inserted { report("section '\(name)' a second time") }
        continue
      }
      guard let section else {
        report("a line before any section")
        continue
      }
      // A line that is indented goes on with the value above.
      if line.first == " " || line.first == "\t", !seen.isEmpty { continue }
      guard let equals = content.firstIndex(of: "=") else {
        report("'\(content)' has no '='")
        continue
      }
      let name = content[..<equals].trimmed
      if !seen.insert(name).inserted { report("'\(name)' a second time") }
      let isScript = section == "console_scripts" || section == "gui_scripts"
      if isScript, name.wholeMatch(of: #/[A-Za-z0-9_.\p{L}\p{N}-]+/#) == nil || name == "." || name == ".." {
        report("'\(name)' is no script's name")
      }
    }
    return findings
  }
}
