/// Reads `.gnu.version_r`, the symbol versions that a file needs of others.
///
/// Source of the format: "Linux Standard Base Core Specification 5.0", section 10.7.2 (symbol versioning).
enum ELFVersions {
  /// The versions by library, each list sorted as text.
  ///
  /// - Throws: ``BinaryFormatError`` when a record lies outside of the file or is of another version than 1.
  static func requirements(
    in image: ELFImage,
    at address: UInt64?,
    _ names: ELFStrings
  ) throws(BinaryFormatError) -> [String: [String]] {
    guard let address else { return [:] }
    let table = try image.bytes(from: address, "the table of needed symbol versions")
    var versions: [String: Set<String>] = [:]
    // A table cannot hold more records than fit; a forged one could share records and take forever.
    var budget = table.count / 16
    var place = 0
    while true {
      var reader = ByteReader(table)
      try reader.seek(to: place)
      guard try reader.read(UInt16.self) == 1 else {
        throw table.error(.invalid, at: place, "a record of needed symbol versions must be of version 1")
      }
      let count: UInt16 = try reader.read()
      let library = try names.text(at: UInt64(try reader.read(UInt32.self)))
      let firstVersion: UInt32 = try reader.read()
      let nextRecord: UInt32 = try reader.read()

      var versionPlace = place + Int(firstVersion)
      for _ in 0..<count {
        budget -= 1
        guard budget >= 0 else {
          throw table.error(.invalid, at: place, "the records of needed symbol versions overlap")
        }
        try reader.seek(to: versionPlace)
        _ = try reader.read(UInt64.self)  // hash, flags, number
        let name = try names.text(at: UInt64(try reader.read(UInt32.self)))
        versions[library, default: []].insert(name)
        let nextVersion: UInt32 = try reader.read()
        if nextVersion == 0 { break }
        versionPlace += Int(nextVersion)
      }
      if nextRecord == 0 { break }
      place += Int(nextRecord)
    }
    return versions.mapValues { $0.sorted() }
  }
}
