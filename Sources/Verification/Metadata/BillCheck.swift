import Foundation

/// The rules for bills of materials in `.dist-info/sboms/` (X07-sbom, X07-bom; PEP 770).
struct BillCheck {
  let contents: ArchiveContents
  let info: String
  let project: String?

  /// The bill that llcuda-build writes; what other tools' bills say they are about is their business.
  private static let ownName = "llcuda-build.cdx.json"

  var findings: [Finding] {
    let folder = "\(info)/sboms/"
    let bills = contents.texts.keys.filter { $0.hasPrefix(folder) }.sorted()
    if bills.isEmpty, !contents.binaries.isEmpty {
      return [Finding(.sbom, in: contents.file, at: folder, "\(contents.binaries.count) binaries and no bill")]
    }
    return bills.compactMap { name in
      guard let bytes = contents.texts[name],
        let value = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
      else { return name.hasSuffix(".json") ? Finding(.sbomBroken, in: contents.file, at: name, "it is no JSON object") : nil }
      guard name == "\(folder)\(Self.ownName)" else { return nil }
      let component = (value["metadata"] as? [String: Any])?["component"] as? [String: Any]
      let named = component?["name"] as? String ?? ""
      guard value["bomFormat"] as? String == "CycloneDX",
        project == nil || WheelFileName.normalized(named) == project
      else { return Finding(.sbomBroken, in: contents.file, at: name, "it is about '\(named)'") }
      return nil
    }
  }
}
