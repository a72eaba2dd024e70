import BinaryFormats
import Glibc

/// The sections of a cubin, summed by kernel.
///
/// ptxas writes a section `.text.NAME` for each kernel and function and puts what belongs to it into others whose names
/// end in `.NAME`: `.nv.info.NAME`, `.nv.constant0.NAME`, `.rel.text.NAME`, `.nv.capmerc.text.NAME` and more.
struct CubinReader: Sendable {
  /// One kernel's bytes in the cubin.
  struct Kernel: Sendable {
    /// Its name in `names`.
    var name: Range<Int>
    /// Its bytes.
    var bytes = 0
    /// Where they are, from the begin of the cubin.
    var ranges: [Range<Int>] = []
  }

  /// The kernels in the order of their code.
  private(set) var kernels: [Kernel] = []
  /// All names, one behind the other.
  private(set) var names: [UInt8] = []
  /// The compute capability times ten that the code itself names.
  private(set) var architectureNumber = 0
  /// The toolkit that made it, 124 for 12.4; 0 when it isn't said.
  private(set) var toolkit = 0

  private static let codePrefix = Array(".text.".utf8)
  private static let toolNote = Array(".note.nv.tkinfo".utf8)

  /// Reads a cubin.
  ///
  /// - Throws: `BinaryFormatError` when it is no ELF file for a GPU, or its tables lie outside of it.
  init(_ cubin: ByteSource) throws(BinaryFormatError) {
    architectureNumber = try CubinHeader(cubin).architectureNumber
    let table = cubin.withUnsafeBytes { SectionTable($0) }
    guard let table else {
      throw BinaryFormatError(
        .truncated,
        in: cubin.name,
        at: cubin.offset,
        "the section headers of a cubin must lie inside of it"
      )
    }
    // Later ones have 1 there and say it in a note.
    toolkit = table.version
    // Names are compared as bytes: a library has millions of them, and making strings costs more than all the rest.
    self = cubin.withUnsafeBytes { bytes in
      var reader = self
      reader.sum(table, bytes)
      return reader
    }
  }

  private mutating func sum(_ table: SectionTable, _ bytes: UnsafeRawBufferPointer) {
    var places: [NameKey: Int] = [:]
    for section in table.sections {
      let name = table.name(section, in: bytes)
      if name.count == Self.toolNote.count, name.begins(with: Self.toolNote),
        let release = Self.release(section, in: bytes)
      {
        toolkit = release
      }
      guard name.count > Self.codePrefix.count, name.begins(with: Self.codePrefix) else { continue }
      let kernel = UnsafeRawBufferPointer(rebasing: name.dropFirst(Self.codePrefix.count))
      let key = NameKey(kernel)
      guard places[key] == nil else { continue }
      places[key] = kernels.count
      kernels.append(Kernel(name: names.count..<names.count + kernel.count))
      names.append(contentsOf: kernel)
    }
    var claims = Claims<Int>(count: bytes.count)
    for section in table.sections where section.takesBytes {
      let name = table.name(section, in: bytes)
      var owner: Int?
      for place in name.indices.dropFirst() where name[place] == UInt8(ascii: ".") {
        guard owner == nil, place + 1 < name.endIndex else { break }
        owner = places[NameKey(UnsafeRawBufferPointer(rebasing: name[(place + 1)...]))]
      }
      claims.claim(from: section.offset, count: section.size, owner ?? -1)
    }
    for piece in claims.pieces().pieces {
      guard let owner = piece.owner, owner >= 0 else { continue }
      kernels[owner].bytes += piece.range.count
      kernels[owner].ranges.append(piece.range)
    }
  }

  /// The toolkit in a note of CUDA 12.9 and later: "Cuda compilation tools, release 13.0, V13.0.88" as 130.
  private static func release(_ section: SectionTable.Section, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard section.offset < bytes.count else { return nil }
    let start = Int(section.offset)
    let note = bytes[start..<start + Int(min(section.size, 4096, UInt64(bytes.count - start)))]
    let word = Array("release ".utf8)
    guard note.count > word.count + 4 else { return nil }
    for place in note.startIndex..<note.endIndex - word.count - 4
    where note[place] == word[0] && note[place..<place + word.count].elementsEqual(word) {
      let digits = note[(place + word.count)..<(place + word.count + 4)].map { Int($0) - 0x30 }
      guard (0...9).contains(digits[0]), (0...9).contains(digits[1]), (0...9).contains(digits[3]),
        note[place + word.count + 2] == UInt8(ascii: ".")
      else { continue }
      return digits[0] * 100 + digits[1] * 10 + digits[3]
    }
    return nil
  }

