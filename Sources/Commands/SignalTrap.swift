import Dispatch
import ReleaseModel
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Turns Ctrl-C and SIGTERM into the cancellation of a task; a second signal ends this process at once.
final class SignalTrap: @unchecked Sendable {
  private let first = Mutex<ExitStatus?>(nil)
  /// Touched by ``install(_:)`` only, which is called once, before any signal can come.
  private var sources: [any DispatchSourceSignal] = []

  /// The exit code that the first signal asks for, `nil` while there was none.
  var caught: ExitStatus? { first.withLock(\.self) }

  /// Starts listening; `onFirst` runs once.
  func install(_ onFirst: @escaping @Sendable () -> Void) {
    for (number, status) in [(SIGINT, ExitStatus.interrupted), (SIGTERM, .terminated), (SIGHUP, .terminated)]
    {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [weak self] in
        guard let self else { return }
        let isFirst = first.withLock { first in
          defer { first = first ?? status }
          return first == nil
        }
        if isFirst { onFirst() } else { _exit(status.rawValue) }
      }
      source.resume()
      sources.append(source)
    }
  }
}
