import Archives
import ReleaseModel

/// The rules for several files together, whether or not they are a release of ours (P05, P07, P10-single, P12).
struct CrossCheck {
  let subjects: [Subject]
  let options: Verifier.Options

  private static let projectLimit = ByteCount(Int64(10) << 30)
  private static let newProjects = 20

  private var uploads: [Subject] { subjects.filter { $0.kind == .wheel || $0.kind == .sdist } }

  var findings: [Finding] {
    var findings: [Finding] = []
    var seen: [String: Subject] = [:]
    for subject in uploads {
      if let other = seen[subject.sha256.hex], other.path != subject.path {
        findings.append(Finding(.sameContents, in: subject.name, "the same bytes as '\(other.path)'"))
      }
      seen[subject.sha256.hex] = subject
    }
    let projects = Dictionary(grouping: uploads.filter { $0.project != nil }) { $0.project ?? "" }
    for (project, files) in projects.sorted(by: { $0.key < $1.key }) {
      let total = files.reduce(options.uploaded) { $0 + ByteCount($1.byteCount) }
      if total > Self.projectLimit {
        findings.append(Finding(.projectSize, in: files[0].name, "project \(project) would have \(total) bytes"))
      }
      let sdists = Dictionary(grouping: files.filter { $0.kind == .sdist }) {
        $0.version.flatMap { VersionText($0)?.key } ?? ""
      }
      for (_, same) in sdists.sorted(by: { $0.key < $1.key }) where same.count > 1 {
        let names = same.map { "'\($0.name)'" }.joined(separator: ", ")
        findings.append(Finding(.sdistSingle, in: same[1].name, names))
      }
    }
    if projects.count > Self.newProjects, let first = uploads.first {
      findings.append(Finding(.newProjects, in: first.name, "\(projects.count) projects"))
    }
    return findings
  }
}
