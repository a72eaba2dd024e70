import Foundation

/// Work done by several at once whose results are taken in order, a few ahead and no more.
struct OrderedWork: Sendable {
  /// How many run at once; twice as many may be begun or wait for their turn.
  var workers = ProcessInfo.processInfo.activeProcessorCount

  /// Does `count` pieces of work.
  ///
  /// - Parameters:
  ///   - work: makes a result; called concurrently.
  ///   - take: gets every result, the first first; never called concurrently.
  /// - Throws: what either throws, `CancellationError`; the rest is given up then.
  func run<Result: Sendable>(
    _ count: Int,
    work: @escaping @Sendable (Int) throws -> Result,
    take: (Int, Result) throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
      var started = 0
      var next = 0
      var waiting: [Int: Result] = [:]
      func startOne() {
        guard started < count else { return }
        let index = started
        started += 1
        group.addTask {
          try Task.checkCancellation()
          return (index, try work(index))
        }
      }
      for _ in 0..<max(1, workers * 2) { startOne() }
      while let (index, result) = try await group.next() {
        waiting[index] = result
        while let ready = waiting.removeValue(forKey: next) {
          try take(next, ready)
          next += 1
          startOne()
        }
      }
    }
  }
}
