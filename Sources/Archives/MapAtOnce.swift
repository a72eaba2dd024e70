extension Collection where Element: Sendable {
  /// Transforms elements side by side, at most so many at once; whatever is done makes room for the next.
  ///
  /// - Returns: the results, in the order of the elements.
  /// - Throws: what `transform` throws first; the rest is cancelled then.
  public func map<Result: Sendable>(
    atOnce most: Int,
    _ transform: @escaping @Sendable (Element) async throws -> Result
  ) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      var results: [Int: Result] = [:]
      for (number, element) in enumerated() {
        if number >= most, let (done, result) = try await group.next() { results[done] = result }
        group.addTask { (number, try await transform(element)) }
      }
      for try await (done, result) in group { results[done] = result }
      return (0..<count).compactMap { results[$0] }
    }
  }
}
