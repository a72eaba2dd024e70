import Foundation
import SystemPackage

extension FilePath {
  /// The path that a user means, absolute and without `.` and `..`.
  ///
  /// `~/` is the home folder, as in a shell, which doesn't expand it inside a file; everything else relative starts
  /// from `base`.
  init(userText text: String, relativeTo base: FilePath) {
    if text == "~" || text.hasPrefix("~/") {
      let home = FilePath(FileManager.default.homeDirectoryForCurrentUser.path)
      self = home.appending(String(text.dropFirst(2))).lexicallyNormalized()
    } else {
      self = base.pushing(FilePath(text)).lexicallyNormalized()
    }
  }

  /// This path, made absolute from the current folder.
  var absolute: FilePath {
    FilePath(FileManager.default.currentDirectoryPath).pushing(self).lexicallyNormalized()
  }
}

extension String {
  /// The text without blanks and line ends around it.
  var trimmingBlanks: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
