import Dispatch
import ReleaseModel
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Turns Ctrl-C and SIGTERM into the cancellation of a task; a second signal ends this process at once.
final class SignalTrap: Sendable {
  private struct State {
    var first: ExitStatus?
    var sources: [any DispatchSourceSignal] = []
  }

  private let state = Mutex(State())

  /// The exit code that the first signal asks for, `nil` while there was none.
  var caught: ExitStatus? { state.withLock(\.first) }

  /// Starts listening; `onFirst` runs once.
  func install(_ onFirst: @escaping @Sendable () -> Void) {
    for (number, status) in [(SIGINT, ExitStatus.interrupted), (SIGTERM, .terminated), (SIGHUP, .terminated)]
    {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [weak self] in
        guard let self else { return }
        let isFirst = state.withLock { state in
          defer { state.first = state.first ?? status }
          return state.first == nil
        }
        if isFirst { onFirst() } else { _exit(status.rawValue) }
      }
      source.resume()
      state.withLock { $0.sources.append(source) }
    }
  }
}