  /// The name of a kernel as it stands in the cubin.
  func name(of kernel: Kernel) -> ArraySlice<UInt8> { names[kernel.name] }
}

/// A name as two hashes, which stand for it: both colliding by chance is out of the question, and the seed keeps it from
/// happening on purpose.
struct NameKey: Hashable {
  private static let seed = UInt64.random(in: 1...UInt64.max) | 1
  private let first: UInt64
  private let second: UInt64

  init(_ bytes: UnsafeRawBufferPointer) {
    var first = Self.seed ^ UInt64(bytes.count)
    var second = Self.seed &* 0x9E37_79B9_7F4A_7C15
    func mix(_ word: UInt64) {
      first = (first ^ word) &* 0xFF51_AFD7_ED55_8CCD
      first ^= first >> 32
      let product = (second ^ word).multipliedFullWidth(by: Self.seed ^ 0xC4CE_B9FE_1A85_EC53)
      second = product.low ^ product.high &+ word
    }
    var place = 0
    while place + 8 <= bytes.count {
      mix(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      place += 8
    }
    var tail: UInt64 = 0
    while place < bytes.count {
      tail = tail << 8 | UInt64(bytes[place])
      place += 1
    }
    mix(tail)
    self.first = first
    self.second = second
  }
}

/// The section headers of a 64-bit ELF file, with names that are only looked up.
private struct SectionTable {
  struct Section {
    let name: Int
    let type: UInt32
    let offset: UInt64
    let size: UInt64
    /// Neither empty nor `noBits`.
    var takesBytes: Bool { type != 0 && type != 8 && size > 0 }
  }

  let sections: [Section]
  let version: Int
  private let strings: Range<Int>

  /// Reads the headers of a file whose own header was checked; `nil` when they don't lie inside of it.
  ///
  /// Plain loads: what reads with checks at every number takes longer than all the rest for a million sections.
  init?(_ bytes: UnsafeRawBufferPointer) {
    func load<Number: FixedWidthInteger>(_ place: Int, _ type: Number.Type) -> Number {
      Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: type))
    }
    let headerSize = 64
    guard bytes.count >= headerSize else { return nil }
    version = Int(load(20, UInt32.self))
    let offset = load(40, UInt64.self)
    var count = Int(load(60, UInt16.self))
    var index = Int(load(62, UInt16.self))
    guard offset > 0, let start = Int(exactly: offset), start < bytes.count,
      load(58, UInt16.self) == headerSize
    else {
      (sections, strings) = ([], 0..<0)
      return
    }
    let room = (bytes.count - start) / headerSize
    // 65,280 sections and more: the numbers stand in section 0.
    if room > 0 {
      if count == 0 { count = Int(clamping: load(start + 32, UInt64.self)) }
      if index == 0xFFFF { index = Int(load(start + 40, UInt32.self)) }
    }
    guard count <= room, index < count else { return nil }
    let sections = (0..<count).map { number in
      let header = start + number * headerSize
      return Section(
        name: Int(load(header, UInt32.self)),
        type: load(header + 4, UInt32.self),
        offset: load(header + 24, UInt64.self),
        size: load(header + 32, UInt64.self)
      )
    }
    let names = sections[index]
    let begin = Int(clamping: min(names.offset, UInt64(bytes.count)))
    strings = begin..<begin + Int(min(names.size, UInt64(bytes.count - begin)))
    self.sections = sections
  }

  /// The name of a section, without its NUL.
  func name(_ section: Section, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard section.name < strings.count, let base = bytes.baseAddress else {
      return UnsafeRawBufferPointer(rebasing: bytes[0..<0])
    }
    let name = base + strings.lowerBound + section.name
    return UnsafeRawBufferPointer(start: name, count: strnlen(name, strings.count - section.name))
  }
}

extension UnsafeRawBufferPointer {
  /// Whether these are the first bytes, of which there are at least as many.
  fileprivate func begins(with start: [UInt8]) -> Bool {
    guard let baseAddress else { return start.isEmpty }
    return memcmp(baseAddress, start, start.count) == 0
  }
}
