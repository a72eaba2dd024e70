import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A process and everything below it, read from /proc.
///
/// A process is known by its identifier and its start time, so that a number the kernel gave to somebody else in the
/// meantime is never signalled.
public final class ProcessTree: @unchecked Sendable {
  /// One process at one time.
  public struct Member: Hashable, Sendable {
    let pid: Int32
    let startTime: UInt64
    let parent: Int32
  }

  private let lock = NSLock()
  private var rootPID: Int32?
  private var seen: Set<Member> = []
  private var wasAskedToEnd = false

  /// Makes an empty tree; set ``root`` when the process is there.
  public init() {}

  /// The process at the top.
  ///
  /// It may have been cancelled before it was known: a busy machine runs a new process before the task that started it.
  public var root: Int32? {
    get { lock.withLock { rootPID } }
    set {
      let isLate = lock.withLock {
        rootPID = newValue
        return wasAskedToEnd
      }
      if isLate { signal(SIGTERM) }
    }
  }

  /// Asks every member to end, and remembers them for ``kill()``.
  func terminate() {
    lock.withLock { wasAskedToEnd = true }
    signal(SIGTERM)
  }

  /// Ends every member, also those remembered whose parents are gone.
  func kill() { signal(SIGKILL) }

  /// Ends every child of this process and all they started, at once and without waiting.
  public static func killEverythingBelowThisProcess() {
    let own = getpid()
    for member in descendants(of: own, among: allProcesses()) where member.pid != own {
      _ = Glibc.kill(member.pid, SIGKILL)
    }
  }

  private func signal(_ number: Int32) {
    lock.withLock {
      guard let rootPID else { return }
      let now = Self.allProcesses()
      seen.formUnion(Self.descendants(of: rootPID, among: now))
      for member in seen where now[member.pid]?.startTime == member.startTime {
        // Gone in between is fine: ESRCH.
        _ = Glibc.kill(member.pid, number)
      }
    }
  }

  /// A process and everything below it, as of now.
  static func descendants(of root: Int32, among processes: [Int32: Member]) -> Set<Member> {
    var children: [Int32: [Member]] = [:]
    for member in processes.values { children[member.parent, default: []].append(member) }
    var found = Set(processes[root].map { [$0] } ?? [])
    var queue = [root]
    while let pid = queue.popLast() {
      for child in children[pid] ?? [] where found.insert(child).inserted { queue.append(child.pid) }
    }
    return found
  }

  /// The command lines of everything below a process, each as its arguments.
  public static func commandLines(below root: Int32) -> [[String]] {
    descendants(of: root, among: allProcesses()).filter { $0.pid != root }.compactMap { member in
      guard let data = FileManager.default.contents(atPath: "/proc/\(member.pid)/cmdline") else { return nil }
      return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// Every process on the machine, by identifier.
  static func allProcesses() -> [Int32: Member] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    var processes: [Int32: Member] = [:]
    for name in names {
      guard let pid = Int32(name), let data = FileManager.default.contents(atPath: "/proc/\(name)/stat")
      else {
        continue
      }
      // proc(5): pid (name) state ppid … starttime is field 22; the name may hold spaces and parentheses.
      guard let end = data.lastIndex(of: UInt8(ascii: ")")) else { continue }
      let fields = String(decoding: data[(end + 1)...], as: UTF8.self).split(separator: " ")
      guard fields.count > 19, let parent = Int32(fields[1]), let start = UInt64(fields[19]) else { continue }
      processes[pid] = Member(pid: pid, startTime: start, parent: parent)
    }
    return processes
  }
}
