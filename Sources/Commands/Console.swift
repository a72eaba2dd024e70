import Foundation
import Synchronization
import ToolExecution

#if canImport(Glibc)
import Glibc
#endif

/// Tells a person on standard error what happens: one line that moves on a terminal, a line per few percent elsewhere.
final class Console: ProgressListener {
  private struct State {
    var liveLine = false
    /// How far each of the steps is that go on side by side; what was last told of it.
    var running: [String: (progress: BuildProgress, toldPercent: Int)] = [:]
    var stepStart = ContinuousClock.now
  }

  private let state = Mutex(State())
  private let isTerminal: Bool
  private let coarseStep = 5

  init(isTerminal: Bool) { self.isTerminal = isTerminal }

  /// The console of this process: live on a terminal, unless `TERM=dumb`, and never in CI.
  static func standard() -> Console {
    let environment = ProcessInfo.processInfo.environment
    let live = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb" && environment["CI"] == nil
    return Console(isTerminal: live)
  }

  func began(_ step: String) {
    state.withLock { state in
      clear(&state)
      state.stepStart = .now
      state.running = [:]
      write("==> \(step)\n")
    }
  }

  func ended(_ summary: String) {
    state.withLock { state in
      clear(&state)
      write("    \(summary) (\(Self.duration(state.stepStart.duration(to: .now))))\n")
    }
  }

  func told(_ message: String) {
    state.withLock { state in
      clear(&state)
      write("    \(message)\n")
    }
  }

  func moved(_ progress: BuildProgress) {
    guard progress.total > 0 else { return }
    state.withLock { state in
      let percent = progress.done * 100 / progress.total
      let told = state.running[progress.step]?.toldPercent ?? -100
      let isTold = isTerminal || percent >= told + coarseStep
      state.running[progress.step] = (progress, isTold ? percent : told)
      if isTerminal {
        let going = state.running.values.map(\.progress).filter { $0.done < $0.total }
        let lines = going.sorted { $0.step > $1.step }.map(Self.line)
        write("\r\u{1B}[K" + Self.clip(lines.joined(separator: " · "), to: Self.columns()))
        state.liveLine = true
      } else if isTold {
        write("    " + Self.line(progress) + "\n")
      }
    }
  }

  private func clear(_ state: inout State) {
    guard state.liveLine else { return }
    write("\r\u{1B}[K")
    state.liveLine = false
  }

  private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// The line of a step that goes on.
  ///
  /// An example: `kernels 31/156 20 %, 0:24:10 left: fattn-tile-instance-dkq112-dv112.cu, mmq.cu`
  static func line(_ progress: BuildProgress) -> String {
    let percent = progress.done * 100 / progress.total
    let left = progress.remaining.map { ", \($0) left" } ?? ""
    let shown = progress.running.prefix(3).joined(separator: ", ")
    let more = progress.running.count > 3 ? " and \(progress.running.count - 3) more" : ""
    let running = progress.running.isEmpty ? "" : ": " + shown + more
    return "\(progress.step) \(progress.done)/\(progress.total) \(percent) %\(left)\(running)"
  }

  private static func clip(_ text: String, to columns: Int) -> String {
    text.count < columns ? text : String(text.prefix(max(1, columns - 2))) + "…"
  }

  private static func columns() -> Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
  }

  /// A duration for people, such as 3 min 20 s.
  static func duration(_ duration: Duration) -> String {
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    let whole = Int(seconds)
    switch whole {
    case ..<60: return "\((seconds * 10).rounded() / 10) s"
    case ..<3600: return "\(whole / 60) min \(whole % 60) s"
    default: return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
  }
}
