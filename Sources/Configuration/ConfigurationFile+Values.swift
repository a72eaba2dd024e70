import Inventory
import ReleaseModel
import SystemPackage

extension ConfigurationFile {
  /// Reads the values of our table.
  init(reading document: TOMLDocument, table: [String: TOMLNode], at keys: [String])
    throws(ConfigurationError)
  {
    let reader = TableReader(document: document, table: table, path: keys)
    try reader.check(
      known: TopKey.allCases.map(\.rawValue),
      synonyms: TopKey.synonyms,
      // `name` at the top is right but for its table.
      elsewhere: Dictionary(
        uniqueKeysWithValues: ProjectKey.allCases.map { ($0.rawValue, "project.\($0.rawValue)") }
      )
    )
    self.init(path: document.path)
    architectures = try reader.architectures(TopKey.archs.rawValue)
    addPTX = try reader.boolean(TopKey.ptx.rawValue)
    allowJIT = try reader.boolean(TopKey.allowJIT.rawValue)
    layout = try reader.choice(TopKey.layout.rawValue, Layout.self)
    slices = try Self.slices(reader)
    groups = try Self.groups(reader)
    cap = try Self.cap(reader)
    preferredLayout = try reader.choice(TopKey.prefer.rawValue, Layout.self)
    maxWheels = try Self.positive(reader, .maxWheels, "at least one wheel is needed")
    allowMinorFallback = try reader.boolean(TopKey.allowMinorFallback.rawValue)
    minDriver = try reader.string(TopKey.minDriver.rawValue)
    kernelCompression = try reader.choice(TopKey.kernelCompression.rawValue, KernelCompression.self)
    upx = try Self.upx(reader)
    tarballs = try Self.tarballs(reader)
    source = try Self.source(reader)
    cudaHome = try reader.filePath(TopKey.cudaHome.rawValue)
    hostCompiler = try Self.program(reader, TopKey.hostCompiler.rawValue)
    outputFolder = try reader.filePath(TopKey.out.rawValue)
    buildFolder = try reader.filePath(TopKey.build.rawValue)
    jobs = try Self.positive(reader, .jobs, "at least one job is needed")
    compilerCache = try reader.choice(TopKey.compilerCache.rawValue, CompilerCache.self)
    flashAttention = try reader.boolean(TopKey.flashAttention.rawValue)
    cmakeDefinitions = try Self.definitions(reader)
    if let inner = try reader.inner(TopKey.budget.rawValue) { budget = try SizeBudget(reading: inner) }
    if let inner = try reader.inner(TopKey.project.rawValue) { project = try ProjectValues(reading: inner) }
  }

  private static func slices(_ reader: TableReader) throws(ConfigurationError) -> [String]? {
    let key = TopKey.slices.rawValue
    guard let node = reader.table[key] else { return nil }
    guard case .array(let items) = node else {
      throw reader.wrongType(key, "an array of architecture lists such as [\"75,86\", \"80\"]", node)
    }
    var slices: [String] = []
    for item in items { slices.append(try reader.architectures(item, key: key)) }
    return slices
  }

  private static func groups(_ reader: TableReader) throws(ConfigurationError) -> [GroupRequest]? {
    guard
      let inner = try reader.inner(TopKey.groups.rawValue, "a table of groups such as desktop = \"75,86\"")
    else {
      return nil
    }
    var groups: [GroupRequest] = []
    for name in inner.table.keys.sorted() {
      groups.append(GroupRequest(name: name, architectures: try inner.architectures(name) ?? ""))
    }
    return groups
  }

  private static func cap(_ reader: TableReader) throws(ConfigurationError) -> ByteCount? {
    let key = TopKey.cap.rawValue
    switch reader.table[key] {
    case nil: return nil
    case .integer(let bytes)?:
      guard bytes > 0 else { throw reader.wrongValue(key, "\(bytes)", "a cap is a positive number of bytes") }
      return ByteCount(bytes)
    case .string(let text)?:
      guard let cap = ByteCount(parsing: text), cap > .zero else {
        throw reader.wrongValue(key, text, "write a size such as \"100MiB\" or 104857600")
      }
      return cap
    case .some(let node): throw reader.wrongType(key, "a size such as \"100MiB\" or 104857600", node)
    }
  }

  private static func upx(_ reader: TableReader) throws(ConfigurationError) -> UPXScope? {
    let key = TopKey.upx.rawValue
    switch reader.table[key] {
    case nil: return nil
    case .boolean(let wanted)?: return wanted ? .executables : UPXScope.none
    case .string(let text)?: return try reader.choice(key, text)
    case .some(let node): throw reader.wrongType(key, "\"none\", \"executables\" or \"all\"", node)
    }
  }

