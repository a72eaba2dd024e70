import Archives
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("Full disk")
struct FullDiskTests {
  /// Mounts a small file system in memory; false where that is not allowed.
  private static func mount(_ folder: FilePath) async throws -> Bool {
    guard let mount = CUDAToolkitForTests.onPath("mount"), geteuid() == 0 else { return false }
    return try await runTool(mount, ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.string]).isSuccess
  }

  private static func unmount(_ folder: FilePath) async throws {
    _ = try await runTool("/bin/umount", ["-l", folder.string])
  }

  private static let canMount: @Sendable () async throws -> Bool = {
    try await withTemporaryDirectory { folder in
      guard try await mount(folder) else { return false }
      try await unmount(folder)
      return true
    }
  }

  private func withSmallDisk(_ body: (_ disk: FilePath, _ elsewhere: FilePath) async throws -> Void)
    async throws
  {
    try await withTemporaryDirectory { folder in
      let disk = folder.appending("disk")
      try FileManager.default.createDirectory(atPath: disk.string, withIntermediateDirectories: false)
      try #require(try await Self.mount(disk))
      do {
        try await body(disk, folder)
      } catch {
        try await Self.unmount(disk)
        throw error
      }
      try await Self.unmount(disk)
    }
  }

  private static let large = [
    ZipWriter.Member(name: "a/small", content: .bytes([1])),
    ZipWriter.Member(name: "b/large", content: .bytes(noise(3 << 20))),
  ]

  private func isFull(_ error: any Error) -> Bool {
    if case ArchiveError.noSpace = error { true } else { false }
  }

  @Test("a zip archive", .enabled("needs root, to mount a small disk", canMount))
  func zip() async throws {
    try await withSmallDisk { disk, _ in
      await #expect(
        performing: { _ = try await ZipWriter().write(Self.large, to: disk.appending("x")) },
        throws: isFull
      )
      let left = try namesIn(disk)
      #expect(left == [])
    }
  }

  @Test(
    "a tarball",
    .enabled("needs root, to mount a small disk", canMount),
    arguments: TarballWriterTests.compressions
  )
  func tarball(compression: TarballWriter.Compression) async throws {
    try await withSmallDisk { disk, _ in
      await #expect(
        performing: {
          try await TarballWriter(compression: compression).write(Self.large, to: disk.appending("x"))
        },
        throws: isFull
      )
      let left = try namesIn(disk)
      #expect(left == [])
    }
  }

  @Test("an archive being unpacked", .enabled("needs root, to mount a small disk", canMount))
  func unpacked() async throws {
    try await withSmallDisk { disk, elsewhere in
      let path = elsewhere.appending("x.zip")
      _ = try await ZipWriter().write(Self.large, to: path)
      #expect(performing: { try ArchiveReader(path).extract(to: disk.appending("deep/x")) }, throws: isFull)
      #expect(try FileTree.files(below: disk).isEmpty && namesIn(disk.appending("deep")) == [])

      // A disk also runs out of names.
      let many = (0..<3_000).map { ZipWriter.Member(name: "f\($0)/x", content: .bytes([])) }
      let crowd = elsewhere.appending("crowd.tar.gz")
      try await TarballWriter(compression: .gzip).write(many, to: crowd)
      let remounted = try await runTool("/bin/mount", ["-o", "remount,nr_inodes=100", disk.string])
      if remounted.isSuccess {
        #expect(
          performing: { try ArchiveReader(crowd).extract(to: disk.appending("deep/x")) },
          throws: isFull
        )
        #expect(try namesIn(disk.appending("deep")) == [])
      }
    }
  }

  @Test("a limit on the size of files is an error like any other, without root too")
  func fileSizeLimit() async {
    // In a process of its own, because the limit belongs to the whole process.
    await #expect(processExitsWith: .success) {
      try await withTemporaryDirectory { folder in
        let whole = folder.appending("whole.zip")
        _ = try await ZipWriter().write(Self.large, to: whole)
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
        guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(2) }
        let path = folder.appending("x")
        let attempts: [() async throws -> Void] = [
          { _ = try await ZipWriter().write(Self.large, to: path) },
          { try await TarballWriter(compression: .gzip).write(Self.large, to: path) },
          { try await TarballWriter(compression: .xz).write(Self.large, to: path) },
          { try ArchiveReader(whole).extract(to: path) },
        ]
        for attempt in attempts {
          do {
            try await attempt()
            exit(3)
          } catch ArchiveError.system(_, _, .fileTooLarge) {
            guard try namesIn(folder) == ["whole.zip"] else { exit(4) }
          }
        }
      }
    }
  }
}
