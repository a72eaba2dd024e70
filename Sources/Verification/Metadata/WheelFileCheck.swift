/// The rules for WHEEL (Z04, F06, X07): its fields, and that they fit the file's name and the contents.
struct WheelFileCheck {
  let contents: ArchiveContents
  let info: String
  let name: WheelFileName?

  var findings: [Finding] {
    let (file, place) = (contents.file, "\(info)/WHEEL")
    guard contents.members.contains(where: { $0.name == place }) else {
      return [Finding(.wheelFile, in: file, at: place, "missing")]
    }
    guard contents.texts[place] != nil else { return [] }
    guard let text = contents.text(place) else {
      return [Finding(.wheelFields, in: file, at: place, "it is no UTF-8")]
    }
    var findings: [Finding] = []
    func report(_ rule: Rule, _ field: String, _ seen: String) {
      findings.append(Finding(rule, in: file, at: "\(place), \(field)", seen))
    }
    let wheel = MetadataFile(text)
    for line in wheel.strayLines { report(.wheelFields, "line \(line)", "no 'Key: Value'") }
    let version = wheel.value("Wheel-Version") ?? ""
    if version.wholeMatch(of: #/1\.[0-9]+/#) == nil {
      report(.wheelFields, "Wheel-Version", version.isEmpty ? "missing" : "'\(version)'")
    }
    for field in ["Wheel-Version", "Generator", "Root-Is-Purelib", "Build"] where wheel.values(field).count > 1 {
      report(.wheelFields, field, "\(wheel.values(field).count) times")
    }
    let pure = wheel.value("Root-Is-Purelib")?.lowercased() ?? ""
    if pure != "true", pure != "false" {
      report(.wheelFields, "Root-Is-Purelib", pure.isEmpty ? "missing" : "'\(pure)'")
    }
    if !contents.binaries.isEmpty {
      if pure == "true" {
        report(.purelib, "Root-Is-Purelib", "true, with \(contents.binaries.count) binaries")
      }
      if name?.platforms == ["any"] {
        report(.pureWheel, "Tag", "platform 'any', with \(contents.binaries.count) binaries")
      }
    }
    return findings + tagFindings(wheel, file, place)
  }

  private func tagFindings(_ wheel: MetadataFile, _ file: String, _ place: String) -> [Finding] {
    guard let name else { return [] }
    let tags = wheel.values("Tag")
    guard !tags.isEmpty else { return [Finding(.wheelFields, in: file, at: "\(place), Tag", "missing")] }
    let inside = Set(tags.map { $0.lowercased() })
    guard inside != name.tags else { return [] }
    let missing = name.tags.subtracting(inside).sorted().map { "no \($0)" }
    let more = inside.subtracting(name.tags).sorted().map { "\($0), which the file's name lacks" }
    return [Finding(.tagsMatch, in: file, at: "\(place), Tag", (missing + more).prefix(4).joined(separator: "; "))]
  }
}