  private static func tarballs(_ reader: TableReader) throws(ConfigurationError) -> [TarballFormat]? {
    let key = TopKey.tarballs.rawValue
    guard let texts = try reader.strings(key) else { return nil }
    var formats: [TarballFormat] = []
    for text in texts {
      let format: TarballFormat = try reader.choice(key, text)
      guard !formats.contains(format) else { throw reader.wrongValue(key, text, "it is listed twice") }
      formats.append(format)
    }
    return formats
  }

  private static func source(_ reader: TableReader) throws(ConfigurationError) -> LlamaCppSource? {
    let key = TopKey.llamaCpp.rawValue
    guard let text = try reader.string(key) else { return nil }
    do {
      return try LlamaCppSource(parsing: text, relativeTo: reader.folder)
    } catch {
      throw .source(reader.document.place(of: reader.path + [key]), key: reader.full(key), error)
    }
  }

  /// A program: a name without a slash is looked up on `PATH` later, anything else is a path.
  private static func program(_ reader: TableReader, _ key: String) throws(ConfigurationError) -> String? {
    guard let text = try reader.string(key), !text.trimmingBlanks.isEmpty, !text.contains("/") else {
      return try reader.filePath(key)
    }
    return text
  }

  private static func positive(
    _ reader: TableReader,
    _ name: TopKey,
    _ rule: String
  ) throws(ConfigurationError) -> Int? {
    let key = name.rawValue
    guard let node = reader.table[key] else { return nil }
    guard case .integer(let count) = node else { throw reader.wrongType(key, "an integer", node) }
    guard count > 0 else { throw reader.wrongValue(key, "\(count)", rule) }
    return count
  }

  private static func definitions(_ reader: TableReader) throws(ConfigurationError) -> [String]? {
    let key = TopKey.cmakeDefinitions.rawValue
    guard case .table(let table)? = reader.table[key] else {
      let definitions = try reader.strings(key)
      for text in definitions ?? [] where text.wholeMatch(of: #/[A-Za-z_][\w.+\/-]*(:[A-Z]+)?=.*/#) == nil {
        throw reader.wrongValue(key, text, "write NAME=VALUE")
      }
      return definitions
    }
    let inner = TableReader(document: reader.document, table: table, path: reader.path + [key])
    var definitions: [String] = []
    for (name, node) in table.sorted(by: { $0.key < $1.key }) {
      switch node {
      case .string(let text): definitions.append("\(name)=\(text)")
      case .integer(let number): definitions.append("\(name)=\(number)")
      case .boolean(let isOn): definitions.append("\(name)=\(isOn ? "ON" : "OFF")")
      default: throw inner.wrongType(name, "a string, an integer or a boolean", node)
      }
    }
    return definitions
  }
}

extension ConfigurationFile.ProjectValues {
  /// Reads the values of the project's table.
  init(reading reader: TableReader) throws(ConfigurationError) {
    try reader.check(known: ProjectKey.allCases.map(\.rawValue), synonyms: ProjectKey.synonyms)
    self.init()
    name = try reader.string(ProjectKey.name.rawValue)
    version = try reader.string(ProjectKey.version.rawValue)
    summary = try reader.string(ProjectKey.summary.rawValue)
    author = try reader.string(ProjectKey.author.rawValue)
    authorEmail = try reader.string(ProjectKey.authorEmail.rawValue)
    license = try reader.string(ProjectKey.license.rawValue)
    urls = try reader.stringTable(ProjectKey.urls.rawValue)
    packageFolder = try reader.filePath(ProjectKey.packageFolder.rawValue)
    extraFiles = try Self.extraFiles(reader)
    assetURL = try reader.string(ProjectKey.assetURL.rawValue)
    if let assetURL, assetURL.wholeMatch(of: #/https?:\/\/[^\s"\\]+/#) == nil {
      throw reader.wrongValue(
        ProjectKey.assetURL.rawValue,
        assetURL,
        "an address such as https://example.org/download/v{version}"
      )
    }
  }

  private static func extraFiles(_ reader: TableReader) throws(ConfigurationError) -> [String: String]? {
    let key = ProjectKey.extraFiles.rawValue
    guard let inner = try reader.inner(key, "a table of paths such as \"llcuda/data.json\" = \"data.json\"")
    else {
      return nil
    }
    var files: [String: String] = [:]
    for name in inner.table.keys.sorted() {
      let target = FilePath(name)
      let stays = !name.isEmpty && target.isRelative && !target.components.contains { $0.kind != .regular }
      guard stays, !name.contains("\\") else {
        throw inner.wrongValue(name, name, "a path in the wheel is relative and has no '..'")
      }
      files[name] = try inner.filePath(name)
    }
    return files
  }
}
