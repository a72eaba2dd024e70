import Dispatch
import ReleaseModel
import Synchronization
import ToolExecution

#if canImport(Glibc)
import Glibc
#endif

/// Turns Ctrl-C and SIGTERM into the cancellation of a task; a second signal ends this process and its children at once.
///
/// `timeout` and CI services signal a process and then its whole group, so one request comes twice; what follows within a
/// second is taken for the same one.
final class SignalTrap: @unchecked Sendable {
  private let first = Mutex<(status: ExitStatus, time: ContinuousClock.Instant)?>(nil)
  private static let patience = Duration.seconds(1)
  /// Touched by ``install(_:)`` only, which is called once, before any signal can come.
  private var sources: [any DispatchSourceSignal] = []

  /// The exit code that the first signal asks for, `nil` while there was none.
  var caught: ExitStatus? { first.withLock { $0?.status } }

  /// Starts listening; `onFirst` runs once.
  func install(_ onFirst: @escaping @Sendable () -> Void) {
    for (number, status) in [(SIGINT, ExitStatus.interrupted), (SIGTERM, .terminated), (SIGHUP, .terminated)]
    {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [weak self] in
        guard let self else { return }
        let sinceFirst = first.withLock { first -> Duration? in
          defer { first = first ?? (status, .now) }
          return first.map { $0.time.duration(to: .now) }
        }
        guard let sinceFirst else { return onFirst() }
        guard sinceFirst > Self.patience else { return }
        ProcessTree.killEverythingBelowThisProcess()
        _exit(status.rawValue)
      }
      source.resume()
      sources.append(source)
    }
  }
}
