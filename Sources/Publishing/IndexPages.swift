import Foundation
import SystemPackage
import Verification

/// Pages of the simple repository API in HTML (PEP 503) that link artifacts wherever they lie.
///
/// `pip install --extra-index-url ADDRESS/` of the folder then works like with any index.
struct IndexPages: Sendable {
  let baseURL: String
  let files: [VerificationReport.File]

  /// The pages by path.
  var pages: [(path: String, html: String)] {
    let projects = Dictionary(grouping: files.filter { $0.kind == "wheel" && $0.project != nil }) { $0.project ?? "" }
    let names = projects.keys.sorted()
    let each = names.map { name in
      (path: "\(name)/index.html", html: page("Links for \(name)", (projects[name] ?? []).map(link)))
    }
    // The list of projects comes last: a project that is listed has its page.
    return each + [("index.html", page("Simple index", names.map { "<a href=\"\($0)/\">\($0)</a>" }))]
  }

  private func link(_ file: VerificationReport.File) -> String {
    let address = baseURL.hasSuffix("/") ? baseURL : baseURL + "/"
    let name = file.file.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? file.file
    let python = file.requiresPython.map { " data-requires-python=\"\(Self.escaped($0))\"" } ?? ""
    return
      "<a href=\"\(Self.escaped(address + name))#sha256=\(file.sha256)\"\(python)>\(Self.escaped(file.file))</a>"
  }

  private func page(_ title: String, _ links: [String]) -> String {
    """
    <!DOCTYPE html>
    <html>
      <head>
        <meta name="pypi:repository-version" content="1.0">
        <title>\(title)</title>
      </head>
      <body>
    \(links.map { "    \($0)<br>" }.joined(separator: "\n"))
      </body>
    </html>

    """
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
  }

  /// Writes the pages below a folder; each is replaced in one step.
  func write(into folder: FilePath) throws {
    for (path, html) in pages {
      let target = folder.appending(path)
      try FileManager.default.createDirectory(
        atPath: target.removingLastComponent().string,
        withIntermediateDirectories: true
      )
      try html.write(toFile: target.string, atomically: true, encoding: .utf8)
    }
  }
}
