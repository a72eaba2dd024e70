import Archives
import ReleaseModel

/// Packed kernels in an archive: what the texts `NAME.kernels` promise, if the packed files are the ones they describe.
///
/// What is in a packed file was proved when it was written (`dist/packed-format.md`); here it must be that very file.
struct PackedCheck {
  /// The architectures of all packed kernels, those that are fetched included.
  private(set) var architectures: [Architecture] = []
  /// Packed files that are missing or others than described.
  private(set) var findings: [Finding] = []

  init(_ contents: ArchiveContents) {
    for name in contents.texts.keys.sorted() where name.hasSuffix(".kernels") {
      guard let text = contents.text(name), let promise = KernelPromise(index: text) else { continue }
      architectures += promise.architectures
      var values: [Substring: Substring] = [:]
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ", maxSplits: 1)
        if words.count == 2 { values[words[0]] = words[1] }
      }
      guard values["url"] == nil else { continue }
      let folder = name.split(separator: "/").dropLast().map { "\($0)/" }.joined()
      let file = folder + (values["packed-file"] ?? "")
      guard let member = contents.members.first(where: { $0.name == file }) else {
        findings.append(Finding(.kernelsMissing, in: contents.file, at: name, "the packed file '\(file)'"))
        continue
      }
      if values["packed-size"] != "\(member.byteCount)"
        || values["packed-sha256"].map(String.init) != member.sha256?.hex
      {
        findings.append(
          Finding(.kernelsMissing, in: contents.file, at: file, "it is not the file that '\(name)' describes")
        )
      }
    }
  }
}
