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

  deinit {
    switch owner {
    case .mapping: munmap(UnsafeMutableRawPointer(mutating: memory.baseAddress), memory.count)
    case .allocation: memory.deallocate()
    }
  }
}
