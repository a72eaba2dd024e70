import Archives
import Foundation

/// What is inside a wheel's binaries, as CycloneDX 1.6 JSON for `.dist-info/sboms/` (PEP 770).
///
/// The same wheel gives the same bytes: there is no time in it, and its serial number is a digest of the rest.
public struct BillOfMaterials: Sendable, Hashable {
  /// Something whose code is in the binaries.
  public struct Component: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its version.
    public var version: String
    /// Its license as an SPDX expression, where it is known.
    public var license: String?
    /// `sha256:…` of its archive, `git:…` a commit, `tree:…` a digest of its files.
    public var digest: String?
    /// Where it came from, in words or as a git address.
    public var origin: String?
    /// What is compiled into it.
    public var parts: [Component]

    /// Makes a component.
    public init(
      name: String,
      version: String,
      license: String? = nil,
      digest: String? = nil,
      origin: String? = nil,
      parts: [Component] = []
    ) {
      self.name = name
      self.version = version
      self.license = license
      self.digest = digest
      self.origin = origin
      self.parts = parts
    }
  }

  /// The name of the file in `.dist-info/sboms/`.
  public static let fileName = "llcuda-build.cdx.json"

  /// The project whose wheel it is.
  public var project: ProjectName
  /// Its version.
  public var version: ProjectVersion
  /// Its license as an SPDX expression.
  public var license: String?
  /// What the binaries are made of.
  public var components: [Component]
  /// What made them: name and version.
  public var tools: [(name: String, version: String)]

  /// Makes a bill.
  public init(
    project: ProjectName,
    version: ProjectVersion,
    license: String?,
    components: [Component],
    tools: [(name: String, version: String)]
  ) {
    self.project = project
    self.version = version
    self.license = license
    self.components = components
    self.tools = tools
  }

  /// Compares everything.
  public static func == (left: Self, right: Self) -> Bool { left.document == right.document }
  /// Hashes what makes a bill differ.
  public func hash(into hasher: inout Hasher) { hasher.combine(document) }

  /// The file's text.
  ///
  /// - Throws: `EncodingError`, which no bill causes.
  public func text() throws -> String {
    var document = document
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    // A UUID of version 8 is made as its maker likes (RFC 9562, section 5.8): here of the content.
    var bytes = SHA256Digest.of(Array(try encoder.encode(document))).bytes.prefix(16).map(\.self)
    bytes[6] = bytes[6] & 0x0F | 0x80
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    let groups = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }
    document.serialNumber = "urn:uuid:" + groups.joined(separator: "-")
    return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
  }

  private var document: CycloneDX {
    let reference = "pkg:pypi/\(project.normalized)@\(Self.encoded(version.text))"
    var main = CycloneDX.Component(
      type: "application",
      reference: reference,
      name: project.normalized,
      version: version.text
    )
    main.purl = reference
    main.licenses = Self.licenses(license)
    var document = CycloneDX(metadata: .init(component: main, tools: .init(components: tools.map { name, version in
      CycloneDX.Component(type: "application", reference: "tool:\(name)", name: name, version: version)
    })))
    document.dependencies.append(.init(reference: reference, dependsOn: components.map(Self.purl)))
    for component in components { document.add(component) }
    return document
  }

  static func licenses(_ expression: String?) -> [CycloneDX.License]? {
    expression.map { [CycloneDX.License(expression: $0)] }
  }

  /// A package's address (package-url/purl-spec): for GitHub's repositories its own type, else a generic one.
  static func purl(_ component: Component) -> String {
    let version = encoded(component.version)
    let (kind, identifier) = split(component.digest)
    if kind == "git", let identifier, let origin = component.origin,
      let match = origin.firstMatch(of: #/^https:\/\/github\.com\/([A-Za-z0-9-]+)\/([A-Za-z0-9._-]+?)(?:\.git)?@/#)
    {
      return "pkg:github/\(match.1.lowercased())/\(match.2.lowercased())@\(identifier)"
    }
    let checksum = kind == "sha256" ? identifier.map { "?checksum=sha256:\($0)" } ?? "" : ""
    return "pkg:generic/\(encoded(component.name))@\(version)\(checksum)"
  }

  static func split(_ digest: String?) -> (kind: Substring?, identifier: Substring?) {
    guard let parts = digest?.split(separator: ":", maxSplits: 1), parts.count == 2 else { return (nil, nil) }
    return (parts[0], parts[1])
  }

  private static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~"))) ?? text
  }
}

/// The parts of CycloneDX 1.6 that a bill of ours has.
struct CycloneDX: Encodable, Hashable {
  struct License: Encodable, Hashable { let expression: String }
  struct Hash: Encodable, Hashable {
    let alg: String
    let content: String
  }
  struct Property: Encodable, Hashable {
    let name: String
    let value: String
  }
  struct Component: Encodable, Hashable {
    let type: String
    let reference: String
    let name: String
    let version: String
    var purl: String?
    var licenses: [License]?
    var hashes: [Hash]?
    var properties: [Property]?

    enum CodingKeys: String, CodingKey {
      case type, name, version, purl, licenses, hashes, properties
      case reference = "bom-ref"
    }
  }
  struct Tools: Encodable, Hashable { let components: [Component] }
  struct Metadata: Encodable, Hashable {
    let component: Component
    let tools: Tools
  }
  struct Dependency: Encodable, Hashable {
    let reference: String
    let dependsOn: [String]

    enum CodingKeys: String, CodingKey {
      case dependsOn
      case reference = "ref"
    }
  }

  let bomFormat = "CycloneDX"
  let specVersion = "1.6"
  let version = 1
  var serialNumber: String?
  let metadata: Metadata
  var components: [Component] = []
  var dependencies: [Dependency] = []

  init(metadata: Metadata) { self.metadata = metadata }

  /// Adds a component and its parts, each with what it depends on, so that all are reachable.
  mutating func add(_ part: BillOfMaterials.Component) {
    let purl = BillOfMaterials.purl(part)
    var component = Component(type: "library", reference: purl, name: part.name, version: part.version)
    component.purl = purl
    component.licenses = BillOfMaterials.licenses(part.license)
    let (kind, identifier) = BillOfMaterials.split(part.digest)
    if kind == "sha256", let identifier { component.hashes = [Hash(alg: "SHA-256", content: String(identifier))] }
    var properties: [Property] = []
    if let origin = part.origin { properties.append(Property(name: "llcuda-build:origin", value: origin)) }
    if let digest = part.digest { properties.append(Property(name: "llcuda-build:digest", value: digest)) }
    component.properties = properties.isEmpty ? nil : properties
    components.append(component)
    dependencies.append(Dependency(reference: purl, dependsOn: part.parts.map(BillOfMaterials.purl)))
    for inner in part.parts { add(inner) }
  }
}
