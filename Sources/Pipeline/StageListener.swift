import Synchronization
import Timeline
import ToolExecution

/// Passes everything on, and notes the stages in the timeline.
final class StageListener: ProgressListener {
  private let next: any ProgressListener
  private let open = Mutex<(name: String, start: Double)?>(nil)

  init(_ next: any ProgressListener) { self.next = next }

  func began(_ step: String) {
    close()
    open.withLock { $0 = (step, TimelineRecorder.now) }
    next.began(step)
  }

  func moved(_ progress: BuildProgress) { next.moved(progress) }

  func ended(_ summary: String) {
    close()
    next.ended(summary)
  }

  func told(_ message: String) { next.told(message) }

  private func close() {
    let stage = open.withLock { stage in
      defer { stage = nil }
      return stage
    }
    guard let stage, let recorder = TimelineRecorder.current else { return }
    recorder.add([
      Span(.stage, stage.name, track: "release", start: stage.start, end: TimelineRecorder.now)
    ])
  }
}
