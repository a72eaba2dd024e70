public import ReleaseModel

/// Architectures that a release could do without, because a lower minor's cubin runs on their GPUs.
///
/// That a cubin loads is not enough: ggml's host code must launch its kernels as they were compiled. It goes by the
/// closest compiled architecture almost everywhere, so dropping an architecture from the compile set as a whole keeps
/// both sides together. Where it goes by the GPU's own number instead, the two must be of one kind; see ``HostPaths``.
public struct MinorFallback: Hashable, Sendable, Codable {
  /// What could be dropped.
  public let dropped: ComputeCapability
  /// Whose cubin its GPUs would run.
  public let by: ComputeCapability
  /// Why it must not be dropped after all; `nil` when it may.
  public let obstacle: String?

  /// Everything in a compile set for which a lower minor is there, dropped or not.
  public static func candidates(in list: [Architecture]) -> [MinorFallback] {
    let sorted = list.sorted()
    return sorted.compactMap { architecture -> MinorFallback? in
      let capability = architecture.capability
      guard architecture.real, capability.variant == .base else { return nil }
      let lower = sorted.last {
        $0.real && $0.capability < capability && $0.capability.cubinRuns(on: capability)
      }
      guard let lower else { return nil }
      return MinorFallback(
        dropped: capability,
        by: lower.capability,
        obstacle: obstacle(to: capability, by: lower.capability, in: sorted)
      )
    }
  }

  /// The list without some architectures; PTX that one of them carried goes to the architecture below.
  public static func list(_ list: [Architecture], without dropped: Set<ComputeCapability>) -> [Architecture] {
    var kept: [Architecture] = []
    for architecture in list.sorted() {
      guard dropped.contains(architecture.capability) else {
        kept.append(architecture)
        continue
      }
      if architecture.virtual, let last = kept.indices.last { kept[last].virtual = true }
    }
    return kept
  }

  private static func obstacle(
    to capability: ComputeCapability,
    by lower: ComputeCapability,
    in list: [Architecture]
  ) -> String? {
    if let difference = HostPaths.obstacle(between: lower, and: capability) { return difference }
    let before = ServiceRule(compileSet: list)
    let rest = Self.list(list, without: [capability])
    let after = ServiceRule(compileSet: rest)
    let (all, fewer) = (Slice(name: "all", architectures: list), Slice(name: "all", architectures: rest))
    for device in ArchitectureCatalog.entries.map(\.capability) where device.number != capability.number {
      guard let now = before.service(of: device, by: all) else { continue }
      guard let then = after.service(of: device, by: fewer), then <= now else {
        return "GPUs of \(device) would be served worse"
      }
    }
    guard after.service(of: capability, by: fewer) == .olderCubin else {
      return "its GPUs would not run the cubin of \(lower)"
    }
    return nil
  }
}

/// Where ggml's host code goes by the GPU's own number, not by the closest architecture that was compiled.
///
/// Source: ggml-cuda/mmvq.cu of ggml 0.25.3. `mul_mat_vec_q_moe`, the kernel for small batches of mixture-of-experts
/// models, is compiled for at most `get_mmvq_mmid_max_batch_for_device()` warps, chosen by `__CUDA_ARCH__`, and launched
/// with up to `get_mmvq_mmid_max_batch(type, cc)`, chosen by the GPU. From 8.9 on, and on 7.0, that is 8 warps; from 7.5
/// on it is 5 to 7 for Q2_K, Q3_K, IQ2_S, IQ3_S, IQ3_XXS and MXFP4; below it is 4 to 7 for more types. A launch with
/// more threads than a kernel was compiled for fails.
public enum HostPaths {
  /// Why code for one architecture must not serve a GPU of another, as far as host paths go; `nil` when it may.
  public static func difference(between compiled: ComputeCapability, and device: ComputeCapability) -> String?
  {
    guard bound(compiled.number) < bound(device.number) else { return nil }
    // What a cubin takes stands in it (EIATTR_MAX_THREADS of mul_mat_vec_q_moe, nvcc 12.4): 160 threads of Q3_K, 192 of
    // IQ3_S, 224 of the others, 32 a token; CUDA refuses a launch with more.
    let takes =
      bound(compiled.number) == 1
      ? "5 to 7 of Q2_K, Q3_K, IQ2_S, IQ3_S, IQ3_XXS and MXFP4" : "4 to 6 of most quantised formats"
    return """
      ggml launches its mixture-of-experts kernel there for up to 8 tokens at once, and code for \(compiled) takes \(takes) \
      (mmvq.cu)
      """
  }

  /// Why the code of one architecture is no substitute for another's: what ``difference(between:and:)`` says, or
  /// instructions that ggml has code for on one of them only (ggml-cuda/CMakeLists.txt, common.cuh).
  public static func obstacle(between compiled: ComputeCapability, and device: ComputeCapability) -> String? {
    let gains = [61: "__dp4a", 75: "int8 tensor cores"]
    if let gain = gains.first(where: { compiled.number < $0.key && device.number >= $0.key }) {
      return "code for \(compiled) has no \(gain.value), which ggml uses on \(device)"
    }
    return difference(between: compiled, and: device)
  }

  private static func bound(_ number: Int) -> Int { number == 70 || number >= 89 ? 2 : number >= 75 ? 1 : 0 }
}
