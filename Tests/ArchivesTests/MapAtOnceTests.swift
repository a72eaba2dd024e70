import Archives
import Foundation
import Testing

@Suite("Work side by side") struct MapAtOnceTests {
  private actor Running {
    private(set) var most = 0
    private var now = 0

    func begin() {
      now += 1
      most = max(most, now)
    }
    func end() { now -= 1 }
  }

  @Test("results come in the order of the elements, and no more run than may", arguments: [1, 3, 20])
  func order(atOnce: Int) async throws {
    let running = Running()
    let results = try await (0..<12).map(atOnce: atOnce) { number in
      await running.begin()
      // The first take longest.
      try await Task.sleep(for: .milliseconds(24 - 2 * number))
      await running.end()
      return number * 2
    }
    #expect(results == (0..<12).map { $0 * 2 })
    #expect(await running.most <= atOnce)
  }

  @Test("a failure is thrown, and nothing comes of no elements")
  func failure() async throws {
    await #expect(throws: CancellationError.self) {
      try await [1, 2, 3].map(atOnce: 2) { if $0 == 2 { throw CancellationError() } }
    }
    #expect(try await [Int]().map(atOnce: 2) { $0 }.isEmpty)
  }
}
