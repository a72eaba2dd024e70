import Foundation
public import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// What this machine has to offer a build.
public enum Machine {
  /// Processor cores this process may use: those of the machine, or what its container is given of them.
  public static var cores: Int {
    let all = ProcessInfo.processInfo.activeProcessorCount
    return min(all, ControlGroup.ofThisProcess.cores ?? all)
  }

  /// Memory that new processes can have without swapping, in bytes; `nil` where the kernel doesn't say.
  public static var availableMemory: Int64? {
    switch (size("MemAvailable"), ControlGroup.ofThisProcess.availableMemory) {
    case (let system?, let container?): min(system, container)
    case (let system, let container): system ?? container
    }
  }

  /// Memory of the machine, or what its container is given of it, in bytes; `nil` where the kernel doesn't say.
  ///
  /// Unlike ``availableMemory``, it is the same in every run.
  public static var memory: Int64? {
    switch (size("MemTotal"), ControlGroup.ofThisProcess.memory) {
    case (let system?, let container?): min(system, container)
    case (let system, let container): system ?? container
    }
  }

  private static func size(_ name: String) -> Int64? {
    guard
      let text = FileManager.default.contents(atPath: "/proc/meminfo").map({
        String(decoding: $0, as: UTF8.self)
      })
    else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 }
  }

  /// The C library that programs of this machine are linked with: `glibc 2.36`.
  public static var libc: String {
    var buffer = [CChar](repeating: 0, count: 64)
    guard confstr(Int32(_CS_GNU_LIBC_VERSION), &buffer, buffer.count - 1) > 0 else { return "unknown" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// How many compilers run at once: one per core, as long as each has the memory it may need.
  public static func jobs(cores: Int = Machine.cores, memory: Int64? = Machine.availableMemory) -> Int {
    max(1, min(cores, processes(in: memory)))
  }

  /// How many compilers fit into a memory; one of unknown size is no limit.
  ///
  /// The largest units of ggml-cuda peak at 1.1 GB with seven architectures, those that several were merged into at 1.04 GB
  /// in cicc and 1.22 GB in g++, when it takes in their cubins and PTX for seven; 1.5 GB leaves room.
  public static func processes(in memory: Int64?) -> Int { memory.map { Int($0 / 1_500_000_000) } ?? .max }

  /// Gives a child that has just been started, and what it started already, the niceness of our main thread, so that
  /// `nice llcuda-build` slows the compilers too.
  ///
  /// A child inherits the niceness of the thread that starts it, and libdispatch sets that of its threads by quality of
  /// service, not by what the user said.
  static func passOnNiceness(to leader: Int32) {
    errno = 0
    let niceness = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(getpid()))
    // Being nicer is always allowed; if another niceness is not, the child keeps what it has.
    if errno == 0 { _ = setpriority(__priority_which_t(PRIO_PGRP.rawValue), id_t(leader), niceness) }
  }

  /// Bytes that are free for this user on the file system of a folder, which must exist; `nil` if it can't be asked.
  public static func freeSpace(at folder: FilePath) -> Int64? {
    var info = statvfs()
    guard statvfs(folder.string, &info) == 0 else { return nil }
    return Int64(info.f_bavail) * Int64(info.f_frsize)
  }
}
