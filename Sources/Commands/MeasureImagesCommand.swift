import Archives
import ArgumentParser
import BinaryFormats
import Building
import Carving
import Foundation
import ReleaseModel
import SystemPackage
import ToolExecution

/// Weighs every kernel image of compiled objects in each form that it can ship in, for `ci/bench/size-model`.
struct MeasureImagesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure-images",
    abstract: "Weigh the kernel images of every object below a folder, as CSV.",
    shouldDisplay: false
  )

  @Argument var folder: String
  @Option(name: .long, help: "Also write each image, decompressed, below this folder.") var dump: String?
  @Flag(name: .long, help: "Leave the column of zstd empty; it takes most of the time.") var withoutZstd =
    false

  func run() async throws {
    let root = Folders.absolute(FilePath(folder))
    let objects = FileTree.files(below: root).filter { $0.name.hasSuffix(".cu.o") }
    guard !objects.isEmpty else { throw BuildError.unreadable(root, why: "no *.cu.o lies below it") }
    let dump = dump.map { Folders.absolute(FilePath($0)) }
    print("unit,capability,kind,raw,stored,deflated,lz4,lz4_deflated,zstd")
    try await withThrowingTaskGroup(of: [String].self) { group in
      var next = 0
      func addOne() {
        guard next < objects.count else { return }
        let path = objects[next].path
        next += 1
        group.addTask { try await Self.rows(of: path, dump: dump, withoutZstd: withoutZstd) }
      }
      for _ in 0..<Machine.cores { addOne() }
      while let rows = try await group.next() {
        for row in rows { print(row) }
        addOne()
      }
    }
  }

  private static func rows(of path: FilePath, dump: FilePath?, withoutZstd: Bool) async throws -> [String] {
    let unit = (path.lastComponent?.string ?? "").replacing(".cu.o", with: "")
    var rows: [String] = []
    for entry in try Fatbin(in: ELFFile(path))?.entries ?? [] {
      guard let image = ObjectCarver.image(of: entry) else { continue }
      let raw = try entry.decompressedPayload().array()
      let lz4 = try entry.recompressed(as: .lz4)
      let zstd = withoutZstd ? nil : try entry.recompressed(as: .zstd(level: 19))
      let figures: [Int64] = [
        Int64(raw.count), Int64(entry.storedSize), try await deflated(entry), Int64(lz4.storedSize),
        try await deflated(lz4),
      ]
      let kind = image.isReal ? "real" : "virtual"
      rows.append(
        ([unit, image.capability.label, kind] + figures.map { "\($0)" }
          + [zstd.map { "\($0.storedSize)" } ?? ""]).joined(separator: ",")
      )
      guard let dump else { continue }
      let target = dump.appending(unit)
      try FileManager.default.createDirectory(atPath: target.string, withIntermediateDirectories: true)
      let name = "\(image.capability.label).\(image.isReal ? "cubin" : "ptx")"
      try Data(raw).write(to: URL(fileURLWithPath: target.appending(name).string))
    }
    return rows
  }

  private static func deflated(_ entry: FatbinEntry) async throws -> Int64 {
    try await CompressedSize.deflated(Data(entry.storedPayload.array()))
  }
}
