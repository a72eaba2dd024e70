import Glibc

/// Memory that byte sources look into: unmapped or freed when the last of them goes.
final class ByteStorage: @unchecked Sendable {
  // Unchecked: the memory is filled before the object is shared and never written afterwards.

  /// How the memory has to be given back.
  private enum Owner {
    case mapping
    case allocation
  }

  /// The whole memory; its length is what the owner reserved.
  let memory: UnsafeRawBufferPointer
  private let owner: Owner

  /// Takes over a mapping made by `mmap`.
  init(mapping: UnsafeRawBufferPointer) {
    memory = mapping
    owner = .mapping
  }

  /// Takes over memory made by `UnsafeMutableRawBufferPointer.allocate`.
  init(allocation: UnsafeMutableRawBufferPointer) {
    memory = UnsafeRawBufferPointer(allocation)
    owner = .allocation
  }

  /// Lets the system take the pages of a part of a mapping back; they are read again when touched again.
  ///
  /// The kernel maps up to 64 KiB around a page that is touched, so as much goes.
  func release(_ range: Range<Int>) {
    guard case .mapping = owner, let base = memory.baseAddress, !range.isEmpty else { return }
    let around = 1 << 16
    let start = range.lowerBound / around * around
    let end = min(memory.count, (range.upperBound + around - 1) / around * around)
    madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
  }

  deinit {
    switch owner {
    case .mapping: munmap(UnsafeMutableRawPointer(mutating: memory.baseAddress), memory.count)
    case .allocation: memory.deallocate()
    }
  }
}
