public import SystemPackage

/// How a disk that filled up under an external program is told from the program's other failures.
public enum FullDisk {
  /// What libc says, which most programs repeat, and what Foundation makes of it.
  private static let words = ["No space left on device", "Disk quota exceeded", "NSPOSIXErrorDomain Code=28"]
  /// Bytes below which a compilation can't go on: one large object, or the files between nvcc's steps.
  private static let tooLittle: Int64 = 64 << 20

  /// Whether a message says so in the common words.
  public static func isTold(by text: String) -> Bool { words.contains { text.contains($0) } }

  /// Whether the disk of a folder is as good as full.
  ///
  /// CUDA's tools have words of their own for a failed write (ptxas: "Internal error: writing file"), the same for any
  /// reason, so after a failed compilation the disk itself is asked. It need not be full to the last byte any more:
  /// ninja and nvcc remove what they could not finish.
  public static func isNear(_ folder: FilePath) -> Bool {
    Machine.freeSpace(at: folder).map { $0 < tooLittle } ?? false
  }
}
