/// Finds the word that was probably meant.
enum Spelling {
  /// The nearest of `words`, `nil` when none is near: at most a third of the letters may be wrong, swapped or missing.
  static func nearest(to word: String, in words: [String]) -> String? {
    let word = word.lowercased()
    let limit = max(1, word.count / 3)
    let scored = words.map { (word: $0, distance: distance(word, $0)) }.filter { $0.distance <= limit }
    return scored.min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
  }

  /// The edits between two words; two neighbouring letters swapped are one (optimal string alignment).
  static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left)
    let right = Array(right)
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
      var row = [i + 1]
      for j in right.indices {
        var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          best = min(best, beforeLast[j - 1] + 1)
        }
        row.append(best)
      }
      (beforeLast, last) = (last, row)
    }
    return last[right.count]
  }
}
