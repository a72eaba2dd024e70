import ReleaseModel
public import SystemPackage

extension ConfigurationFile {
  /// The name of our own configuration file.
  public static let fileName = "llcuda-build.toml"
  /// The name of the file in which we own one table, `[tool.llcuda-build]`.
  public static let pyprojectName = "pyproject.toml"
  /// The most bytes that a configuration file may have.
  static let sizeLimit = 4 * 1024 * 1024

  /// Finds the configuration of a folder: `llcuda-build.toml`, else a `pyproject.toml` with `[tool.llcuda-build]`.
  ///
  /// - Returns: `nil` when the folder has neither.
  /// - Throws: ``ConfigurationError``
  public static func find(in folder: FilePath) throws(ConfigurationError) -> ConfigurationFile? {
    for name in [fileName, pyprojectName] {
      let path = folder.absolute.appending(name)
      do throws(Errno) {
        _ = try Stat(path, followTargetSymlink: false)
      } catch .noSuchFileOrDirectory {
        continue
      } catch {
        throw .unreadable(path.string, reason: "\(error)")
      }
      if let found = try read(path) { return found }
    }
    return nil
  }

  /// The file that was named, or the configuration of a folder when none was.
  ///
  /// - Throws: ``ConfigurationError``
  public static func chosen(_ named: String?, in folder: FilePath) throws(ConfigurationError)
    -> ConfigurationFile?
  {
    guard let named else { return try find(in: folder) }
    return try read(FilePath(named))
  }

  /// Reads a configuration file.
  ///
  /// A version that our own file lacks is taken from the `pyproject.toml` beside it, if that is the same project's.
  ///
  /// - Returns: `nil` for a `pyproject.toml` without `[tool.llcuda-build]`, which configures nothing.
  /// - Throws: ``ConfigurationError``
  public static func read(_ path: FilePath) throws(ConfigurationError) -> ConfigurationFile? {
    let path = path.absolute
    guard var file = try parse(try text(of: path), path: path) else { return nil }
    if file.project.version == nil, let name = file.project.name, path.lastComponent?.string != pyprojectName
    {
      file.project.version = version(of: name, in: path.removingLastComponent().appending(pyprojectName))
    }
    return file
  }

  /// The version of a project by its `pyproject.toml`; `nil` where that says none, or is another project's or no TOML.
  private static func version(of name: String, in path: FilePath) -> String? {
    // Names that an index takes for the same one (PyPA, "Names and normalization").
    func normalized(_ name: String) -> String { name.lowercased().replacing(#/[-_.]+/#) { _ in "-" } }
    guard let text = try? text(of: path), let document = try? TOMLDocument(parsing: text, path: path),
      case .table(let metadata)? = document.root["project"]
    else { return nil }
    var project = ProjectValues()
    project.fillGaps(fromPyproject: metadata)
    return project.name.map(normalized) == normalized(name) ? project.version : nil
  }

  /// Reads the text of a configuration file; `path`, absolute, says which of the two forms it has.
  static func parse(_ text: String, path: FilePath) throws(ConfigurationError) -> ConfigurationFile? {
    let document = try TOMLDocument(parsing: text, path: path)
    guard path.lastComponent?.string == pyprojectName else {
      return try ConfigurationFile(reading: document, table: document.root, at: [])
    }
    guard case .table(let tools)? = document.root["tool"], let ours = tools["llcuda-build"] else {
      return nil
    }
    let keys = ["tool", "llcuda-build"]
    guard case .table(let table) = ours else {
      throw .wrongType(
        document.place(of: keys),
        key: "tool.llcuda-build",
        expected: "a table",
        found: ours.typeName
      )
    }
    var file = try ConfigurationFile(reading: document, table: table, at: keys)
    if case .table(let metadata)? = document.root["project"] {
      file.project.fillGaps(fromPyproject: metadata)
    }
    return file
  }

  private static func text(of path: FilePath) throws(ConfigurationError) -> String {
    let bytes: [UInt8]
    do {
      // Opening a pipe would wait for someone to write into it.
      let type = try Stat(path).type
      guard type == .regular else {
        let found = type == .directory ? "it is a folder" : "it is not a regular file"
        throw ConfigurationError.unreadable(path.string, reason: found)
      }
      let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
      bytes = try file.closeAfter { try Self.bytes(of: file) }
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw .unreadable(path.string, reason: "\(error)")
    }
    guard bytes.count <= sizeLimit else {
      throw .unreadable(path.string, reason: "it has more than \(ByteCount(sizeLimit)) bytes")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unreadable(path.string, reason: "it is not UTF-8 text")
    }
    return text
  }

  private static func bytes(of file: FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count <= sizeLimit {
      let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return bytes
  }
}

extension ConfigurationFile.ProjectValues {
  /// Takes what `[project]` of a `pyproject.toml` says where `[tool.llcuda-build.project]` says nothing.
  ///
  /// That table is Python's, so whatever has another shape than we know (dynamic versions, license files) is left
  /// alone (PyPA, "pyproject.toml specification").
  mutating func fillGaps(fromPyproject table: [String: TOMLNode]) {
    func string(_ node: TOMLNode?) -> String? {
      if case .string(let text)? = node { text } else { nil }
    }
    name = name ?? string(table["name"])
    version = version ?? string(table["version"])
    summary = summary ?? string(table["description"])
    if case .array(let authors)? = table["authors"], case .table(let first)? = authors.first,
      author == nil, authorEmail == nil
    {
      author = string(first["name"])
      authorEmail = string(first["email"])
    }
    if license == nil {
      var text = string(table["license"])
      if case .table(let old)? = table["license"] { text = string(old["text"]) }
      // The old form may hold a whole license or its name; identifiers and their operators only are an SPDX expression.
      let expression = #/\(*[A-Za-z0-9.+-]+\)*( (AND|OR|WITH) \(*[A-Za-z0-9.+-]+\)*)*/#
      if let text, text.wholeMatch(of: expression) != nil { license = text }
    }
    if urls == nil, case .table(let links)? = table["urls"] { urls = links.compactMapValues(string) }
  }
}
