import Reporting
import Sharding

/// A part that was written, for standard output.
struct PartRendering {
  private let manifest: PartManifest
  private let folder: String

  init(_ manifest: PartManifest, folder: String) {
    self.manifest = manifest
    self.folder = folder
  }

  func text(as format: ReportFormat) throws -> String {
    switch format {
    case .json:
      return try json(manifest)
    case .table, .markdown:
      let seconds = manifest.files.compactMap(\.seconds).reduce(0, +)
      let time = seconds > 0 ? ", \(Int(seconds.rounded())) s of compiling" : ""
      let mark = format == .markdown ? "- " : ""
      return """
        \(mark)part \(manifest.shard): \(folder)
        \(mark)\(manifest.files.count) files, \(manifest.bytes) bytes\(time)
        \(mark)plan digest \(manifest.planDigest)

        """
    }
  }
}
