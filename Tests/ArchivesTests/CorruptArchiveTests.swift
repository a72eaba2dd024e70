import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Corrupt archives")
struct CorruptArchiveTests {
  static let kinds = ["tar.gz", "tar.xz", "tar.zst", "zip"]

  private static let members: [ZipWriter.Member] = [
    .init(name: "top/a.txt", content: .bytes(Array("some text\n".utf8))),
    .init(name: "top/b.bin", content: .bytes(code(20_000))),
    .init(name: "top/c.bin", content: .bytes(noise(5_000)), isExecutable: true),
  ]

  private func archive(_ kind: String, in folder: FilePath) async throws -> [UInt8] {
    let path = folder.appending("whole.\(kind)")
    let members = Self.members
    switch kind {
    case "zip": _ = try await ZipWriter().write(members, to: path)
    case "tar.gz": try await TarballWriter(compression: .gzip).write(members, to: path)
    case "tar.xz": try await TarballWriter(compression: .xz).write(members, to: path)
    default: try await TarballWriter(compression: .zstd).write(members, to: path)
    }
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    return try bytes(of: path)
  }

  @Test("an archive cut off anywhere is refused and leaves nothing behind", arguments: kinds)
  func truncated(kind: String) async throws {
    try await withTemporaryDirectory { folder in
      let whole = try await archive(kind, in: folder)
      let path = folder.appending("x")
      let target = folder.appending("target")
      let ends = Set(0..<20).union((1...20).map { whole.count - $0 }).union(
        stride(from: 0, to: whole.count, by: max(1, whole.count / 30))
      )
      for end in ends.sorted() {
        try write(Array(whole[..<end]), to: path)
        #expect(throws: ArchiveError.self, "\(end) of \(whole.count) bytes") {
          try ArchiveReader(path).extract(to: target)
        }
        #expect(try namesIn(folder) == ["x"], "\(end) of \(whole.count) bytes")
      }
    }
  }

  // Bytes that carry nothing (gzip's system byte) may change, and zstd as libarchive writes it has no checksum; so
  // what must hold everywhere is: an error, or files. With a checksum, the files are also the right ones.
  @Test("a byte flipped anywhere is refused, or changes nothing", arguments: kinds)
  func flipped(kind: String) async throws {
    try await withTemporaryDirectory { folder in
      let whole = try await archive(kind, in: folder)
      let good = Set(
        Self.members.map { member -> [UInt8] in
          if case .bytes(let bytes) = member.content { return bytes }
          return []
        }
      )
      let path = folder.appending("x")
      let target = folder.appending("target")
      var refused = 0
      var tried = 0
      for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 100)) {
        var broken = whole
        broken[place] ^= UInt8(1 << (place % 8))
        try write(broken, to: path)
        tried += 1
        do {
          try ArchiveReader(path).extract(to: target)
          if kind != "tar.zst" {
            #expect(try good.isSuperset(of: contents(of: target).values), "byte \(place) of \(whole.count)")
          }
          try FileManager.default.removeItem(atPath: target.string)
        } catch {
          #expect(error is ArchiveError, "byte \(place): \(error)")
          refused += 1
        }
        #expect(try namesIn(folder) == ["x"], "byte \(place) of \(whole.count)")
      }
      if kind != "tar.zst" { #expect(refused > tried / 2) }
    }
  }

  @Test(
    "what is no archive is refused",
    arguments: [
      [], [0x1F, 0x8B], Array("#!/bin/sh\necho hello\n".utf8), noise(10_000),
      [UInt8](repeating: 0, count: 700),
      [0x7F, 0x45, 0x4C, 0x46] + noise(4_000),
    ]
  )
  func foreign(bytes: [UInt8]) async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("x")
      try write(bytes, to: path)
      #expect(throws: ArchiveError.self) { try ArchiveReader(path).extract(to: folder.appending("target")) }
      #expect(try namesIn(folder) == ["x"])
    }
  }
}
