/// Where the bytes of the fat binaries in a file are, by architecture and form.
///
/// The rows and ``overheadBytes`` add up to ``sectionBytes`` exactly.
public struct FatbinInventory: Sendable, Hashable {
  /// The form of code in an entry.
  public enum Form: Int, Sendable, Hashable, Comparable {
    /// Machine code (a cubin).
    case real
    /// PTX, which the driver compiles.
    case virtual
    /// Anything else: intermediate code, groups, unknown kinds.
    case other

    init(_ kind: FatbinEntryKind) {
      switch kind {
      case .elf: self = .real
      case .ptx: self = .virtual
      case .intermediate, .group, .unknown: self = .other
      }
    }

    /// Orders real before virtual before others.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// What all entries of one architecture and form take.
  public struct Row: Sendable, Hashable {
    /// The architecture.
    public let architecture: FatbinArchitecture
    /// The form of the code.
    public let form: Form
    /// The number of entries.
    public internal(set) var entryCount = 0
    /// The bytes of their payloads as stored, without headers and padding.
    public internal(set) var storedBytes = 0
    /// The bytes of their payloads when decompressed, as the entry headers promise.
    public internal(set) var uncompressedBytes = 0
  }

  /// One row per architecture and form, ordered by architecture, then real before virtual.
  public let rows: [Row]
  /// The number of containers, one per translation unit.
  public let containerCount: Int
  /// The bytes of all sections that hold containers.
  public let sectionBytes: Int
  /// The bytes that are no payload: headers and padding.
  public let overheadBytes: Int

  /// Counts the fat binaries of a file; a file without device code gives no rows.
  ///
  /// - Throws: ``BinaryFormatError`` when a section holds something else than containers.
  public init(of file: ELFFile) throws(BinaryFormatError) {
    let names = [Fatbin.sectionName, Fatbin.relocatableSectionName]
    var fatbins: [Fatbin] = []
    for section in file.sections where names.contains(section.name) && section.type == .programBits {
      fatbins.append(try Fatbin(section, of: file))
    }
    try self.init(fatbins, name: file.bytes.name)
  }

  /// Counts the entries of fat binaries.
  ///
  /// - Throws: ``BinaryFormatError`` when the promised sizes are larger than any memory.
  public init(_ fatbins: [Fatbin], name: String) throws(BinaryFormatError) {
    try self.init(
      containers: fatbins.flatMap(\.containers),
      sectionBytes: fatbins.reduce(0) { $0 + $1.bytes.count },
      name: name
    )
  }

  init(containers: [FatbinContainer], sectionBytes: Int, name: String) throws(BinaryFormatError) {
    struct Key: Hashable {
      let architecture: FatbinArchitecture
      let form: Form
    }
    var rows: [Key: Row] = [:]
    var payloadBytes = 0
    for container in containers {
      for entry in container.entries {
        let key = Key(architecture: entry.architecture, form: Form(entry.kind))
        var row = rows[key] ?? Row(architecture: key.architecture, form: key.form)
        let (uncompressed, overflow) = row.uncompressedBytes.addingReportingOverflow(entry.uncompressedSize)
        guard !overflow else {
          throw BinaryFormatError(
            .invalid,
            in: name,
            at: entry.header.offset,
            "the uncompressed sizes add up to more than any memory"
          )
        }
        row.entryCount += 1
        row.storedBytes += entry.storedSize
        row.uncompressedBytes = uncompressed
        rows[key] = row
        payloadBytes += entry.storedSize
      }
    }
    self.rows = rows.values.sorted { ($0.architecture, $0.form) < ($1.architecture, $1.form) }
    containerCount = containers.count
    self.sectionBytes = sectionBytes
    overheadBytes = sectionBytes - payloadBytes
  }
}
