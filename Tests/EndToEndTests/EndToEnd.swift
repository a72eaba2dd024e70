import TestSupport
import Testing

/// Tests that run the real program with the real CMake, nvcc and linker.
///
/// One after the other: most share one build folder, and each keeps all cores busy by itself.
@Suite(
  "End to end",
  .serialized,
  .enabled(if: Program.isReady, "\(Program.absence)"),
  .timeLimit(.minutes(30))
)
enum EndToEnd {}
