import Foundation

/// libarchive converts names through the C library's locale, which is "C", ASCII only, in a program that never asked for
/// another: its tar writer then reads through a null pointer at the first name in UTF-8, its zip reader finds no name.
enum NameEncoding {
  // Once for the process and never freed. glibc 2.35 has C.UTF-8 built in; older systems of today bring it as a file.
  nonisolated(unsafe) private static let locale: locale_t? =
    newlocale(LC_CTYPE_MASK, "C.UTF-8", nil) ?? newlocale(LC_CTYPE_MASK, "en_US.UTF-8", nil)

  /// Runs `body` with names in UTF-8, on this thread only.
  ///
  /// - Throws: ``ArchiveError/library(_:)`` on a system without any UTF-8 locale; what `body` throws.
  static func utf8<Result>(_ body: () throws -> Result) throws -> Result {
    guard let locale else {
      throw ArchiveError.library("this system has no locale for UTF-8; install C.UTF-8")
    }
    let before = uselocale(locale)
    defer { uselocale(before) }
    return try body()
  }
}
