import Foundation
import SystemPackage

/// A zip archive being written: headers, offsets, the central directory.
///
/// Compression is somebody else's work.
final class ZipFile {
  private struct Record {
    var name: [UInt8]
    var method: UInt16 = 8
    var crc: UInt32 = 0
    var compressed: UInt32 = 0
    var uncompressed: UInt32 = 0
    var offset: UInt32
    var isExecutable: Bool
  }

  private let output: AtomicFile
  private let time: (date: UInt16, time: UInt16)
  private var records: [Record] = []

  init(_ path: FilePath, time: (date: UInt16, time: UInt16)) throws(ArchiveError) {
    self.output = try AtomicFile(path)
    self.time = time
  }

  /// The zip format's date and time, in steps of two seconds from 1980 on, in UTC.
  static func dosTime(_ seconds: Int64) -> (date: UInt16, time: UInt16) {
    let first: Int64 = 315_532_800
    let clipped = min(max(seconds, first), 4_354_819_199)
    var parts = tm()
    var moment = time_t(clipped)
    gmtime_r(&moment, &parts)
    let date = UInt16(parts.tm_year - 80) << 9 | UInt16(parts.tm_mon + 1) << 5 | UInt16(parts.tm_mday)
    let time = UInt16(parts.tm_hour) << 11 | UInt16(parts.tm_min) << 5 | UInt16(parts.tm_sec / 2)
    return (date, time)
  }

  func beginMember(_ name: String, isExecutable: Bool) throws(ArchiveError) {
    let record = Record(
      name: Array(name.utf8),
      offset: try checked(output.position),
      isExecutable: isExecutable
    )
    records.append(record)
    try output.append(localHeader(of: record))
  }

  func append(_ bytes: [UInt8]) throws(ArchiveError) { try output.append(bytes) }

  /// Completes the member behind its pieces: the end of the stream, then its header.
  ///
  /// A member that didn't get smaller is stored as it is.
  ///
  /// - Returns: where its bytes lie in the archive.
  func endMember(data: Data, crc: UInt32) throws(ArchiveError) -> (range: Range<Int64>, isDeflated: Bool) {
    try output.append(Deflate.end)
    guard var record = records.popLast() else { return (0..<0, false) }
    let start = Int64(record.offset) + Int64(localHeader(of: record).count)
    if output.position - start >= Int64(data.count) {
      record.method = 0
      try output.rewind(to: start)
      try output.append(data)
    }
    record.crc = crc
    record.compressed = try checked(output.position - start)
    record.uncompressed = try checked(Int64(data.count))
    try output.overwrite(localHeader(of: record), at: Int64(record.offset))
    records.append(record)
    return (start..<output.position, record.method != 0)
  }

  func finish() throws(ArchiveError) {
    let start = try checked(output.position)
    for record in records { try output.append(centralHeader(of: record)) }
    let size = try checked(output.position) - start
    guard records.count < 0xFFFF else { throw .tooLarge(output.path) }
    var end: [UInt8] = []
    end.little(UInt32(0x0605_4B50))
    end.little(UInt32(0))
    end.little(UInt16(records.count))
    end.little(UInt16(records.count))
    end.little(size)
    end.little(start)
    end.little(UInt16(0))
    try output.append(end)
    try output.publish()
  }

  private func checked(_ number: Int64) throws(ArchiveError) -> UInt32 {
    guard number < 0xFFFF_FFFF, let small = UInt32(exactly: number) else { throw .tooLarge(output.path) }
    return small
  }

  /// Bit 11 says that names are UTF-8; it is left out for plain ASCII, as Python's zipfile does.
  private func flags(_ record: Record) -> UInt16 { record.name.allSatisfy { $0 < 0x80 } ? 0 : 1 << 11 }

  private func localHeader(of record: Record) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.little(UInt32(0x0403_4B50))
    commonFields(of: record, into: &bytes)
    bytes.little(UInt16(0))
    return bytes + record.name
  }

  private func centralHeader(of record: Record) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.little(UInt32(0x0201_4B50))
    bytes.little(UInt16(3 << 8 | 20))  // made on Unix, by version 2.0
    commonFields(of: record, into: &bytes)
    for _ in 0..<4 { bytes.little(UInt16(0)) }  // extra field, comment, disk, internal attributes
    let mode: UInt32 = 0o100_000 | (record.isExecutable ? 0o755 : 0o644)
    bytes.little(mode << 16)
    bytes.little(record.offset)
    return bytes + record.name
  }

  private func commonFields(of record: Record, into bytes: inout [UInt8]) {
    bytes.little(UInt16(20))
    bytes.little(flags(record))
    bytes.little(record.method)
    bytes.little(time.time)
    bytes.little(time.date)
    bytes.little(record.crc)
    bytes.little(record.compressed)
    bytes.little(record.uncompressed)
    bytes.little(UInt16(record.name.count))
  }
}

extension [UInt8] {
  /// Appends a number, lowest byte first.
  fileprivate mutating func little<Number: FixedWidthInteger>(_ number: Number) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}
